// Every block of code of the documents: JavaScript runs as it stands and prints what it says (`// →`), JSON is valid,
// and all others name the test that runs them, or why none does.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { root } from "../../scripts/run.mjs";
import "../js/support/package.mjs";
import { blocksOf, paths, read } from "./pages.mjs";

const PATIENCE_MS = 60_000;
let project;

before(async () => {
  project = await mkdtemp(join(tmpdir(), "docs-"));
  await mkdir(join(project, "node_modules"));
  for (const [name, target] of [
    ["disconnect-if-connected", join(root, "pkg")],
    ["undici", join(root, "node_modules", "undici")],
  ])
    await symlink(target, join(project, "node_modules", name), "junction");
  for (const file of ["prelude.mjs", "proxy.mjs"]) await cp(join(root, "tests", "docs", file), join(project, file));
});
after(() => rm(project, { recursive: true, force: true }));

/** Runs an example after the prelude, and compares what it prints. */
async function runs(code, name) {
  const file = join(project, name);
  await writeFile(file, code);
  const usesProxy = code.includes("ProxyAgent");
  const env = { ...process.env, WITH_PROXY: usesProxy ? "1" : "" };
  const args = ["--import", pathToFileURL(join(project, "prelude.mjs")).href, file];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env, timeout: PATIENCE_MS });
  const expected = [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line.trimEnd());
  const printed = stdout.split("\n").map((line) => line.trimEnd());
  assert.deepEqual(printed.slice(0, -1), expected);
  if (usesProxy) assert.match(stderr, /tunnel to 127\.0\.0\.1/);
}

for (const path of paths) {
  for (const { language, code, line, runBy, notRun } of blocksOf(path)) {
    if (language === "text") continue;
    const name = `${path}, line ${line}: ${language}`;
    if (language === "json") test(`${name} is valid`, () => assert.equal(typeof JSON.parse(code), "object"));
    if (runBy) {
      test(`${name} names the test that runs it`, () => {
        assert.ok(existsSync(join(root, runBy)), `there is no ${runBy}`);
        assert.ok(read(runBy).includes(basename(path, ".md")), `${runBy} does not name ${basename(path)}`);
      });
    } else if (notRun) {
      test(`${name} says why it is not run`, () => assert.ok(notRun.length > 20, notRun));
    } else if (language === "js") {
      test(`${name} runs`, () => runs(code, `${path.replaceAll(/\W/g, "-")}-${line}.mjs`));
    } else if (language !== "json") {
      test(`${name} says how it is run`, () =>
        assert.fail("a comment before it must say: run by FILE, or not run: WHY"));
    }
  }
}
