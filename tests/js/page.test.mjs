// The page in a real browser: what a person sees after pressing the button, under the strict Content-Security-Policy it
// sets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { browser, chromeArguments } from "../../scripts/browser.mjs";
import { root } from "../../scripts/run.mjs";
import { serve } from "../../scripts/serve.mjs";

const { chrome, missing } = await browser();

test("the page removes the caller and tells how", { skip: chrome ? false : missing }, async (context) => {
  const server = await serve();
  const instance = await chromium.launch({ executablePath: chrome, args: chromeArguments });
  context.after(() => Promise.all([instance.close(), server.close()]));
  const page = await instance.newPage({ viewport: { width: 1100, height: 760 } });
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.goto(server.url);

  const outcome = async (choices) => {
    for (const [name, label] of Object.entries(choices)) await page.selectOption(`[name=${name}]`, { label });
    await page.click("[type=submit]");
    await page.waitForFunction(
      () => !document.querySelector("[type=submit]").disabled && document.querySelector("#timeline li"),
    );
    return page.textContent("#outcome");
  };
  assert.match(await outcome({}), /^Grace was disconnected: disconnected, 2 requests/);
  assert.match(await outcome({ schedule: "busy for 400 ms, then connected (the 409)" }), /^Grace was disconnected/);
  assert.match(await page.textContent("#timeline"), /← 409 conflict.*← 204/s);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  assert.match(await outcome({ schedule: "gone already" }), /already-disconnected, 1 requests/);
  assert.match(
    await outcome({ schedule: "queued", api: "calls (published API)" }),
    /^Grace stayed queued: not-connected/,
  );
  assert.match(
    await outcome({ schedule: "connected", fault: "403 on the disconnect" }),
    /^FORBIDDEN: .*conversation:communication:disconnect/,
  );
  assert.match(
    await outcome({ fault: "the answer to the disconnect is lost" }),
    /^Grace was disconnected: disconnected, [3-9] requests/,
  );

  await page.selectOption("[name=fault]", { label: "the first read hangs" });
  await page.click("[type=submit]");
  await page.waitForSelector("#timeline li");
  await page.click("#abort");
  await page.waitForFunction(() => document.querySelector("#outcome").textContent === "You aborted the call.");
  assert.deepEqual(problems, []);
});

test("a bundle by esbuild's defaults, in a classic script", { skip: chrome ? false : missing }, async (context) => {
  const contents = `import { DisconnectError, disconnectIfConnected } from "./pkg/index.js"; Object.assign(window, { DisconnectError, disconnectIfConnected });`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
  });
  const server = await serve();
  const instance = await chromium.launch({ executablePath: chrome, args: chromeArguments });
  context.after(() => Promise.all([instance.close(), server.close()]));
  const page = await instance.newPage();
  await page.goto(`${server.url}www/page.css`);
  await page.addScriptTag({ content: outputFiles[0].text });
  const ends = await page.evaluate(async () => {
    const options = { conversationId: "c", participantId: "p", accessToken: "a-secret-token", region: "us-east-1" };
    const fetch = async (_, { method }) =>
      method === "GET"
        ? Response.json({ entities: [{ id: "p", state: "connected" }] })
        : new Response(null, { status: 204 });
    const { outcome } = await window.disconnectIfConnected({ ...options, fetch });
    const error = await window.disconnectIfConnected({ ...options, fetch, settleMs: -1 }).catch((error) => error);
    return [outcome, error.code, error instanceof window.DisconnectError];
  });
  assert.deepEqual(ends, ["disconnected", "INVALID_ARGUMENT", true]);
});
