// The cells of Deno.
import * as context from "../shared/context.mjs";
import { programCells, withTraps } from "../support/cells.mjs";
import { bin, versionOf } from "../support/installed.mjs";
import { folderOf } from "../support/project.mjs";

const run = ["run", "--quiet", "--no-lock", "--allow-net", "--allow-env", "--allow-read"];
const cell = programCells(`Deno ${versionOf("deno")}`, folderOf(import.meta.url), bin("deno"), run);

export const cells = [
  cell("import", "import.mjs"),
  cell("TypeScript", "typescript.mts"),
  cell("AsyncLocalStorage", "async-local-storage.mjs", { expected: context.expected }),
  cell("traps", "trap.mjs", withTraps),
  cell("import source", "import-source.mjs"),
];
