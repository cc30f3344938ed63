// The examples of docs/client.md, each run as it stands after the lines of its section "Set up": it prints what it
// says.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import "./support/package.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const docs = await readFile(join(root, "docs", "client.md"), "utf8");
const blocks = [...docs.matchAll(/^```js\n(.*?)^```$/gms)].map(([whole, code], index) => ({
  code,
  heading:
    docs
      .slice(0, docs.indexOf(whole))
      .match(/^## (.*)$/gm)
      ?.at(-1)
      .slice(3) ?? String(index),
}));
const [setUp, ...examples] = blocks;

test("docs/client.md: every example prints what it says", async (context) => {
  const project = await mkdtemp(join(tmpdir(), "client-docs-"));
  try {
    await mkdir(join(project, "node_modules"));
    await symlink(join(root, "pkg"), join(project, "node_modules", "disconnect-if-connected"), "junction");
    assert.ok(examples.length >= 12, `${examples.length} examples`);
    for (const [index, { heading, code }] of examples.entries()) {
      await context.test(`${heading}, example ${index + 1}`, async () => {
        const file = join(project, `example-${index}.mjs`);
        await writeFile(file, setUp.code + code);
        const { stdout } = await promisify(execFile)(process.execPath, [file]);
        const expected = [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line);
        assert.ok(expected.length > 0, "it says nothing of what it prints");
        assert.deepEqual(stdout.trimEnd().split("\n"), expected);
      });
    }
  } finally {
    await rm(project, { recursive: true });
  }
});
