// Whether what was built is what today's sources give: tests never run against a stale or missing package.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { root } from "./run.mjs";

const SOURCES = [
  "Cargo.toml",
  "Cargo.lock",
  "README.md",
  "package-lock.json",
  "scripts",
  "src",
  "js",
  "simulator",
  "tools",
];

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesIn(join(path, name)));
}

function hashOf(paths) {
  const hash = createHash("sha256");
  for (const file of paths.flatMap(filesIn)) hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest("hex");
}

/** Of the sources, and of what was built from them: `wasm-pack build` writes to pkg/ too. */
const today = (folder) => `${hashOf(SOURCES.map((path) => join(root, path)))} ${hashOf([folder])}`;

const stampOf = (folder) => join(root, "target", `${basename(folder)}.stamp`);

/** Whether a folder is what was built from today's sources: `pkg` if no other is named. */
export function isFresh(folder = join(root, "pkg")) {
  const stamp = stampOf(folder);
  return existsSync(stamp) && existsSync(folder) && readFileSync(stamp, "utf8") === today(folder);
}

export const writeStamp = (folder) => writeFileSync(stampOf(folder), today(folder));
