// The pages of README.md and docs/hosts.md (import map, classic script, sandboxed frame), as they stand, in Chromium.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, launch } from "../../scripts/browser.mjs";
import { serve } from "../../scripts/serve.mjs";
import { createSimulator } from "../js/support/package.mjs";
import { blocksOf } from "./pages.mjs";

const { chrome, missing } = await browser();
const skip = chrome ? false : missing;
const html = (path) => blocksOf(path).filter(({ language }) => language === "html");
const [readme] = html("README.md");
const [importMap, classic] = html("docs/hosts.md");

const INSTALLED = "/node_modules/disconnect-if-connected/";
const imports = {
  "disconnect-if-connected": `${INSTALLED}index.js`,
  "disconnect-if-connected/element/define": `${INSTALLED}element/define.js`,
};
const icon = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">';
const given = (baseUrl) => `${icon}
  <script type="importmap">
    ${JSON.stringify({ imports })}
  </script>
  <script>
    const getToken = () => "a-token";
    const fetched = fetch;
    globalThis.fetch = (url, init) => fetched(String(url).replace("https://api.mypurecloud.com", "${baseUrl}"), init);
  </script>`;

let server;
let platform;
let instance;

before(async () => {
  if (skip) return;
  const schedule = [{ at: -60_000, state: "connected" }];
  const participants = (id) => [{ id, purpose: "customer", name: "Grace", schedule }];
  const conversations = ["c", "c-1"].map((id) => ({ id, participants: participants("p") }));
  platform = await (await createSimulator({ conversations })).listen();
  const sandboxed = `<script src="${INSTALLED}index.iife.js"></script><script>
    const options = { conversationId: "c", participantId: "p", accessToken: "t", baseUrl: "${platform.baseUrl}" };
    DisconnectIfConnected.disconnectIfConnected(options).then(
      ({ outcome }) => parent.postMessage([origin, outcome], "*"),
      ({ message }) => parent.postMessage([origin, message], "*"));
  </script>`;
  const files = {
    "/readme.html": given(platform.baseUrl) + readme.code,
    "/import-map.html": icon + importMap.code,
    "/classic.html": given(platform.baseUrl) + classic.code,
    "/inner.html": icon + sandboxed,
    "/sandbox.html": `${icon}<script>onmessage = ({ data }) => { document.title = data.join(" "); }</script>
      <iframe sandbox="allow-scripts" src="/inner.html"></iframe>`,
  };
  server = await serve({ open: ["/"], files, folders: { [INSTALLED]: "/pkg/" } });
  instance = await launch("chrome", chrome);
});
after(async () => {
  await instance?.close();
  await server?.close();
  await platform?.close();
});

/** The title that a page has in the end. */
async function titleOf(path, act) {
  const page = await instance.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(new URL(path, server.url).href);
  await act?.(page);
  await page.waitForFunction(() => document.title, { timeout: 60_000 });
  const title = await page.title();
  assert.deepEqual(problems, []);
  await page.close();
  return title;
}

test("README.md: the element", { skip }, async () => {
  const outcome = await titleOf("/readme.html", (page) =>
    page.evaluate(async () => {
      document.addEventListener("remove-caller-outcome", ({ detail }) => {
        document.title = detail.result.outcome;
      });
      const part = (name) => document.querySelector("remove-caller").shadowRoot?.querySelector(`[part=${name}]`);
      while (!part("button")?.matches(":not([aria-disabled=true])"))
        await new Promise((resolve) => setTimeout(resolve, 10));
      part("button").click();
      part("confirm").click();
    }),
  );
  assert.equal(outcome, "disconnected");
});

test("docs/hosts.md: an import map", { skip }, async () => {
  assert.equal(await titleOf("/import-map.html"), "disconnected");
});

test("docs/hosts.md: a classic script", { skip }, async () => {
  // `voice`, which is the default.
  assert.equal(await titleOf("/classic.html"), "disconnected");
});

test("docs/hosts.md: a frame with a sandbox, without an origin", { skip }, async () => {
  assert.equal(await titleOf("/sandbox.html"), "null already-disconnected");
});
