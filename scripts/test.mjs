// `npm test`, `npm run check` and `npm run test:thorough`: the parts that each of them runs, several at a time, with
// one line for each part, what failed in full, the slowest tests, and a closing count. What cannot run here is reported
// as skipped, with the reason. The matrix of hosts is `npm run test:hosts`.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { browser, firefox, installed } from "./browser.mjs";
import { build, buildTypes } from "./build.mjs";
import {
  bold,
  dim,
  ensureRust,
  green,
  installDependencies,
  installDesktop,
  installMiddleware,
  red,
  root,
  seconds,
  step,
  tool,
  yellow,
} from "./run.mjs";

/** How often the parts that are under way are named. */
const PROGRESS_MS = 20_000;

/** A test that hangs fails after this time, for a machine under load. */
const MAX_TEST_MS = 400_000;

/** For `npm run test:thorough`: how much the random tests and the soak test do there. */
const THOROUGH = { RACES: "100000", FLEETS: "20000", SOAK_ROUNDS: "200", SOAK_IN_FLIGHT: "1000" };

const started = performance.now();
const total = { passed: 0, failed: 0, skipped: 0 };
const skips = [];
const rows = [];
const tests = [];
const underWay = new Map();

/** Counts what the runners print: cargo's and wasm-bindgen's `test result:`, node's `# pass 3` or `ℹ pass 3`. */
function count(text) {
  const sum = (pattern) => [...text.matchAll(pattern)].reduce((all, [, number]) => all + Number(number), 0);
  return {
    passed: sum(/^test result: \w+\. (\d+) passed/gm) + sum(/^(?:#|ℹ) pass (\d+)/gm),
    failed: sum(/^test result: \w+\. \d+ passed; (\d+) failed/gm) + sum(/^(?:#|ℹ) (?:fail|cancelled) (\d+)/gm),
    skipped: sum(/^test result: .*?; (\d+) ignored/gm) + sum(/^(?:#|ℹ) skipped (\d+)/gm),
  };
}

/** Why node's runner and cargo skipped a test. */
function reasons(text) {
  const node = text.matchAll(/^\s*(?:ok \d+ - |﹣ )(.*?) (?:\([\d.]+ms\) )?# (?:SKIP )?(.+)$/gm);
  const cargo = text.matchAll(/^test (\S+) \.\.\. ignored, (.+)$/gm);
  return [...node, ...cargo].map(([, name, why]) => `${name}: ${why}`);
}

/** The tests of node's runner with their times, without those that only hold other tests. */
function durations(text) {
  const found = [];
  let depth = 0;
  for (const [, indent, name, ms] of text.matchAll(/^( *)✔ (.*) \(([\d.]+)ms\)$/gm)) {
    if (indent.length >= depth) found.push({ name, ms: Number(ms) });
    depth = indent.length;
  }
  return found;
}

/** Runs one part and prints its line. One with `counts` prints the number of its tests; another counts as one test. */
async function run({ name, command, args, env, counts = false, missing }) {
  if (missing) {
    total.skipped += 1;
    skips.push(`${name}: ${missing}`);
    return rows.push([yellow("–"), name, "skipped", ""]);
  }
  const since = performance.now();
  const part = { since, text: "" };
  underWay.set(name, part);
  const code = await new Promise((resolve) => {
    const stdio = ["ignore", "pipe", "pipe"];
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (chunk) => (part.text += chunk));
    child.on("error", (error) => {
      part.text += error.message;
      resolve(1);
    });
    child.on("close", resolve);
  });
  underWay.delete(name);
  const text = stripVTControlCharacters(part.text);
  const result = counts ? count(text) : { passed: code === 0 ? 1 : 0, failed: 0, skipped: 0 };
  // A runner that fails without a count, or runs nothing, has failed.
  if (code !== 0 && result.failed === 0) result.failed = 1;
  if (counts && result.passed + result.failed + result.skipped === 0) result.failed = 1;
  for (const key of Object.keys(total)) total[key] += result[key];
  if (counts) skips.push(...reasons(text));
  tests.push(...durations(text));
  const row = [result.failed ? red("✗") : green("✓"), name, `${result.passed} passed`, seconds(since)];
  rows.push(row);
  if (result.failed) console.log(`\n${part.text}`);
  console.log(
    `${row[0]} ${name}: ${result.passed} passed${result.failed ? `, ${result.failed} failed` : ""} ${dim(row[3])}`,
  );
}

/** Runs lanes at the same time, the parts of each one after the other; with `LANES=1` all parts one after the other. */
async function lanes(given) {
  const all = process.env.LANES === "1" ? [given.flat()] : given;
  const progress = setInterval(() => {
    const names = [...underWay].map(([name, { since, text }]) => {
      const passed = stripVTControlCharacters(text).match(/^ *✔ /gm)?.length;
      return `${name}${passed ? ` (${passed} passed)` : ""}, ${Math.round((performance.now() - since) / 1000)} s`;
    });
    console.log(dim(`  … ${names.join("; ")}`));
  }, PROGRESS_MS);
  await Promise.all(
    all.map(async (parts) => {
      for (const part of parts) await run(part);
    }),
  );
  clearInterval(progress);
}

const bin = (name) => join(root, "node_modules", ".bin", name);
const wasm = ["--target", "wasm32-unknown-unknown"];
const quiet = ["--locked", "--quiet"];

const rustLint = [
  { name: "Format of the Rust code", command: "cargo", args: ["fmt", "--all", "--check"] },
  {
    name: "Clippy, native",
    command: "cargo",
    args: ["clippy", ...quiet, "--workspace", "--exclude", "tools", "--all-targets", "--", "-Dwarnings"],
  },
];
const clippyWasm = {
  name: "Clippy, WebAssembly",
  command: "cargo",
  args: ["clippy", ...quiet, "--lib", "--tests", ...wasm, "--", "-Dwarnings"],
};
const rustDocs = {
  name: "Documentation of the Rust code",
  command: "cargo",
  args: ["doc", ...quiet, "--no-deps", "--workspace", "--exclude", "tools"],
  env: { RUSTDOCFLAGS: "-Dwarnings" },
};
const scriptLint = [
  { name: "Format and lint of the JavaScript", command: bin("biome"), args: ["check", "--error-on-warnings"] },
  { name: "Import cycles in the Rust code", command: process.execPath, args: [join("scripts", "cycles.mjs")] },
  { name: "Types of the JavaScript", command: bin("tsc"), args: ["-p", "."] },
];
const types = { name: "Types as users write them", command: bin("tsc"), args: ["-p", join("tests", "types")] };
const cargoTest = (name, args, env) => ({ name, command: "cargo", args: ["test", ...args], env, counts: true });
const nodeTest = (name, folder, only = () => true, env = {}) => {
  const files = readdirSync(join(root, "tests", folder)).filter((file) => file.endsWith(".test.mjs") && only(file));
  const args = [
    "--test",
    "--test-reporter=spec",
    `--test-timeout=${MAX_TEST_MS}`,
    ...files.map((file) => join("tests", folder, file)),
  ];
  return { name, command: process.execPath, args, env, counts: true };
};
const boundary = async () => ({
  node: cargoTest("WebAssembly boundary in Node", ["--locked", ...wasm, "--test", "node"], {
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: await tool("wasm-bindgen-test-runner"),
  }),
  chromium: async () => {
    const { chrome, chromedriver, missing } = await browser();
    const env = {
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: await tool("wasm-bindgen-test-runner"),
      CHROMEDRIVER: chromedriver,
      CHROME_BIN: chrome,
    };
    const args = ["--locked", ...wasm, "--test", "web"];
    return { ...cargoTest("WebAssembly boundary in headless Chromium", args, env), missing };
  },
});

/** What a person runs after each change: under a minute when everything is compiled. */
async function check() {
  const { node } = await boundary();
  const protocol = ["--lib", "--test", "protocol", "--test", "selection"];
  await lanes([
    [...rustLint, cargoTest("Protocol, native", [...quiet, ...protocol]), node],
    [...scriptLint, types],
  ]);
}

/** What a change needs before it lands. */
async function everything() {
  const { node, chromium } = await boundary();
  const inChromium = await chromium();
  // Installs it where it is missing and that needs no password.
  await firefox();
  await installDesktop();
  await installMiddleware();
  // Without it, the tests of the queue are skipped, with the reason.
  await installed("Redis", ["redis-server"], ["redis-server"]);
  const native = cargoTest("Protocol, model and races, native", ["--locked", "--", "--nocapture"]);
  // Two lanes: more of them would only compete for the processor.
  await lanes([
    [
      ...rustLint,
      clippyWasm,
      rustDocs,
      native,
      node,
      nodeTest("The documents", "docs"),
      nodeTest("The middleware", "middleware"),
      { name: "Types of the desktop page", command: bin("tsc"), args: ["-p", join("www", "desktop")] },
      nodeTest("The desktop page", "desktop"),
    ],
    [
      ...scriptLint,
      types,
      nodeTest("The package, its options and sockets", "js"),
      inChromium,
      nodeTest("The element and the page, in browsers", "element"),
    ],
  ]);
}

/** The long forms of the random tests, the models and the soak test; and that a build can be repeated. */
async function thorough() {
  const models = ["--test", "model", "--test", "client_model", "--test", "races", "--test", "client"];
  const soak = (file) => file === "soak.test.mjs";
  await lanes([
    [
      cargoTest(
        "Models, races and fleets",
        ["--locked", ...models, "--", "--include-ignored", "--nocapture"],
        THOROUGH,
      ),
    ],
    [nodeTest("Soak test", "js", soak, THOROUGH)],
  ]);
  await lanes([
    [{ name: "A second build gives the same bytes", command: process.execPath, args: ["scripts/reproduce.mjs"] }],
  ]);
}

const commands = { check, thorough, everything };
try {
  const command = commands[process.argv[2] ?? "everything"];
  if (!command) throw new Error(`There is no ${process.argv[2]}: ${Object.keys(commands).join(", ")}`);
  await ensureRust();
  await installDependencies();
  await (command === check ? buildTypes() : build());
  step(bold("Running the tests"));
  await command();
} catch (error) {
  console.error(`${red("✗")} ${error.message}`);
  total.failed += 1;
}

console.log("");
const width = Math.max(...rows.map(([, name]) => name.length), 0);
for (const [mark, name, result, time] of rows)
  console.log(`${mark} ${name.padEnd(width)}  ${result.padEnd(12)} ${time}`);
const slowest = tests.sort((a, b) => b.ms - a.ms).slice(0, 10);
if (slowest.length > 0) console.log("\nThe slowest tests:");
for (const { name, ms } of slowest) console.log(`${(ms / 1000).toFixed(1).padStart(6)} s  ${name}`);
for (const why of skips) console.log(`${yellow("skipped")} ${why}`);
// On a machine that has everything, what is skipped for want of something has failed.
const wanting = skips.filter((why) => !why.includes("npm run test:thorough"));
if (process.env.REQUIRE_ALL && wanting.length > 0) total.failed += wanting.length;
console.log(`\nin ${seconds(started)}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
