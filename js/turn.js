// @ts-check
// Turns of the event loop.

/** Node's own function, because the fake timers of a test may replace the global one. */
const setImmediate = (() => {
  try {
    return globalThis.process?.getBuiltinModule?.("node:timers")?.setImmediate;
  } catch {
    // In the Edge Runtime of Next.js, `getBuiltinModule` throws.
  }
})();

/**
 * A promise that resolves in the next turn of Node's event loop; `undefined` in other hosts.
 * @returns {Promise<void> | undefined}
 */
export const nextTurn = () => setImmediate && new Promise((resolve) => void setImmediate(resolve));
