// Whether pkg/ is what today's sources give: tests never run against a stale or missing package.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
const today = (pkg) => `${hashOf(SOURCES.map((path) => join(root, path)))} ${hashOf([pkg])}`;

const pkg = join(root, "pkg");
const stamp = join(root, "target", "pkg.stamp");

export const isFresh = () => existsSync(stamp) && readFileSync(stamp, "utf8") === today(pkg);

export const writeStamp = () => writeFileSync(stamp, today(pkg));
