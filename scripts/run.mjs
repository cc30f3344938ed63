// Running of other programs, and the folder for what is installed once. Each step is announced, so that nobody waits in
// silence.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** What is installed or compiled once for all clones: the tools. */
export const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "disconnect-if-connected");

const paint = (code) => (text) =>
  process.stdout.isTTY && !process.env.NO_COLOR ? `\x1b[${code}m${text}\x1b[0m` : text;
export const dim = paint(2);
export const bold = paint(1);
export const green = paint(32);
export const red = paint(31);
export const yellow = paint(33);
export const cyan = paint(36);

export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Announces what is done next; for a long step, how long it takes on a slow machine. */
export function step(text) {
  console.log(`${cyan("▸")} ${text}`);
}

/** Runs a program, its output passed through; rejects with what failed. */
export function run(command, args, { env, cwd = root, input } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: [input ?? "ignore", "inherit", "inherit"],
    });
    child.on("error", (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.join(" ")} ended with ${signal ?? `code ${code}`}`));
    });
  });
}

/** The standard output of a short program, or undefined where it fails. */
export function output(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** Whether npm has installed what package-lock.json pins; what is optional may be missing on this platform. */
function isInstalled(cwd) {
  const packages = (...file) => JSON.parse(readFileSync(join(cwd, ...file), "utf8")).packages;
  if (!existsSync(join(cwd, "node_modules", ".package-lock.json"))) return false;
  const there = packages("node_modules", ".package-lock.json");
  return Object.entries(packages("package-lock.json")).every(
    ([path, { version, optional }]) =>
      !path.startsWith("node_modules/") || optional || (path in there && there[path].version === version),
  );
}

/** Installs the development dependencies that package-lock.json pins, once for each clone and each change of it. */
export async function installDependencies() {
  if (isInstalled(root)) return;
  step("Installing the development dependencies from npm (about 250 MB, a minute) …");
  await run(process.platform === "win32" ? "npm.cmd" : "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** Installs what a folder needs, likewise; those of www link pkg/, which has to be built before. */
async function installFor(folder, title, size) {
  const cwd = join(root, folder);
  if (isInstalled(cwd)) return;
  step(`Installing what ${title} from npm (${size}) …`);
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  await run(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd });
}

export const installMiddleware = () => installFor("www/middleware", "the middleware needs", "80 MB");
export const installDesktop = () => installFor("www/desktop", "the desktop page needs", "3 MB");
export const installExamples = () => installFor("www/element", "the examples of the element need", "70 MB");

export const installReference = () => installFor("docs/reference", "the API reference needs", "50 MB");

/** Names in one line what to install where the toolchain is missing, and adds the wasm target where rustup can. */
export async function ensureRust() {
  if (!output("cargo", ["--version"]))
    throw new Error("Rust is missing. Install it from https://rustup.rs, then run this command again.");
  const installed = output("rustup", ["target", "list", "--installed"]);
  if (installed !== undefined && !installed.split("\n").includes("wasm32-unknown-unknown")) {
    step("Adding Rust's wasm32-unknown-unknown target …");
    await run("rustup", ["target", "add", "wasm32-unknown-unknown"]);
  }
}

/** Builds one of the tools once for all clones; gives its path. */
export async function tool(name) {
  const target = join(cache, "target");
  const binary = join(target, "debug", process.platform === "win32" ? `${name}.exe` : name);
  if (!existsSync(binary)) step(`Compiling ${name} once for this machine (one to five minutes) ...`);
  const features = name === "wasm-bindgen-test-runner" ? ["--features", "test-runner"] : [];
  const profile = ["--config", "profile.dev.debug=false", "--target-dir", target];
  await run("cargo", ["build", "--locked", "--quiet", "-p", "tools", "--bin", name, ...features, ...profile]);
  return binary;
}
