// @ts-check
// The entry point for Cloudflare Workers, which forbid compiling bytes: their bundler turns the import of the module
// into a WebAssembly.Module.

// @ts-expect-error: a WebAssembly.Module there
import module from "./core.wasm";
import {
  RateBudget as Budget,
  ConversationClient as Client,
  disconnectIfConnected as call,
  DisconnectError,
  init,
  isDisconnectError,
} from "./wasm.js";

/** @type {typeof import("./index.cjs").disconnectIfConnected} */
export const disconnectIfConnected = (options) => {
  init(module);
  return call(options);
};

export class ConversationClient extends Client {
  /** @param {any} options */
  constructor(options) {
    super(options, module);
  }
}

export class RateBudget extends Budget {
  /** @param {any} [options] */
  constructor(options) {
    super(options, module);
  }
}

export { DisconnectError, isDisconnectError };
