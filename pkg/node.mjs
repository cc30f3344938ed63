// @ts-check
// Node's `import`: the same module as `require` gives, so that a process has one DisconnectError and one WebAssembly instance.

import module from "./wasm/index.cjs";

/** @type {typeof import("./index.cjs")} */
export const { disconnectIfConnected, DisconnectError } = /** @type {any} */ (module);
