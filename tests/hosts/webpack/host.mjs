// The cells of webpack: ES modules, and CommonJS in a page.
import { bundledPage, bundlerCells } from "../support/bundler.mjs";
import { bin, versionOf } from "../support/installed.mjs";
import { folderOf } from "../support/project.mjs";

const host = `webpack ${versionOf("webpack")}`;
const options = { folder: folderOf(import.meta.url), command: bin("webpack"), args: ["--mode", "production"] };
const requireOptions = { ...options, args: ["./src/require.js", "--mode", "production"] };

export const cells = [
  ...bundlerCells(host, { ...options, main: "src/index.js" }),
  bundledPage(host, "require, a page, in Chromium", requireOptions),
];
