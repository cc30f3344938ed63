// @ts-check
// `disconnect-if-connected/wasm`: the same function without the module's bytes, for those who serve, cache or compile
// the module themselves. The other entry points are this one with a source of their own.

import start, { disconnectIfConnected as call, DisconnectError, isDisconnectError } from "./core.js";
import { lazily } from "./load.js";

const SOURCES = "a WebAssembly.Module, its bytes, a Response or a URL";

let isLoaded = false;

const load = lazily(async (/** @type {any} */ source) => {
  const module_or_path = await (typeof source === "function" ? source() : source);
  if (!module_or_path) {
    throw new TypeError(`disconnect-if-connected/wasm is not loaded: call init(source) first, with ${SOURCES}`);
  }
  await start({ module_or_path });
  isLoaded = true;
});

/** @type {typeof import("./wasm.cjs").init} */
export const init = load;

/** The options as they are now: the caller may change the object while the module loads. @param {any} options */
function copied(options) {
  try {
    return options !== null && typeof options === "object" && !Array.isArray(options) ? { ...options } : options;
  } catch {
    // A getter or a proxy throws: the module reports it.
    return options;
  }
}

/** @type {typeof import("./index.cjs").disconnectIfConnected} */
export const disconnectIfConnected = async (options) => {
  /** @type {any} */
  let given = options;
  if (!isLoaded) {
    given = copied(options);
    await load();
  }
  try {
    return await call(given);
  } catch (error) {
    // Made in a later task; where the engine can, its stack leads to the caller's await.
    if (error instanceof DisconnectError) Error.captureStackTrace?.(error, disconnectIfConnected);
    throw error;
  }
};

export { DisconnectError, isDisconnectError };
