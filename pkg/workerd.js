// @ts-check
// Cloudflare Workers: they forbid compiling bytes, so the module is imported, which their bundler turns into a WebAssembly.Module.

import { disconnectIfConnected as call, DisconnectError, init } from "./init.js";
// @ts-expect-error: a WebAssembly.Module there
import module from "./wasm/core.wasm";

/** @type {typeof import("./index.cjs").disconnectIfConnected} */
export const disconnectIfConnected = (options) => {
  init(module);
  return call(options);
};

export { DisconnectError };
