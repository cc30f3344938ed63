// @ts-check
// The entry point for browsers, bundlers, Deno and Bun. Importing has no side effects; the first call loads the module,
// whose bytes are inlined.

import bytes from "./core.inline.js";
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
  init(bytes);
  return call(options);
};

export class ConversationClient extends Client {
  /** @param {any} options */
  constructor(options) {
    super(options, bytes);
  }
}

export class RateBudget extends Budget {
  /** @param {any} [options] */
  constructor(options) {
    super(options, bytes);
  }
}

export { DisconnectError, isDisconnectError };
