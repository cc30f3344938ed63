// @ts-check
// Cloudflare Workers: they forbid compiling bytes, so the module is imported, which their bundler turns into a WebAssembly.Module.

import { DisconnectError, resultOrThrow } from "./error.js";
import { lazily } from "./load.js";
import init, { call } from "./wasm/core.js";
// @ts-expect-error: a WebAssembly.Module there
import module from "./wasm/core.wasm";

const load = lazily(() => init({ module_or_path: module }));

/** @type {typeof import("./index.cjs").disconnectIfConnected} */
export const disconnectIfConnected = async (options) => {
  await load();
  return resultOrThrow(await call(options));
};

export { DisconnectError };
