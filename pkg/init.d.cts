export * from "./index.cjs";

/** What the WebAssembly module can be made of; a URL is fetched. */
export type ModuleSource = WebAssembly.Module | BufferSource | Response | URL | string;

/**
 * Loads the module, before the first call. Once: later calls wait for the first, unless that failed.
 *
 * The module itself is `disconnect-if-connected/core.wasm`.
 *
 * @example
 * import { disconnectIfConnected, init } from "disconnect-if-connected/wasm";
 * await init("/assets/core.wasm");
 */
export function init(source: ModuleSource | Promise<ModuleSource> | (() => ModuleSource | Promise<ModuleSource>)): Promise<void>;
