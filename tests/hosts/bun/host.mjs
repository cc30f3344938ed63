// The cells of Bun.
import * as context from "../shared/context.mjs";
import { programCells, withTraps } from "../support/cells.mjs";
import { bin, versionOf } from "../support/installed.mjs";
import { folderOf } from "../support/project.mjs";

const cell = programCells(`Bun ${versionOf("bun")}`, folderOf(import.meta.url), bin("bun"));

export const cells = [
  cell("import", "import.mjs"),
  cell("require", "require.cjs"),
  cell("AsyncLocalStorage", "async-local-storage.mjs", { expected: context.expected }),
  cell("traps", "trap.mjs", withTraps),
  cell("TypeScript", "typescript.mts"),
];
