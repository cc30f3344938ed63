// How the benchmarks measure: contenders in turn, in rounds, and medians.

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const shuffled = (names) => {
  const left = [...names];
  return names.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0]);
};

/**
 * Runs the contenders in turn, and returns what each returned, a value for each round; `before`: rounds that do not
 * count. The order is new in each round, so that no contender always runs after the same one, and pays for its garbage.
 */
export async function rounds(contenders, count, before) {
  const names = Object.keys(contenders);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -before; round < count; round++) {
    for (const name of shuffled(names)) {
      const value = await contenders[name]();
      if (round >= 0) samples[name].push(value);
    }
  }
  return samples;
}

/** How many milliseconds it takes. */
export const timed = (work) => async () => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};
