// The cell of are-the-types-wrong, which checks the types of the package in all modes of resolution.
import { PASSED } from "../support/cells.mjs";
import { bin, packageFolder, tarball, versionOf } from "../support/installed.mjs";
import { runProgram } from "../support/program.mjs";

const host = `are-the-types-wrong ${versionOf("@arethetypeswrong/cli")}`;

/** The entry points that are no modules of JavaScript, and have no types. */
const UNTYPED = ["core.wasm", "index.iife.js", "element.iife.js"];

async function run() {
  // The profile leaves out `node10`, which does not know subpaths.
  const args = [tarball, "--exclude-entrypoints", ...UNTYPED, "--profile", "node16"];
  await runProgram(bin("attw"), args, { cwd: packageFolder });
  return PASSED;
}

export const cells = [{ host, form: "all resolution modes", expected: PASSED, run }];
