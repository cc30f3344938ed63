// @ts-check
// The package for browsers, bundlers, Deno and Bun. Importing does nothing; the first call loads the module, whose
// bytes are inlined.

import bytes from "./core.inline.js";
import { disconnectIfConnected as call, DisconnectError, init, isDisconnectError } from "./wasm.js";

/** @type {typeof import("./index.cjs").disconnectIfConnected} */
export const disconnectIfConnected = (options) => {
  init(bytes);
  return call(options);
};

export { DisconnectError, isDisconnectError };
