// docs/element.md: its examples run as they stand, and its tables have what custom-elements.json has.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../scripts/run.mjs";
import { serve } from "../../scripts/serve.mjs";
import { browsers, open } from "./support.mjs";

const docs = readFileSync(join(root, "docs", "element.md"), "utf8");
const blocks = (language) =>
  [...docs.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, text]) => text);
const read = (...path) => readFileSync(join(root, ...path), "utf8");
const squeezed = (text) => text.replace(/\s+/g, " ").trim();

test("the tables have the properties, attributes, events, parts and custom properties of the manifest", () => {
  const { modules } = JSON.parse(read("pkg", "custom-elements.json"));
  const element = modules
    .flatMap(({ declarations }) => declarations)
    .find(({ tagName }) => tagName === "remove-caller");
  const names = (list) => list.map(({ name }) => name).sort();
  const section = (title) => docs.split(/^## /m).find((text) => text.startsWith(title));
  const cells = (text, column) =>
    [...text.matchAll(/^\|(.*)\|$/gm)]
      .map(([, row]) => row.split("|")[column])
      .flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  const fields = element.members.filter(({ kind, static: isStatic }) => kind === "field" && !isStatic);
  assert.deepEqual(cells(section("Properties"), 0).sort(), [...names(fields), "lang"].sort());
  assert.deepEqual(cells(section("Properties"), 1).sort(), names(element.attributes));
  assert.deepEqual(cells(section("Events"), 0).sort(), names(element.events));
  const appearance = cells(section("Appearance"), 0).sort();
  assert.deepEqual(
    appearance.filter((name) => !name.startsWith("--")),
    names(element.cssParts),
  );
  assert.deepEqual(
    appearance.filter((name) => name.startsWith("--")),
    names(element.cssProperties),
  );
  for (const { path } of modules) assert.ok(existsSync(join(root, "pkg", path)), path);
});

test("the snippets of the frameworks are those of the examples", () => {
  const [react] = blocks("tsx").map(squeezed);
  const example = squeezed(read("www", "element", "react", "main.tsx"));
  for (const line of ["<remove-caller", "options={options}", "onremove-caller-outcome={({ detail }) =>"]) {
    assert.ok(react.includes(line) && example.includes(line), line);
  }
  const [, , vue, svelte] = blocks("html").map(squeezed);
  for (const line of [':options.prop="options"', '@remove-caller-outcome="show"']) {
    assert.ok(vue.includes(line) && read("www", "element", "vue", "CallControls.vue").includes(line), line);
  }
  for (const line of ["conversation-id={conversationId}", "{options}", "onremove-caller-outcome={show}"]) {
    assert.ok(svelte.includes(line) && read("www", "element", "svelte", "CallControls.svelte").includes(line), line);
  }
});

for (const browser of browsers) {
  test(`the examples of a page, ${browser.name}`, { skip: browser.missing }, async (context) => {
    // The page as it stands, after what it takes for granted: a name for the package, a token, a platform.
    const names = {
      "disconnect-if-connected": "/pkg/index.js",
      "disconnect-if-connected/element": "/pkg/element/element.js",
      "disconnect-if-connected/element/define": "/pkg/element/define.js",
    };
    const given = `<!doctype html><meta charset="utf-8"><title>docs</title><link rel="icon" href="data:,">
      <script type="importmap">${JSON.stringify({ imports: names })}</script>
      <script>
        globalThis.getToken = () => "a-secret-token";
        globalThis.platform = import("/pkg/simulator.js").then(({ createSimulator }) => createSimulator({
          conversations: [{ id: "c-1", participants: [{ id: "p", name: "Grace", schedule: [{ at: -1e6, state: "connected" }] }] }],
        }));
        const fetched = globalThis.fetch;
        globalThis.fetch = async (url, init) =>
          String(url).includes("mypurecloud") ? (await platform).fetch(url, init) : fetched(url, init);
      </script>`;
    const files = await serve();
    const pages = blocks("html")
      .slice(0, 2)
      .map((text) => text.replace("element.iife.js", "/pkg/element.iife.js"));
    const server = createServer(async (request, response) => {
      const page = pages[Number(request.url.slice(1))];
      if (page) return response.setHeader("Content-Type", "text/html").end(given + page);
      const { status, headers, body } = await fetch(new URL(request.url, files.url));
      response.writeHead(status, { "Content-Type": headers.get("content-type") ?? "text/plain" });
      for await (const chunk of body) response.write(chunk);
      response.end();
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const instance = await open(browser);
    context.after(async () => {
      await instance.close();
      server.closeAllConnections();
      server.close();
      await files.close();
    });
    for (const index of pages.keys()) {
      const { page, problems } = await instance.page(`http://127.0.0.1:${server.address().port}/${index}`);
      const outcome = await page.evaluate(
        () =>
          new Promise((resolve) => {
            document.addEventListener("remove-caller-outcome", ({ detail }) => resolve(detail.result.outcome));
            const element = document.querySelector("remove-caller");
            const look = () => {
              const part = (name) => element.shadowRoot?.querySelector(`[part=${name}]`);
              if (!part("button")) return setTimeout(look, 10);
              part("button").click();
              part("confirm").click();
            };
            look();
          }),
      );
      assert.equal(outcome, "disconnected");
      assert.deepEqual(problems, []);
    }
    // The examples with a client and with another language, as modules of their own.
    const { page } = await instance.page(`http://127.0.0.1:${server.address().port}/0`);
    const [live, french] = blocks("js");
    const state = await page.evaluate(async (code) => {
      const element = document.querySelector("remove-caller");
      Object.assign(globalThis, { element, channel: {} });
      const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
      await import(url);
      const simulator = await globalThis.platform;
      const shown = () => element.shadowRoot?.querySelector("[part=state]")?.textContent;
      const until = async (condition) => {
        while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
      };
      await until(() => shown() === "connected");
      element.pollMs = 0;
      simulator.setState("c-1", "p", "queued");
      globalThis.channel.onmessage({ data: simulator.notification("c-1") });
      await until(() => shown() === "in the queue");
      return shown();
    }, live);
    assert.equal(state, "in the queue");
    const text = await page.evaluate(async (code) => {
      const url = URL.createObjectURL(new Blob([`${code}\nglobalThis.done = true;`], { type: "text/javascript" }));
      await import(url);
      const element = document.querySelector("remove-caller");
      element.lang = "fr";
      while (!element.shadowRoot?.querySelector("[part=button]"))
        await new Promise((resolve) => setTimeout(resolve, 10));
      return element.shadowRoot.querySelector("[part=button]").textContent;
    }, french);
    assert.equal(text, "Retirer");
    // The style sheet.
    await page.addStyleTag({ content: blocks("css")[0] });
    const style = await page.evaluate(() => {
      const button = document.querySelector("remove-caller").shadowRoot.querySelector("[part=button]");
      const { textTransform } = getComputedStyle(button);
      return [textTransform, getComputedStyle(button).getPropertyValue("--remove-caller-danger")];
    });
    assert.deepEqual(style, ["uppercase", "#7a1fa2"]);
  });
}
