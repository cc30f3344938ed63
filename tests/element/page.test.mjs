// The page of www/index.html in real browsers, under the policy that it sets.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildPage, pageFolder } from "../../scripts/page.mjs";
import { serve } from "../../scripts/serve.mjs";
import { audit } from "./axe.mjs";
import { inBrowsers, open } from "./support.mjs";

before(buildPage);

/** What runs in a worker in virtual time is the same in every browser: in full in Chromium only. */
const inFull = (browser) => (browser.name === "Chromium" ? test : () => {});

inBrowsers((browser) => {
  let server;
  let instance;
  let tab;

  before(async () => {
    server = await serve();
    instance = await open(browser);
  });
  after(async () => {
    await instance?.close();
    await server?.close();
  });

  /** Opens the page by a link; returns the report and the kind of each contender. */
  async function at(fragment = "", url = `${server.url}www/index.html`) {
    if (tab) await tab.close();
    tab = await instance.page(`${url}${fragment}`);
    return shown();
  }
  const shown = async () => {
    await tab.page.waitForFunction(() => document.body.dataset.shown && !document.body.dataset.pending);
    return tab.page.evaluate(() =>
      Object.fromEntries(
        [...document.querySelectorAll("[data-contender][data-report]")].map(({ dataset, className }) => [
          dataset.contender,
          `${dataset.report} ${className.replace("contender ", "")}`,
        ]),
      ),
    );
  };

  test("the first story: a 409 without the package, removed with it", async () => {
    assert.deepEqual(await at(), { post: "HTTP 409 bad", check: "HTTP 409 bad", ours: "disconnected good" });
    const { steps, drawn, code } = await tab.page.evaluate(() => ({
      steps: document.querySelector("#steps").textContent,
      drawn: document.querySelectorAll("#sequence .arrow").length,
      code: document.querySelector("#code").textContent,
    }));
    assert.match(
      steps,
      /POST \/api\/v2\/conversations\/voice\/participants.*409 conflict.*wait \d+ ms \(settling\).*204/s,
    );
    assert.ok(drawn >= 8, `${drawn} arrows`);
    assert.match(code, /api: "voice"/);
    const lane = await tab.page.evaluate(() =>
      document.querySelector("[data-contender=ours] svg[role=img]").getAttribute("aria-label"),
    );
    assert.match(lane, /true: .*changing until \d+ ms, connected until \d+ ms, disconnected until \d+ ms/);
  });

  inFull(browser)("each story, with what each contender reports of it", async () => {
    const expected = {
      connected: ["removed good", "removed good", "disconnected good"],
      ringing: ["HTTP 409 bad", "not active bad", "disconnected good"],
      transfer: ["HTTP 409 bad", "not active bad", "disconnected good"],
      leaving: ["HTTP 409 warn", "HTTP 409 warn", "already-disconnected good"],
      queued: ["HTTP 409 warn", "not active warn", "not-connected warn"],
      stuck: ["HTTP 409 bad", "HTTP 409 bad", "CONFLICT bad"],
      gone: ["HTTP 409 warn", "not active warn", "already-disconnected good"],
      unknown: ["HTTP 404 warn", "not active warn", "PARTICIPANT_NOT_FOUND warn"],
    };
    const seen = {};
    for (const story of Object.keys(expected)) {
      const { post, check, ours } = await at(`#story=${story}`);
      seen[story] = [post, check, ours];
    }
    assert.deepEqual(seen, expected);
    const lost = await at("#story=connected&lost=true&api=calls");
    assert.deepEqual(lost, { post: "no answer bad", check: "no answer bad", ours: "disconnected good" });
  });

  test("a change shows at once, and the link holds it; the same link shows the same again", async () => {
    await at();
    await tab.page.select("[name=story]", "transfer");
    await tab.page.evaluate(() => {
      for (const [name, value] of [
        ["lagMs", 350],
        ["latencyMs", 90],
        ["settleMs", 3_000],
        ["seed", 7],
      ]) {
        const field = document.querySelector(`[name=${name}]`);
        field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      for (const name of ["limited", "confirm"]) document.querySelector(`[name=${name}]`).click();
    });
    await shown();
    const of = () =>
      tab.page.evaluate(() => ({
        hash: location.hash,
        steps: document.querySelector("#steps").textContent,
        code: document.querySelector("#code").textContent,
      }));
    const first = await of();
    assert.equal(first.hash, "#story=transfer&lagMs=350&latencyMs=90&settleMs=3000&limited=true&confirm=true&seed=7");
    assert.match(first.code, /settleMs: 3000,.*confirm: true,/s);
    assert.match(first.steps, /429.*retry-after/s);
    await at(first.hash);
    assert.deepEqual(await of(), first);
    // Invalid values of a link become the defaults.
    await at("#story=nothing&lagMs=abc&latencyMs=99999&api=x&seed=");
    const values = await tab.page.evaluate(() =>
      ["story", "lagMs", "latencyMs", "api", "seed"].map((name) => document.querySelector(`[name=${name}]`).value),
    );
    assert.deepEqual(values, ["joining", "200", "200", "voice", "1"]);
    await at("#story=constructor&lagMs=33&seed=5000000");
    const odd = await tab.page.evaluate(() =>
      ["story", "lagMs", "seed"].map((name) => document.querySelector(`[name=${name}]`).value),
    );
    assert.deepEqual(odd, ["joining", "25", "999999"]);
    await tab.page.click("#reset");
    await shown();
    assert.equal(await tab.page.evaluate(() => location.hash), "");
    // By keyboard, down to 0.
    await tab.page.focus("#lagMs");
    await tab.page.keyboard.press("Home");
    await shown();
    assert.equal(await tab.page.evaluate(() => location.hash), "#lagMs=0");
    assert.equal(await tab.page.$eval("output[for=lagMs]", (output) => output.value), "0 ms");
  });

  test("every control has a name, also the sliders", async () => {
    await at();
    const nameless = await tab.page.evaluate(() =>
      [...document.querySelectorAll("input, select")]
        .filter(({ labels }) => labels.length !== 1)
        .map(({ name }) => name),
    );
    assert.deepEqual(nameless, []);
    const named = await tab.page.evaluate(() => document.querySelector("#lagMs").labels[0].textContent);
    assert.equal(named, "Reads lag by");
  });

  test("verdicts are true for unknown effects, changes by others, and errors that may have removed her", async () => {
    const verdicts = async (fragment) => {
      await at(fragment);
      return tab.page.evaluate(() =>
        Object.fromEntries(
          [...document.querySelectorAll("article")].map((card) => [
            card.dataset.contender,
            [...card.querySelectorAll(".verdict")]
              .filter(({ hidden }) => !hidden)
              .map(({ textContent }) => textContent)
              .join(" | "),
          ]),
        ),
      );
    };
    // "not active" is true: she is ringing at that time.
    assert.equal(
      (await verdicts("#story=ringing")).check,
      "✗ It reports: not active, nothing sent. Grace stays on the call.",
    );
    const lost = await verdicts("#story=connected&lost=true");
    assert.match(
      lost.post,
      /no answer\. Grace was removed\. \| It does not know whether Grace was removed\. She was\.$/,
    );
    const left = await verdicts("#story=leaving&unavailable=true");
    assert.match(left.ours, /^✓ It reports: disconnected; the platform did not confirm that this call did it\. Grace/);
    const early = await verdicts("#story=connected&conflict=true&lost=true&lagMs=600&effectMs=500&settleMs=250");
    assert.match(early.ours, /^– It reports: CONFLICT, and that Grace may have been removed\. Grace was removed\.$/);
  });

  test("a change leaves the focus, and what is open, as they are", async () => {
    await at();
    await tab.page.click("[data-contender=post] summary");
    await tab.page.setViewport({ width: 900, height: 700 });
    await tab.page.evaluate(() => {
      location.hash = "#api=calls";
    });
    await tab.page.waitForFunction(() =>
      document.querySelector("[data-contender=post] pre").textContent.includes("PATCH"),
    );
    const seen = await tab.page.evaluate(() => [
      document.activeElement.tagName,
      document.querySelector("details").open,
    ]);
    assert.deepEqual(seen, ["SUMMARY", true]);
  });

  inFull(browser)(
    "a thousand races: the package removes all removable callers without a false report; stop",
    async () => {
      await at("#lagMs=400");
      await tab.page.click("#race");
      await tab.page.waitForFunction(() => document.querySelector("#progress").value > 0);
      const label = await tab.page.$eval("#race", (button) => button.textContent);
      assert.equal(label, "Stop");
      await tab.page.waitForFunction(() => document.querySelector("#progress").value === 1);
      const rows = await tab.page.evaluate(() =>
        [...document.querySelectorAll("#races tr")].map((row) => ({
          cells: [...row.querySelectorAll("td")].map((cell) => cell.textContent),
          fill: row.querySelector(".fill").style.inlineSize,
        })),
      );
      const [post, check, ours] = rows.map(({ cells }) => cells.map((cell) => Number.parseFloat(cell)));
      assert.deepEqual(ours.slice(0, 2), [100, 0]);
      assert.ok(post[0] < 80 && check[0] < 80 && check[1] > 0, JSON.stringify(rows));
      assert.equal(rows[2].fill, "100%");
      const words = await tab.page.$eval("#progress-text", ({ parentElement }) => parentElement.textContent);
      assert.match(words, /^Done\. 1000 races, \d{3} callers who could be removed$/);
      const isOutdated = () => tab.page.$eval("#outdated", ({ hidden }) => !hidden);
      await tab.page.select("#api", "calls");
      assert.equal(await isOutdated(), true);
      await tab.page.select("#api", "voice");
      assert.equal(await isOutdated(), false);
      await tab.page.click("#race");
      await tab.page.waitForFunction(() => document.querySelector("#progress").value < 1);
      await tab.page.click("#race");
      assert.equal(await tab.page.$eval("#race", (button) => button.textContent), "Run 1,000 races");
    },
  );

  test("the element on the page removes Grace, on the platform of the settings", async () => {
    await at("#transitionMs=300&language=de");
    const text = await tab.page.evaluate(async () => {
      const element = document.querySelector("#element");
      const row = () =>
        [...element.shadowRoot.querySelectorAll("[part=participant]")].find((one) => one.textContent.includes("Grace"));
      const until = async (condition) => {
        while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
      };
      await until(() => row() && element.client);
      await new Promise((resolve) => setTimeout(resolve, 400)); // the settings' own restart
      await until(row);
      row().querySelector("[part=button]").click();
      row().querySelector("[part=confirm]").click();
      await until(() => document.querySelectorAll("#element-events li").length === 2);
      const events = [...document.querySelectorAll("#element-events li")].map((item) => item.textContent);
      return [...events, element.shadowRoot.querySelector("[part=status]").textContent];
    });
    assert.deepEqual(text, [
      "remove-caller-before · Grace",
      "remove-caller-outcome · Grace · disconnected",
      "Grace wurde entfernt.",
    ]);
  });

  test("axe finds no violation, nothing overflows, from 360 to 1920 px, light and dark", async () => {
    await at("#story=transfer&conflict=true&lost=true&api=calls");
    const found = [];
    let rules = 0;
    for (const [width, scheme] of [
      [360, "dark"],
      [768, "light"],
      [1920, "dark"],
      [1920, "light"],
    ]) {
      await tab.page.setViewport({ width, height: 900 });
      if (browser.kind === "chrome") {
        await tab.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      }
      await tab.page.evaluate(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      const { problems, passed } = await audit(tab.page);
      rules += passed;
      for (const problem of problems) found.push(`${width} ${scheme}: ${problem}`);
    }
    assert.deepEqual(found, []);
    console.log(`axe, ${browser.name}: the page in 4 views, ${rules} rules passed, 0 violations`);
  });

  test("the code is copied, or selected where the clipboard is not allowed", async () => {
    await at();
    await tab.page.evaluate(() => {
      Object.defineProperty(navigator, "clipboard", {
        configurable: true,
        value: { writeText: async (text) => Object.assign(window, { copied: text }) },
      });
      document.querySelector("#copy-code").click();
    });
    await tab.page.waitForFunction(() => document.querySelector("#copy-code").textContent === "Copied");
    assert.match(await tab.page.evaluate(() => window.copied), /^import \{ disconnectIfConnected \}/);
    await tab.page.evaluate(() => {
      Object.defineProperty(navigator, "clipboard", { configurable: true, value: undefined });
      document.querySelector("#copy-element-code").click();
    });
    await tab.page.waitForFunction(() => getSelection().toString().includes("<remove-caller"));
  });

  test("no error in the console; the static build shows the same", async () => {
    await at("#story=ringing");
    // esbuild removes trailing commas.
    const codes = () =>
      tab.page.$$eval("pre", (all) => all.map((pre) => pre.textContent.replace(/,\n( *\})/g, "\n$1")));
    const code = await codes();
    assert.match(code[0], /^async function removeCaller\(\{ send, baseUrl/);
    assert.deepEqual(tab.problems, []);
    const own = await serve({ folder: pageFolder });
    try {
      const seen = await at("#story=ringing", `${own.url}index.html`);
      assert.deepEqual(await codes(), code);
      assert.deepEqual(seen, { post: "HTTP 409 bad", check: "not active bad", ours: "disconnected good" });
      assert.deepEqual(tab.problems, []);
    } finally {
      await tab.close();
      await own.close();
    }
  });
});
