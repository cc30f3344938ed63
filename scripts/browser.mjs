// Browsers, and the driver that wasm-bindgen's tests need: found, or installed where that needs no password.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { output, run, step } from "./run.mjs";

const HINT = "install them with: sudo apt-get install chromium chromium-driver (or set CHROME_PATH and CHROMEDRIVER)";

const folders = (process.env.PATH ?? "").split(process.platform === "win32" ? ";" : ":");
const onPath = (names) =>
  names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
const mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

function find() {
  const chrome =
    process.env.CHROME_PATH ?? onPath(["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]);
  return {
    chrome: chrome ?? (existsSync(mac) ? mac : undefined),
    chromedriver: process.env.CHROMEDRIVER ?? onPath(["chromedriver", "chromedriver.exe"]),
  };
}

const isDebianRoot = () =>
  process.platform === "linux" && process.getuid?.() === 0 && output("apt-get", ["--version"]) !== undefined;

/** Debian's packages, where nobody has to be asked for a password. */
async function installFromDebian(names) {
  if (!isDebianRoot()) return;
  step(`Installing ${names.join(", ")} from Debian (a minute) …`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-qq"], { env })
    .then(() => run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...names], { env }))
    .catch((error) => console.error(error.message));
}

/**
 * `missing` says why a browser test cannot run.
 * @returns {Promise<{ chrome?: string, chromedriver?: string, missing?: string }>}
 */
export async function browser() {
  let found = find();
  if (!found.chrome || !found.chromedriver) {
    await installFromDebian(["chromium", "chromium-driver"]);
    found = find();
  }
  const missing = found.chrome
    ? found.chromedriver
      ? undefined
      : "no chromedriver found"
    : "no Chromium or Chrome found";
  return { ...found, missing: missing && `${missing}; ${HINT}` };
}

/**
 * A program by its names, or why it is missing and how to get it.
 * @param {string} title
 * @param {string[]} names
 * @param {string[]} packages Debian's
 * @returns {Promise<{ path?: string, missing?: string }>}
 */
export async function installed(title, names, packages, isComplete = () => true) {
  let path = onPath(names);
  if (!path || !isComplete()) {
    await installFromDebian(packages);
    path = onPath(names);
  }
  return path && isComplete()
    ? { path }
    : { missing: `no ${title} found; on Debian: sudo apt-get install ${packages.join(" ")}` };
}

/** Firefox, or why it is missing. */
export const firefox = () => installed("Firefox", ["firefox-esr", "firefox"], ["firefox-esr"]);

/** How long a browser may take for one thing: for a machine under load, not a measurement. */
const PATIENCE_MS = 60_000;

/**
 * Starts a browser that tests and pictures drive.
 * @param {"chrome" | "firefox"} browser
 * @param {string} executablePath
 */
export async function launch(browser, executablePath, options = {}) {
  const { default: puppeteer } = await import("puppeteer-core");
  const args = browser === "chrome" ? chromeArguments : [];
  return puppeteer.launch({ browser, executablePath, args, protocolTimeout: PATIENCE_MS, ...options });
}

/** What Chromium needs to run without a desktop, also as root, and without calling home. */
export const chromeArguments = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
