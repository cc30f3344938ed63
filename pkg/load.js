// @ts-check
// How does a module load itself: on the first call, once, shared by overlapping calls, and again after a load that failed.

/**
 * @template S, T
 * @param {(source?: S) => Promise<T>} start
 * @returns {(source?: S) => Promise<T>}
 */
export function lazily(start) {
  /** @type {Promise<T> | undefined} */
  let loading;
  return (source) =>
    (loading ??= start(source).catch((error) => {
      loading = undefined;
      throw error;
    }));
}

/**
 * The bytes of a string that holds one in each character, XORed with the first.
 * @param {string} characters
 */
export function decoded(characters) {
  const key = characters.charCodeAt(0);
  const bytes = new Uint8Array(characters.length - 1);
  for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at + 1) ^ key;
  return bytes;
}
