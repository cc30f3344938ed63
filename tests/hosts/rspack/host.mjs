// The cells of Rspack.
import { bundlerCells } from "../support/bundler.mjs";
import { bin, versionOf } from "../support/installed.mjs";
import { folderOf } from "../support/project.mjs";

export const cells = bundlerCells(`Rspack ${versionOf("@rspack/core")}`, {
  folder: folderOf(import.meta.url),
  main: "src/index.js",
  command: bin("rspack"),
  args: ["build", "--mode", "production"],
});
