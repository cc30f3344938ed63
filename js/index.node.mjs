// @ts-check
// Node's `import`: the same module as `require` gives, so that a process has one DisconnectError and one instance.

import module from "./index.cjs";

/** @type {typeof import("./index.cjs")} */
export const { ConversationClient, disconnectIfConnected, DisconnectError, isDisconnectError, RateBudget } =
  /** @type {any} */ (module);
