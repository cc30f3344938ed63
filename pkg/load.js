// @ts-check
// How does the module load itself: on the first call, once, shared by overlapping calls, and again after a load that failed.

/**
 * @template T
 * @param {() => Promise<T>} start
 * @returns {() => Promise<T>}
 */
export function lazily(start) {
  /** @type {Promise<T> | undefined} */
  let loading;
  return () =>
    (loading ??= start().catch((error) => {
      loading = undefined;
      throw error;
    }));
}

/**
 * The bytes of a string that holds one in each character.
 * @param {string} characters
 */
export const decoded = (characters) => Uint8Array.from(characters, (character) => character.charCodeAt(0));
