// @ts-check
// The error of a call that could not answer; its fields come from the WebAssembly module.

export class DisconnectError extends Error {
  /** @param {{ message: string, cause?: unknown, [field: string]: unknown }} fields */
  constructor({ message, cause, ...fields }) {
    super(message, cause === undefined ? undefined : { cause });
    Object.assign(this, fields);
  }
}

Object.defineProperty(DisconnectError.prototype, "name", { value: "DisconnectError", configurable: true, writable: true });

/**
 * What the WebAssembly module settled with: a result, or the fields of an error, which have a code. The error is made here, so that its
 * stack leads to the caller's await.
 * @param {any} settled
 */
export function resultOrThrow(settled) {
  if ("code" in settled) throw new DisconnectError(settled);
  return settled;
}
