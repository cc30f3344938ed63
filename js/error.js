// @ts-check
// DisconnectError: the error of a call that has no outcome.

export class DisconnectError extends Error {
  /** @param {{ code: string, message?: string, cause?: unknown, [field: string]: unknown }} fields */
  constructor(fields) {
    // Own fields only: nothing that was added to Object.prototype becomes a field of the error.
    const { message, cause, ...rest } = Object.assign(Object.create(null), fields);
    super(message, cause === undefined ? undefined : { cause });
    const { mayHaveDisconnected = false, timeline = [] } = rest;
    Object.assign(this, rest, { mayHaveDisconnected, timeline });
  }

  /** For logs: the fields with name and message; without `cause`, which may hold anything. */
  toJSON() {
    return { name: this.name, message: this.message, ...this };
  }
}

/**
 * Whether a value is a DisconnectError, of any realm and of any copy of the package.
 * @param {any} value
 */
export function isDisconnectError(value) {
  try {
    return value.name === "DisconnectError" && typeof value.code === "string";
  } catch {
    return false;
  }
}

Object.defineProperty(DisconnectError.prototype, "name", {
  value: "DisconnectError",
  configurable: true,
  writable: true,
});
