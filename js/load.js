// @ts-check
// Loading of a module: on the first call, once, shared by overlapping calls, and again after a load that failed.

/**
 * @template S, T
 * @param {(source?: S) => Promise<T>} start
 * @returns {(source?: S) => Promise<T>}
 */
export function lazily(start) {
  /** @type {Promise<T> | undefined} */
  let loading;
  return (source) => {
    loading ??= start(source).catch((error) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}

/**
 * The bytes of an inlined module. Hexadecimal, because a web server's compression sees through it (8 % over the bytes
 * themselves; base64: 33 %), and because it is ASCII: a bundle works on a page of any encoding.
 * @param {string} hex
 */
export function fromHex(hex) {
  const digit = (/** @type {number} */ at) => hex.charCodeAt(at) - (hex.charCodeAt(at) < 58 ? 48 : 87);
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) => digit(2 * at) * 16 + digit(2 * at + 1));
}
