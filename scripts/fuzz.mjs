// `npm run fuzz [SECONDS]`: the fuzz targets, each for so long; default: ten minutes. A failure prints the seed that
// repeats it.
import { run, step } from "./run.mjs";

const seconds = Number(process.argv[2] ?? 600);
step(`Fuzzing, ${seconds} s for each target …`);
await run("cargo", ["test", "--locked", "--release", "--test", "fuzz", "--", "--test-threads", "2"], {
  env: {
    BOLERO_RANDOM_TEST_TIME_MS: String(seconds * 1000),
    BOLERO_RANDOM_ITERATIONS: String(Number.MAX_SAFE_INTEGER),
  },
}).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
