// The built examples of www/element in real browsers: React 19, Vue 3, Svelte 5, a plain script, a closed shadow root;
// against the simulator over HTTP, under a strict policy.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { installExamples, root } from "../../scripts/run.mjs";
import { serve } from "../../scripts/serve.mjs";
import { browsers, open, POLICY } from "./support.mjs";

await installExamples();
const { buildExamples, examples, startPlatform } = await import("../../www/element/start.mjs");

test("the types of the React example", () => {
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "www/element"],
    {
      cwd: root,
      encoding: "utf8",
    },
  );
  assert.equal(status, 0, stdout);
});

describe("examples", () => {
  let folder;
  let server;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "examples-"));
    await buildExamples(folder);
    // Vue and Svelte create their own Trusted Types policies. The platform is another origin.
    const policy = POLICY.replace("connect-src 'self'", "connect-src http:").replace(
      "trusted-types 'none'",
      "trusted-types vue svelte-trusted-html",
    );
    server = await serve({ folder, headers: { "Content-Security-Policy": policy } });
  });
  after(async () => {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const instances = new Map();
  after(() => Promise.all([...instances.values()].map((instance) => instance.close())));
  for (const browser of browsers) {
    for (const example of examples) {
      test(`${example}, ${browser.name}`, { skip: browser.missing }, async (context) => {
        const platform = await startPlatform();
        if (!instances.has(browser)) instances.set(browser, await open(browser));
        const instance = instances.get(browser);
        context.after(() => platform.server.close());
        const query = new URLSearchParams({ baseUrl: platform.server.baseUrl, conversationId: "call-1" });
        const { page, problems } = await instance.page(`${server.url}${example}/index.html?${query}`);
        // By keyboard, which also reaches into closed shadow roots: Grace's button, the question, its answer.
        await page.waitForFunction(() => document.querySelector("h1"));
        while (platform.simulator.log().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        await page.waitForFunction(
          () =>
            document.querySelector("c-call-controls") ||
            document.querySelector("remove-caller")?.shadowRoot.querySelector("li"),
        );
        await page.click("h1");
        const ended = () => page.$eval("output", (output) => output.textContent);
        while ((await ended()) === "") {
          // Tab past the first participant's button; again until the second one is listed.
          await page.keyboard.press("Tab");
          await page.keyboard.press("Tab");
          await page.keyboard.press("Enter");
          await page.keyboard.press("Enter");
          for (let waits = 0; waits < 50 && (await ended()) === ""; waits++)
            await new Promise((resolve) => setTimeout(resolve, 50));
          await page.click("h1");
        }
        assert.equal(await ended(), "Grace Hopper: disconnected");
        assert.equal(platform.simulator.state("call-1", "p-grace"), "disconnected");
        assert.equal(platform.simulator.log().filter(({ accepted }) => accepted).length, 1);
        // Firefox and Chromium report the simulated 409 as a failed load.
        assert.deepEqual(
          problems.filter((problem) => !/409/.test(problem)),
          [],
        );
      });
    }
  }

  test("a bundle by esbuild's defaults, in a classic script", { skip: browsers[0].missing }, async () => {
    const contents = `import { DisconnectError, disconnectIfConnected } from "./pkg/index.js";
      Object.assign(window, { DisconnectError, disconnectIfConnected });`;
    const stdin = { contents, resolveDir: root };
    const { outputFiles } = await build({ stdin, bundle: true, minify: true, write: false });
    const instance = await open(browsers[0]);
    try {
      const { page } = await instance.page("about:blank");
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
    } finally {
      await instance.close();
    }
  });
});
