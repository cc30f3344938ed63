// A Worker that makes overlapping calls in async contexts of their own.
import { AsyncLocalStorage } from "node:async_hooks";
import * as imported from "disconnect-if-connected";
import { context } from "./context.mjs";

export default { fetch: async () => new Response(await context(imported, AsyncLocalStorage)) };
