// The cells of a bundler, with its defaults: a page opened in Chromium, and a page that does not use the package.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PASSED } from "./cells.mjs";
import { chromium, openPage } from "./chromium.mjs";
import { runProgram } from "./program.mjs";
import { createProject } from "./project.mjs";

/** What is left of the package where unused.js is bundled: nothing, but a bundler's own runtime may stay. */
const UNUSED_MAX_CHARACTERS = 4000;

const unused = fileURLToPath(new URL("./unused.js", import.meta.url));

/** Makes the project of a cell, bundles it, and returns its folder. */
export async function bundle(name, { folder, copies, command, args }) {
  const project = createProject(name, { folder, copies });
  await runProgram(command, args, { cwd: project, env: { CI: "1", NO_UPDATE_NOTIFIER: "1" } });
  return project;
}

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));

/**
 * A cell with a page of a bundle, opened in Chromium.
 * @param {string} host
 * @param {string} form
 * @param {{ folder: string, command: string, args: string[], served?: string, page?: string }} options `served`: the
 * folder of the project that is served, default: all of it; `page`: the path of the page in it
 * @returns {import("./cells.mjs").Cell}
 */
export function bundledPage(host, form, { served = ".", page = "/", ...options }) {
  const run = async (simulator) => {
    const project = await bundle(`${host} ${form}`, options);
    const modules = filesIn(join(project, "dist")).filter((file) => file.endsWith(".wasm")).length;
    if (modules > 0) throw new Error(`${modules} .wasm files beside the bundle, which has the module inlined`);
    return openPage({ "/": join(project, served, "/") }, simulator, page);
  };
  return { host, form, missing: chromium.missing, run };
}

/** A cell where `main`, the program of the page, is replaced by unused.js. */
function treeShaken(host, { main, ...options }) {
  const form = "tree-shaken when unused";
  const run = async () => {
    const project = await bundle(`${host} ${form}`, { ...options, copies: { [main]: unused } });
    const code = filesIn(join(project, "dist"))
      .filter((file) => /\.m?js$/.test(file))
      .map((file) => readFileSync(file, "utf8"))
      .join("");
    if (!code.includes("a page without the call")) throw new Error("the bundle is not the page's");
    if (code.length > UNUSED_MAX_CHARACTERS || /DisconnectError|Retry-After/.test(code))
      throw new Error(`${code.length} characters are left of the package`);
    return PASSED;
  };
  return { host, form, expected: PASSED, run };
}

/** The two cells of every bundler; `options` as those of `bundledPage`, and `main`, the path of the page's program. */
export function bundlerCells(host, options) {
  return [bundledPage(host, "a page, in Chromium", options), treeShaken(host, options)];
}
