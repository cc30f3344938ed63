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

/** @param {string} base64 */
export const decoded = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
