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
 * The bytes of an inlined module, which is ASCII: a byte below 90 is one character, from "#" on; any other is two.
 * `toText` in `scripts/build.mjs` writes it, and `docs/packaging.md` has the reasons.
 * @param {string} text
 */
export function fromText(text) {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; ) {
    const value = text.charCodeAt(at++) - 35;
    bytes[length++] = value < 90 ? value : (value - 90) * 92 + 90 + text.charCodeAt(at++) - 35;
  }
  return bytes.subarray(0, length);
}
