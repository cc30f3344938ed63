// @ts-check
// What do browsers and bundlers import? One function and its error. Importing does nothing; the first call loads the module, whose bytes
// are inlined.

import { disconnectIfConnected as call, DisconnectError, init } from "./init.js";
import bytes from "./wasm/core.bytes.js";

/** @type {typeof import("./index.cjs").disconnectIfConnected} */
export const disconnectIfConnected = (options) => {
  init(bytes);
  return call(options);
};

export { DisconnectError };
