// @ts-check
// Lazy loading of a WebAssembly module, and the decoding of its inlined bytes.

/**
 * Loads on the first call, once: overlapping calls share one load; after a failed load the next call tries again.
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
 * Decodes the bytes of an inlined module from ASCII text: a byte below 90 is one character, from "#" on; any other is
 * two. `toText` in `scripts/build.mjs` encodes them; `docs/packaging.md` gives the reasons.
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
