// The cells of Rollup: ES modules, and a classic script, which is read in the encoding of its page; the inlined module
// is ASCII.
import { bundledPage, bundlerCells } from "../support/bundler.mjs";
import { bin, versionOf } from "../support/installed.mjs";
import { folderOf } from "../support/project.mjs";

const host = `Rollup ${versionOf("rollup")}`;
const options = { folder: folderOf(import.meta.url), command: bin("rollup") };
const pageArgs = ["-c", "-i", "main.js", "-d", "dist"];
const classicArgs = ["-c", "-i", "classic.js", "-o", "dist/classic.js", "-f", "iife"];
const classic = (form, page) => bundledPage(host, form, { ...options, args: classicArgs, page });

export const cells = [
  ...bundlerCells(host, { ...options, args: pageArgs, main: "main.js" }),
  classic("a classic script on a page in windows-1252", "/windows-1252.html"),
  classic("a classic script on a page in shift_jis", "/shift_jis.html"),
  classic("a classic script on a page without charset", "/without-charset.html"),
];
