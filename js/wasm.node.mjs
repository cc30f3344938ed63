// @ts-check
// Node's `import` of `disconnect-if-connected/wasm`: the same module as `require` gives.

import module from "./wasm.cjs";

/** @type {typeof import("./wasm.cjs")} */
export const { ConversationClient, disconnectIfConnected, DisconnectError, init, isDisconnectError, RateBudget } =
  /** @type {any} */ (module);
