// `npm test`: everything, the cheapest checks first. Each part's own count goes into one closing line; what could not
// run here is reported as skipped, with the reason.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { browser, firefox, installed } from "./browser.mjs";
import { build } from "./build.mjs";
import {
  bold,
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

const started = performance.now();
const total = { passed: 0, failed: 0, skipped: 0 };
const skips = [];
const rows = [];

/**
 * Counts what the runners print: cargo's and wasm-bindgen's `test result:`, node's `# pass 3` or `ℹ pass 3`, our own
 * `hosts: 3 passed`.
 */
function count(text) {
  const sum = (pattern) => [...text.matchAll(pattern)].reduce((all, [, number]) => all + Number(number), 0);
  const result = {
    passed: sum(/^test result: \w+\. (\d+) passed/gm) + sum(/^(?:#|ℹ) pass (\d+)/gm) + sum(/^hosts: (\d+) passed/gm),
    failed:
      sum(/^test result: \w+\. \d+ passed; (\d+) failed/gm) +
      sum(/^(?:#|ℹ) (?:fail|cancelled) (\d+)/gm) +
      sum(/^hosts: .*? (\d+) failed/gm),
    skipped:
      sum(/^test result: .*?; (\d+) ignored/gm) + sum(/^(?:#|ℹ) skipped (\d+)/gm) + sum(/^hosts: .*? (\d+) skipped/gm),
  };
  for (const [, name, why] of text.matchAll(/^\s*(?:ok \d+ - |﹣ )(.*?) (?:\([\d.]+ms\) )?# (?:SKIP )?(.+)$/gm))
    skips.push(`${name}: ${why}`);
  for (const [, cell] of text.matchAll(/^– (.+? · .+)$/gm)) skips.push(cell);
  return result;
}

/** Runs one part; `counts` parts print their own tests, the others count as one. */
async function part(name, command, args, { env, counts = false } = {}) {
  step(bold(name));
  const since = performance.now();
  let text = "";
  const code = await new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const [stream, out] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      stream.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
        out.write(chunk);
      });
    }
    child.on("error", (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.on("close", resolve);
  });
  const result = counts ? count(stripVTControlCharacters(text)) : { passed: code === 0 ? 1 : 0, failed: 0, skipped: 0 };
  // A runner that fails without a count, or runs nothing, has failed.
  if (code !== 0 && result.failed === 0) result.failed = 1;
  if (counts && result.passed + result.failed + result.skipped === 0) result.failed = 1;
  for (const key of Object.keys(total)) total[key] += result[key];
  rows.push([result.failed ? red("✗") : green("✓"), name, `${result.passed} passed`, seconds(since)]);
}

function skip(name, why) {
  total.skipped += 1;
  skips.push(`${name}: ${why}`);
  rows.push([yellow("–"), name, "skipped", ""]);
}

try {
  await ensureRust();
  await installDependencies();
  await build();
  const runner = await tool("wasm-bindgen-test-runner");
  const { chrome, chromedriver, missing } = await browser();
  const bin = (name) => join(root, "node_modules", ".bin", name);
  const wasm = ["--target", "wasm32-unknown-unknown"];
  const wasmEnv = { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: runner };

  await part("Format of the Rust code", "cargo", ["fmt", "--all", "--check"]);
  await part("Clippy, native", "cargo", [
    "clippy",
    "--locked",
    "--quiet",
    "--workspace",
    "--exclude",
    "tools",
    "--all-targets",
    "--",
    "-Dwarnings",
  ]);
  await part("Clippy, WebAssembly", "cargo", [
    "clippy",
    "--locked",
    "--quiet",
    "--lib",
    "--tests",
    ...wasm,
    "--",
    "-Dwarnings",
  ]);
  await part("Format and lint of the JavaScript", bin("biome"), ["check", "--error-on-warnings"]);
  await part("Import cycles in the Rust code", process.execPath, [join("scripts", "cycles.mjs")]);
  await part("Types of the JavaScript", bin("tsc"), ["-p", "."]);
  await part("Protocol, model and races, native", "cargo", ["test", "--locked", "--quiet", "--", "--nocapture"], {
    counts: true,
  });
  await part("WebAssembly boundary in Node", "cargo", ["test", "--locked", ...wasm, "--test", "node"], {
    env: wasmEnv,
    counts: true,
  });
  if (missing) skip("WebAssembly boundary in headless Chromium", missing);
  else {
    const env = { ...wasmEnv, CHROMEDRIVER: chromedriver, CHROME_BIN: chrome };
    await part("WebAssembly boundary in headless Chromium", "cargo", ["test", "--locked", ...wasm, "--test", "web"], {
      env,
      counts: true,
    });
  }
  const testFiles = (folder) => {
    const files = readdirSync(join(root, "tests", folder)).filter((file) => file.endsWith(".test.mjs"));
    return ["--test", "--test-reporter=spec", ...files.map((file) => join("tests", folder, file))];
  };
  await part("The package, its options and sockets", process.execPath, testFiles("js"), { counts: true });
  await firefox();
  await part("The element and the page, in browsers", process.execPath, testFiles("element"), { counts: true });
  await installDesktop();
  await part("Types of the host page", bin("tsc"), ["-p", join("www", "desktop")]);
  await part("The host page for desktops", process.execPath, testFiles("desktop"), { counts: true });
  await installMiddleware();
  // Without it, the tests of the queue are skipped, with the reason.
  await installed("Redis", ["redis-server"], ["redis-server"]);
  await part("The middleware", process.execPath, testFiles("middleware"), { counts: true });
  await part("A second build gives the same bytes", process.execPath, [join("scripts", "reproduce.mjs")]);
  await part("Every host", process.execPath, [join("tests", "hosts", "hosts.mjs")], { counts: true });
} catch (error) {
  console.error(`${red("✗")} ${error.message}`);
  total.failed += 1;
}

console.log("");
const width = Math.max(...rows.map(([, name]) => name.length), 0);
for (const [mark, name, result, time] of rows)
  console.log(`${mark} ${name.padEnd(width)}  ${result.padEnd(12)} ${time}`);
for (const why of skips) console.log(`${yellow("skipped")} ${why}`);
console.log(`\nin ${seconds(started)}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
