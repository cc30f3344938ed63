// @ts-check
// The host's TextDecoder and TextEncoder: global everywhere but in jsdom, where Node lends them.
const node = () => globalThis.process?.getBuiltinModule?.("node:util") ?? {};
const { TextDecoder, TextEncoder } = typeof globalThis.TextDecoder === "function" ? globalThis : node();

export { TextDecoder, TextEncoder };
