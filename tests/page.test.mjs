// The page in a real browser: what a person sees after pressing the button, under the strict Content-Security-Policy it sets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { browser, chromeArguments } from "../scripts/browser.mjs";
import { serve } from "../scripts/serve.mjs";

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
    await page.waitForFunction(() => !document.querySelector("[type=submit]").disabled && document.querySelector("#timeline li"));
    return page.textContent("#outcome");
  };
  assert.match(await outcome({}), /^Grace was disconnected: disconnected, 2 requests/);
  assert.match(await outcome({ schedule: "busy for 400 ms, then connected (the 409)" }), /^Grace was disconnected/);
  assert.match(await page.textContent("#timeline"), /← 409 conflict.*← 204/s);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  assert.match(await outcome({ schedule: "gone already" }), /already-disconnected, 1 requests/);
  assert.match(await outcome({ schedule: "queued", api: "calls (published API)" }), /^Grace stayed queued: not-connected/);
  assert.match(
    await outcome({ schedule: "connected", fault: "403 on the disconnect" }),
    /^FORBIDDEN: .*conversation:communication:disconnect/,
  );
  assert.match(await outcome({ fault: "the answer to the disconnect is lost" }), /^Grace was disconnected: disconnected, [3-9] requests/);

  await page.selectOption("[name=fault]", { label: "the first read hangs" });
  await page.click("[type=submit]");
  await page.waitForSelector("#timeline li");
  await page.click("#abort");
  await page.waitForFunction(() => document.querySelector("#outcome").textContent === "You aborted the call.");
  assert.deepEqual(problems, []);
});
