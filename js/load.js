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
 * The bytes of an inlined module: two letters a byte, a to p for its upper half, A to P for its lower one.
 * `docs/packaging.md` has the reasons.
 * @param {string} letters
 */
export function fromLetters(letters) {
  const half = (/** @type {number} */ at) => (letters.charCodeAt(at) - 1) & 15;
  const bytes = new Uint8Array(letters.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = half(2 * at) * 16 + half(2 * at + 1);
  return bytes;
}
