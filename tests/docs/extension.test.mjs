// docs/hosts.md, "Browser extensions": with the key of the page, the package runs in the service worker, in a page and
// in a content script of an extension (Manifest V3), in Chromium.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { browser, chromeArguments, launch } from "../../scripts/browser.mjs";
import { root } from "../../scripts/run.mjs";
import { serve } from "../../scripts/serve.mjs";
import { createSimulator } from "../js/support/package.mjs";
import { blocksOf } from "./pages.mjs";

const { chrome, missing } = await browser();
const [key] = blocksOf("docs/hosts.md").filter(({ language }) => language === "json");

const MAX_WAIT_MS = 60_000;
/** The three places race for the disconnect. */
const GONE = /^(already-)?disconnected$/;

/** What each place runs: it gives the outcome, or what went wrong. */
const removal = (baseUrl) => `
  const options = { conversationId: "c", participantId: "p", accessToken: "t", baseUrl: "${baseUrl}" };
  const removed = (call) => call(options).then(({ outcome }) => outcome, ({ message }) => message);`;

async function extension(folder, baseUrl, pageUrl) {
  await mkdir(folder);
  await cp(join(root, "pkg"), join(folder, "package"), { recursive: true });
  const manifest = {
    manifest_version: 3,
    name: "docs",
    version: "1",
    background: { service_worker: "worker.js", type: "module" },
    content_scripts: [{ matches: [`${pageUrl}*`], js: ["package/index.iife.js", "content.js"] }],
    host_permissions: [`${baseUrl}/*`],
    ...JSON.parse(key.code),
  };
  const files = {
    "manifest.json": JSON.stringify(manifest),
    "worker.js": `import { disconnectIfConnected } from "./package/index.js";
      ${removal(baseUrl)}
      globalThis.outcome = removed(disconnectIfConnected);`,
    "panel.html": '<!doctype html><meta charset="utf-8"><script type="module" src="panel.js"></script>',
    "panel.js": `import { disconnectIfConnected } from "./package/index.js";
      ${removal(baseUrl)}
      document.title = await removed(disconnectIfConnected);`,
    "content.js": `${removal(baseUrl)}
      removed(DisconnectIfConnected.disconnectIfConnected).then((outcome) => { document.title = outcome; });`,
  };
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
}

test("service worker, page and content script of an extension", { skip: chrome ? false : missing }, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "docs-extension-"));
  const schedule = [{ at: -60_000, state: "connected" }];
  const simulator = await createSimulator({ conversations: [{ id: "c", participants: [{ id: "p", schedule }] }] });
  const platform = await simulator.listen();
  const server = await serve({ files: { "/page.html": "<!doctype html><p>a page" }, open: ["/page.html"] });
  await extension(join(folder, "extension"), platform.baseUrl, server.url);
  const args = chromeArguments.filter((argument) => argument !== "--headless");
  const more = { headless: true, args, enableExtensions: [join(folder, "extension")], pipe: true };
  const instance = await launch("chrome", chrome, more);
  context.after(async () => {
    await instance.close();
    await server.close();
    await platform.close();
    await rm(folder, { recursive: true, force: true });
  });

  const isWorker = (target) => target.type() === "service_worker";
  const worker = await (await instance.waitForTarget(isWorker, { timeout: MAX_WAIT_MS })).worker();
  let outcome;
  // The worker may still be starting.
  for (const started = Date.now(); !outcome && Date.now() - started < MAX_WAIT_MS; await delay(50))
    outcome = await worker.evaluate(() => globalThis.outcome);
  assert.match(outcome, GONE);

  const titleOf = async (url) => {
    const page = await instance.newPage();
    await page.goto(url);
    await page.waitForFunction(() => document.title, { timeout: MAX_WAIT_MS });
    return page.title();
  };
  assert.match(await titleOf(new URL("panel.html", worker.url()).href), GONE);
  assert.match(await titleOf(`${server.url}page.html`), GONE);
  assert.equal(simulator.log().filter(({ isWrite }) => isWrite).length, 1);
});
