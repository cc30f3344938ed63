// @ts-check
// The error of a call that has no outcome.

export class DisconnectError extends Error {
  /** @param {{ code: string, message?: string, cause?: unknown, [field: string]: unknown }} fields */
  constructor(fields) {
    // Own fields only: whatever somebody adds to Object.prototype is none of the error's.
    const { message, cause, ...rest } = Object.assign(Object.create(null), fields);
    super(message, cause === undefined ? undefined : { cause });
    const { mayHaveDisconnected = false, timeline = [] } = rest;
    Object.assign(this, rest, { mayHaveDisconnected, timeline });
  }

  /** For logs: the fields with name and message; without `cause`, which is not the package's to show. */
  toJSON() {
    return { name: this.name, message: this.message, ...this };
  }
}

Object.defineProperty(DisconnectError.prototype, "name", {
  value: "DisconnectError",
  configurable: true,
  writable: true,
});
