// @ts-check
// What do browsers, bundlers and Node import? One function and its error. Importing does nothing; the first call loads the module.

import { DisconnectError, resultOrThrow } from "./error.js";
import { decoded, lazily } from "./load.js";
import bytes from "./wasm/core.bytes.js";
import init, { call } from "./wasm/core.js";

const load = lazily(() => init({ module_or_path: decoded(bytes) }));

/** @type {typeof import("./index.cjs").disconnectIfConnected} */
export const disconnectIfConnected = async (options) => {
  await load();
  return resultOrThrow(await call(options));
};

export { DisconnectError };
