// The cells of Node 20, 22 and 24.
import * as context from "../shared/context.mjs";
import { programCells, withTraps } from "../support/cells.mjs";
import { node, versionOf } from "../support/installed.mjs";
import { folderOf } from "../support/project.mjs";

const folder = folderOf(import.meta.url);

function cellsOf(version) {
  const host = `Node ${versionOf(`node-${version}`)}`;
  const cell = programCells(host, folder, node(version));
  const stripTypes = { flags: ["--experimental-strip-types", "--no-warnings"] };
  return [
    cell("import", "import.mjs"),
    cell("require", "require.cjs"),
    cell("worker_threads", "worker-threads.mjs"),
    cell("disconnect-if-connected/wasm", "wasm.mjs"),
    cell("AsyncLocalStorage", "async-local-storage.mjs", { expected: context.expected }),
    cell("traps", "trap.mjs", withTraps),
    cell("--jitless", "jitless.mjs", { flags: ["--jitless"], expected: "UNSUPPORTED" }),
    cell("jsdom's AbortController", "jsdom.mjs"),
    version === 20
      ? { host, form: "TypeScript", missing: "Node 20 has no --experimental-strip-types" }
      : cell("TypeScript", "typescript.mts", stripTypes),
    ...(version === 24 ? [cell("import source", "import-source.mjs", { flags: ["--no-warnings"] })] : []),
  ];
}

export const cells = [20, 22, 24].flatMap(cellsOf);
