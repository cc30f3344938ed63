// The cells of esbuild: ES modules, CommonJS in a page, and one file for Node.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle, bundledPage, bundlerCells } from "../support/bundler.mjs";
import { bin, node, versionOf } from "../support/installed.mjs";
import { runProgram } from "../support/program.mjs";
import { folderOf } from "../support/project.mjs";

const host = `esbuild ${versionOf("esbuild")}`;
const options = { folder: folderOf(import.meta.url), command: bin("esbuild") };
const pageArgs = ["main.js", "--bundle", "--minify", "--outdir=dist"];
const requireArgs = ["require.js", "--bundle", "--outfile=dist/main.js"];

/** A bundle for a server or a function: one file, in a folder without node_modules. */
async function runInNode(simulator) {
  const alone = mkdtempSync(join(tmpdir(), "dic-bundle-"));
  const file = join(alone, "main.cjs");
  try {
    const args = ["node.mjs", "--bundle", "--platform=node", `--outfile=${file}`];
    await bundle(`${host} node`, { ...options, args });
    return await runProgram(node(20), [file], { cwd: alone, env: { SIMULATOR: simulator } });
  } finally {
    rmSync(alone, { recursive: true, force: true });
  }
}

export const cells = [
  ...bundlerCells(host, { ...options, args: pageArgs, main: "main.js" }),
  bundledPage(host, "require, a page, in Chromium", { ...options, args: requireArgs }),
  { host, form: "a bundle for Node", run: runInNode },
];
