// Overlapping calls in async contexts of their own.
import { AsyncLocalStorage } from "node:async_hooks";
import * as imported from "disconnect-if-connected";
import { context } from "./context.mjs";

console.log(await context(imported, AsyncLocalStorage));
