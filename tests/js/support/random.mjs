// A small generator of random integers, reproducible by its seed.

/** @param {number} seed @returns {(among: number) => number} the next integer from 0 up to, not including, `among` */
export function random(seed) {
  let state = seed;
  return (among) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 12)) >>> 0) % among;
  };
}
