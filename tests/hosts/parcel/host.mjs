// The cells of Parcel.
import { bundlerCells } from "../support/bundler.mjs";
import { bin, versionOf } from "../support/installed.mjs";
import { folderOf } from "../support/project.mjs";

export const cells = bundlerCells(`Parcel ${versionOf("parcel")}`, {
  folder: folderOf(import.meta.url),
  main: "main.js",
  command: bin("parcel"),
  args: ["build", "index.html", "--no-cache"],
  served: "dist",
});
