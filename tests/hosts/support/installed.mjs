// The installed hosts: the packages of package.json, in a folder of the cache that all clones share.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cache, root, step } from "../../../scripts/run.mjs";
import { runProgram } from "./program.mjs";

const windows = process.platform === "win32";
const npm = windows ? "npm.cmd" : "npm";
const manifest = readFileSync(new URL("../package.json", import.meta.url));
const lock = readFileSync(new URL("../package-lock.json", import.meta.url));
const hash = createHash("sha256").update(manifest).update(lock).digest("hex").slice(0, 12);

/** The folder with the hosts' node_modules; its name changes with package.json and package-lock.json. */
export const home = join(cache, `hosts-${hash}`);

/** The package as a user has it: the unpacked tarball. */
export const packageFolder = join(home, "node_modules", "disconnect-if-connected");

/** The packed tarball. */
export const tarball = join(home, "package.tgz");

/** A command of an installed package. */
export const bin = (name) => join(home, "node_modules", ".bin", windows ? `${name}.cmd` : name);

/** Node in one of the installed versions. */
export const node = (version) => join(home, "node_modules", `node-${version}`, "bin", windows ? "node.exe" : "node");

/** The version of an installed package. */
export function versionOf(name) {
  return JSON.parse(readFileSync(join(home, "node_modules", name, "package.json"), "utf8")).version;
}

/** Installs the hosts once. Not by `npm ci`: a registry may lack the packages for other platforms. */
export async function installHosts() {
  if (existsSync(join(home, "installed"))) return;
  step("Installing the hosts from npm once for this machine (about 1.6 GB, two minutes) …");
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "package.json"), manifest);
  writeFileSync(join(home, "package-lock.json"), lock);
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
  await runProgram(npm, args, { cwd: home });
  writeFileSync(join(home, "installed"), "");
}

/** Packs pkg/ and unpacks the tarball into the hosts' node_modules, as an installation does. */
export async function installTarball() {
  const folder = mkdtempSync(join(tmpdir(), "dic-tarball-"));
  try {
    const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
    await runProgram(npm, args, { cwd: join(root, "pkg") });
    const [packed] = readdirSync(folder);
    rmSync(packageFolder, { recursive: true, force: true });
    mkdirSync(packageFolder, { recursive: true });
    await runProgram("tar", ["-xzf", join(folder, packed), "-C", packageFolder, "--strip-components=1"]);
    cpSync(join(folder, packed), tarball);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
