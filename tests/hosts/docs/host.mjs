// The cells of docs/testing.md: its blocks of code as they stand, tests of Jest or Vitest or programs of Node.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../scripts/run.mjs";
import { PASSED } from "../support/cells.mjs";
import { bin, node, versionOf } from "../support/installed.mjs";
import { runProgram } from "../support/program.mjs";
import { createProject } from "../support/project.mjs";

const page = readFileSync(join(root, "docs", "testing.md"), "utf8");
const blocks = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, text]) => text);

const runners = {
  jest: { host: `Jest ${versionOf("jest")}`, command: bin("jest"), args: ["--ci", "--rootDir", "."] },
  vitest: { host: `Vitest ${versionOf("vitest")}`, command: bin("vitest"), args: ["run", "--root", "."] },
};

function testCell({ host, command, args }, form, text) {
  const run = async () => {
    const cwd = createProject(`${host} ${form}`, { files: { "docs.test.js": text } });
    await runProgram(command, args, { cwd, env: { CI: "1" } });
    return PASSED;
  };
  return { host, form, expected: PASSED, run };
}

/** A program prints a line of its own at its end, which proves that it got there. */
function programCell(form, text) {
  const host = `Node ${versionOf("node-24")}`;
  const run = async () => {
    const cwd = createProject(`${host} ${form}`, { files: { "main.mjs": `${text}\nconsole.log("done");` } });
    return runProgram(node(24), ["main.mjs"], { cwd });
  };
  return { host, form, expected: "done", run };
}

export const cells = blocks.map((text, index) => {
  const form = `docs/testing.md, block ${index + 1}`;
  if (text.includes("vitest")) return testCell(runners.vitest, form, text);
  if (/^(before|test)/m.test(text)) return testCell(runners.jest, form, text);
  return programCell(form, text);
});
