// `npm run test:hosts`: the packed tarball in every host, each a real one, against the simulator over HTTP. `npm run
// test:hosts -- deno bun` runs the cells whose host or form contains one of the words. README.md: how to add a host.
import { existsSync, readdirSync } from "node:fs";
import { build, buildTraps } from "../../scripts/build.mjs";
import { bold, green, installDependencies, red, seconds, yellow } from "../../scripts/run.mjs";
import { expected as storyResult } from "./shared/story.mjs";
import { installHosts, installTarball } from "./support/installed.mjs";
import { startPlatform } from "./support/platform.mjs";

const SLOWEST_CELLS = 10;
const marks = { passed: green("✓"), failed: red("✗"), skipped: yellow("–") };

/** Runs one cell with a platform of its own; the reason of a failed or skipped cell is `why`. */
async function runCell({ expected = storyResult, run, missing }) {
  if (missing) return { status: "skipped", why: missing };
  const { baseUrl, close } = await startPlatform();
  try {
    const result = await run(baseUrl);
    return result === expected ? { status: "passed" } : { status: "failed", why: `result: ${result}` };
  } catch (error) {
    return { status: "failed", why: error.message };
  } finally {
    await close();
  }
}

await installDependencies();
await build();
await buildTraps();
await installHosts();
await installTarball();

// Each folder with a host.mjs, which exports `cells`, and `close` where it holds something open.
const hosts = [];
for (const folder of readdirSync(new URL(".", import.meta.url))) {
  const file = new URL(`./${folder}/host.mjs`, import.meta.url);
  if (existsSync(file)) hosts.push(await import(file));
}

const started = performance.now();
const words = process.argv.slice(2).map((word) => word.toLowerCase());
const isChosen = ({ host, form }) =>
  words.length === 0 || words.some((word) => `${host} ${form}`.toLowerCase().includes(word));

const results = [];
for (const cell of hosts.flatMap(({ cells }) => cells).filter(isChosen)) {
  const since = performance.now();
  const { status, why } = await runCell(cell);
  const name = `${cell.host} · ${cell.form}`;
  const time = seconds(since);
  results.push({ ...cell, name, status, time, milliseconds: performance.now() - since });
  console.log(`${marks[status]} ${name}${status === "skipped" ? "" : ` (${time})`}${why ? `: ${why}` : ""}`);
}
for (const { close } of hosts) await close?.();

console.log(`\n${bold("Slowest cells")}`);
const ran = results.filter(({ status }) => status !== "skipped").sort((a, b) => b.milliseconds - a.milliseconds);
for (const { time, name } of ran.slice(0, SLOWEST_CELLS)) console.log(`${time.padStart(8)}  ${name}`);

console.log(`\n${bold("Hosts")}`);
const names = [...new Set(results.map(({ host }) => host))];
const width = Math.max(...names.map((name) => name.length));
for (const name of names) {
  const forms = results.filter(({ host }) => host === name).map(({ status, form }) => `${marks[status]} ${form}`);
  console.log(`${name.padEnd(width)}  ${forms.join("   ")}`);
}

const count = (wanted) => results.filter(({ status }) => status === wanted).length;
const counts = `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`;
console.log(`\nin ${seconds(started)}`);
console.log(counts);
// On a machine that has everything, what is skipped has failed, but for what no machine has.
const wanting = results.filter(({ status, missing }) => status === "skipped" && !missing.startsWith("Node 20 has no"));
const isIncomplete = process.env.REQUIRE_ALL && wanting.length > 0;
process.exitCode = count("failed") > 0 || results.length === 0 || isIncomplete ? 1 : 0;
