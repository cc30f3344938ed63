/**
 * The same without the module's bytes, for applications that serve the WebAssembly module themselves.
 *
 * @module disconnect-if-connected/wasm
 */

export * from "./index.cjs";

/** The instances of a global class, where the host has it. */
type Instance<Name extends string> = typeof globalThis extends { [name in Name]: new (...rest: any) => infer T }
  ? T
  : never;
type WebAssemblyModule = typeof globalThis extends { WebAssembly: { Module: new (...rest: any) => infer T } }
  ? T
  : never;

/** A source of the WebAssembly module; a URL is fetched. */
export type ModuleSource =
  | WebAssemblyModule
  | ArrayBuffer
  | ArrayBufferView
  | Instance<"Response">
  | Instance<"URL">
  | string;

/**
 * Loads the module, before the first call. It is loaded once: later calls wait for the first, unless that failed.
 *
 * The module itself is `disconnect-if-connected/core.wasm`.
 *
 * @example
 * import { disconnectIfConnected, init } from "disconnect-if-connected/wasm";
 * await init("/assets/core.wasm");
 */
export function init(
  source: ModuleSource | Promise<ModuleSource> | (() => ModuleSource | Promise<ModuleSource>),
): Promise<void>;
