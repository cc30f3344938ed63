// @ts-check
// Node's `import` of `disconnect-if-connected/wasm`: the same as `require` gives, so that a process has one DisconnectError.

import module from "./wasm/init.cjs";

/** @type {typeof import("./init.cjs")} */
export const { disconnectIfConnected, DisconnectError, init } = /** @type {any} */ (module);
