// @ts-check
// The host's TextDecoder and TextEncoder: the global ones, or in jsdom, which has none, those of node:util.
const nodeUtil = () => globalThis.process?.getBuiltinModule?.("node:util") ?? {};
const { TextDecoder, TextEncoder } = typeof globalThis.TextDecoder === "function" ? globalThis : nodeUtil();

export { TextDecoder, TextEncoder };
