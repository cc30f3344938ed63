// @ts-check
// The entry point `disconnect-if-connected/wasm` for Node's `import`: the same module as `require` returns.

import module from "./wasm.cjs";

/** @type {typeof import("./wasm.cjs")} */
export const { ConversationClient, disconnectIfConnected, DisconnectError, init, isDisconnectError, RateBudget } =
  /** @type {any} */ (module);
