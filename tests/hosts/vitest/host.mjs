// The cell of Vitest, with its defaults.
import { PASSED } from "../support/cells.mjs";
import { bin, versionOf } from "../support/installed.mjs";
import { runProgram } from "../support/program.mjs";
import { createProject, folderOf } from "../support/project.mjs";

export const cells = [
  {
    host: `Vitest ${versionOf("vitest")}`,
    form: "defaults",
    expected: PASSED,
    run: async (simulator) => {
      const cwd = createProject("Vitest", { folder: folderOf(import.meta.url) });
      await runProgram(bin("vitest"), ["run", "--root", "."], { cwd, env: { SIMULATOR: simulator, CI: "1" } });
      return PASSED;
    },
  },
];
