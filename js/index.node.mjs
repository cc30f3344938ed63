// @ts-check
// The entry point for Node's `import`: the same module as `require` returns, so that a process has one DisconnectError
// class and one instance of the module.

import module from "./index.cjs";

/** @type {typeof import("./index.cjs")} */
export const { ConversationClient, disconnectIfConnected, DisconnectError, isDisconnectError, RateBudget } =
  /** @type {any} */ (module);
