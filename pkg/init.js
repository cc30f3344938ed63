// @ts-check
// `disconnect-if-connected/wasm`: the same function without the module's bytes, for those who serve, cache or compile the module themselves.
// The other entry points are this one with a source of their own.

import { DisconnectError, resultOrThrow } from "./error.js";
import { lazily } from "./load.js";
import start, { call } from "./wasm/core.js";

const SOURCES = "a WebAssembly.Module, its bytes, a Response or a URL";

const load = lazily(async (/** @type {any} */ source) => {
  const module_or_path = await (typeof source === "function" ? source() : source);
  if (!module_or_path) throw new TypeError(`disconnect-if-connected/wasm is not loaded: call init(source) first, with ${SOURCES}`);
  await start({ module_or_path });
});

/** @type {typeof import("./init.cjs").init} */
export const init = load;

/** @type {typeof import("./init.cjs").disconnectIfConnected} */
export const disconnectIfConnected = async (options) => {
  await load();
  return resultOrThrow(await call(options));
};

export { DisconnectError };
