// Where is a browser, and the driver that wasm-bindgen's tests need? Found, or installed where that needs nobody's password.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { output, run, step } from "./run.mjs";

const HINT = "install them with: sudo apt-get install chromium chromium-driver (or set CHROME_PATH and CHROMEDRIVER)";

const folders = (process.env.PATH ?? "").split(process.platform === "win32" ? ";" : ":");
const onPath = (names) => names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
const mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

function find() {
  const chrome = process.env.CHROME_PATH ?? onPath(["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]);
  return {
    chrome: chrome ?? (existsSync(mac) ? mac : undefined),
    chromedriver: process.env.CHROMEDRIVER ?? onPath(["chromedriver", "chromedriver.exe"]),
  };
}

/** @returns {Promise<{ chrome?: string, chromedriver?: string, missing?: string }>} `missing` says why a browser test cannot run */
export async function browser() {
  let found = find();
  const isDebianRoot = process.platform === "linux" && process.getuid?.() === 0 && output("apt-get", ["--version"]) !== undefined;
  if ((!found.chrome || !found.chromedriver) && isDebianRoot) {
    step("Installing chromium and chromium-driver from Debian (a minute) …");
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await run("apt-get", ["update", "-qq"], { env })
      .then(() => run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium", "chromium-driver"], { env }))
      .catch((error) => console.error(error.message));
    found = find();
  }
  const missing = found.chrome ? (found.chromedriver ? undefined : "no chromedriver found") : "no Chromium or Chrome found";
  return { ...found, missing: missing && `${missing}; ${HINT}` };
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
