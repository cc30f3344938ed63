// @ts-check
// `disconnect-if-connected/wasm`: the same function without the module's bytes, for those who serve, cache or compile
// the module themselves. The other entry points are this one with a source of their own.

import start, {
  disconnectIfConnected as call,
  DisconnectError,
  isDisconnectError,
  recoverBy,
  recovering,
  __wbg_reset_state as renew,
  trapped,
} from "./core.js";
import { lazily } from "./load.js";

const SOURCES = "a WebAssembly.Module, its bytes, a Response or a URL";

const UNSUPPORTED =
  "disconnectIfConnected: WebAssembly cannot run here; no request was sent. A page's policy needs script-src 'self' " +
  '\'wasm-unsafe-eval\', an extension (MV3) in its manifest "content_security_policy": { "extension_pages": ' +
  "\"script-src 'self' 'wasm-unsafe-eval'; object-src 'self'\" }, Node no --jitless.";

let isLoaded = false;

/** The host has no WebAssembly, or a policy forbids it: not even the empty module compiles. */
function isForbidden() {
  try {
    return !new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  } catch {
    return true;
  }
}

const load = lazily(async (/** @type {any} */ source) => {
  const module_or_path = await (typeof source === "function" ? source() : source);
  if (!module_or_path) {
    throw new TypeError(`disconnect-if-connected/wasm is not loaded: call init(source) first, with ${SOURCES}`);
  }
  try {
    // First, because Node's own fetch, which `start` touches, ends a process without it.
    WebAssembly.Module;
    await start({ module_or_path });
  } catch (cause) {
    throw isForbidden() ? new DisconnectError({ code: "UNSUPPORTED", message: UNSUPPORTED, cause }) : cause;
  }
  recoverBy(renew);
  isLoaded = true;
});

/** @type {typeof import("./wasm.cjs").init} */
export const init = load;

/** @param {any} options */
function begun(options) {
  try {
    return call(options);
  } catch (error) {
    throw trapped(error);
  }
}

/** What cannot be cloned is left as it is: the module reports it. @param {any} value */
function cloned(value) {
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}

/** The options as they are now: the caller may change the object while the module loads. @param {any} options */
function copied(options) {
  try {
    if (options === null || typeof options !== "object" || Array.isArray(options)) return options;
    const copy = { ...options };
    for (const name of ["participant", "api", "disconnectableStates", "goneStates"]) {
      if (copy[name] !== undefined) copy[name] = cloned(copy[name]);
    }
    return copy;
  } catch {
    // A getter or a proxy throws: the module reports it.
    return options;
  }
}

/** @type {typeof import("./index.cjs").disconnectIfConnected} */
export const disconnectIfConnected = async (options) => {
  /** @type {any} */
  let given = options;
  if (!isLoaded || recovering()) {
    given = copied(options);
    await load();
    await recovering();
  }
  try {
    return await begun(given);
  } catch (error) {
    // Made in a later task; where the engine can, its stack leads to the caller's await.
    if (error instanceof DisconnectError) Error.captureStackTrace?.(error, disconnectIfConnected);
    throw error;
  }
};

export { DisconnectError, isDisconnectError };
