// The project of one cell: a copy of a host's files, where imports resolve as they do for a user.
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { home } from "./installed.mjs";

const shared = fileURLToPath(new URL("../shared/", import.meta.url));

/** The folder of a host, from the `import.meta.url` of its host.mjs. */
export const folderOf = (url) => fileURLToPath(new URL(".", url));

/**
 * Makes a fresh project beside the hosts' node_modules: the files of shared/ and of `folder`, side by side.
 * @param {string} name
 * @param {object} [contents]
 * @param {string} [contents.folder]
 * @param {Record<string, string>} [contents.copies] paths of further files and folders, by their place in the project
 * @param {Record<string, string>} [contents.files] texts of generated files, by their place in the project
 * @returns {string} its folder
 */
export function createProject(name, { folder, copies = {}, files = {} } = {}) {
  const project = join(home, "projects", name.replaceAll(/[^\w]+/g, "-"));
  rmSync(project, { recursive: true, force: true });
  cpSync(shared, project, { recursive: true });
  writeFileSync(join(project, "package.json"), '{ "private": true }');
  if (folder) cpSync(folder, project, { recursive: true, filter: (path) => !path.endsWith("host.mjs") });
  for (const [place, path] of Object.entries(copies)) cpSync(path, join(project, place), { recursive: true });
  for (const [place, text] of Object.entries(files)) writeFileSync(join(project, place), text);
  return project;
}
