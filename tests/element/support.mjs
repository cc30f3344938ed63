// Browsers for the tests of the element and of the page: Chromium and Firefox, driven by Puppeteer, under the strict
// Content-Security-Policy that docs/element.md states.
import { describe } from "node:test";
import { browser, firefox, launch } from "../../scripts/browser.mjs";
import { serve } from "../../scripts/serve.mjs";
import { isFresh } from "../../scripts/stamp.mjs";

if (!isFresh()) throw new Error("pkg/ is missing or older than its sources: run `npm run build` first");

export const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src data:",
  "frame-src 'self'",
  "connect-src 'self'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** The deadline of a wait, long enough for a machine under load. */
const TIMEOUT_MS = 60_000;

const { chrome, missing } = await browser();
const { path: fox, missing: noFirefox } = await firefox();

/** The browsers; `missing` is the reason why one cannot run here. */
export const browsers = [
  { name: "Chromium", kind: "chrome", path: chrome, missing: chrome ? undefined : missing },
  { name: "Firefox", kind: "firefox", path: fox, missing: noFirefox },
];

/**
 * Tests in all browsers, which run at the same time: for the most part, a test waits for its browser.
 * @param {(browser: { name: string, kind: string, path?: string }) => void} tests
 */
export const inBrowsers = (tests) =>
  describe("browsers", { concurrency: true }, () => {
    for (const one of browsers) describe(one.name, { skip: one.missing, concurrency: 1 }, () => tests(one));
  });

export const serveTests = (headers = { "Content-Security-Policy": POLICY }) =>
  serve({ open: ["/www/", "/pkg/", "/tests/element/", "/node_modules/axe-core/"], headers });

/**
 * Opens pages of one browser; `problems` collects what the console and the page report as errors.
 * @param {{ kind: string, path?: string }} of
 */
export async function open({ kind, path }, options = {}) {
  const instance = await launch(kind, path, options);
  return {
    version: await instance.version(),
    async page(url) {
      const context = await instance.createBrowserContext();
      const page = await context.newPage();
      page.setDefaultTimeout(TIMEOUT_MS);
      const problems = [];
      page.on("pageerror", (error) => problems.push(String(error)));
      page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
      await page.goto(url);
      return { page, problems, close: () => context.close() };
    },
    close: () => instance.close(),
  };
}
