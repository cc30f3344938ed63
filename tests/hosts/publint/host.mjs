// The cell of publint, which checks the manifest and files of the package.
import { PASSED } from "../support/cells.mjs";
import { bin, packageFolder, tarball, versionOf } from "../support/installed.mjs";
import { runProgram } from "../support/program.mjs";

async function run() {
  await runProgram(bin("publint"), ["run", tarball, "--strict"], { cwd: packageFolder });
  return PASSED;
}

export const cells = [{ host: `publint ${versionOf("publint")}`, form: "the tarball", expected: PASSED, run }];
