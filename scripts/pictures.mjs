// `npm run pictures`: the pictures of README and docs, taken from the real page and element. With a folder as argument
// it also writes there every state of the element, to look at: wide, narrow and dark, in forced colours, right to left.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { browser, launch } from "./browser.mjs";
import { build } from "./build.mjs";
import { buildDesktop, stage } from "./desktop.mjs";
import { root, step } from "./run.mjs";
import { serve } from "./serve.mjs";
import { writeTerminal } from "./terminal.mjs";

const [folder] = process.argv.slice(2);

await build();
const { chrome, missing } = await browser();
if (!chrome) throw new Error(missing);
const server = await serve({ open: ["/www/", "/pkg/", "/tests/element/"] });
const instance = await launch("chrome", chrome);

async function tab({ width, height, scheme = "light", forced = "none", scale = 1 }) {
  const page = await instance.newPage();
  await page.setViewport({ width, height, deviceScaleFactor: scale });
  const features = [
    { name: "prefers-color-scheme", value: scheme },
    { name: "forced-colors", value: forced },
    { name: "prefers-reduced-motion", value: "reduce" },
  ];
  const session = await page.createCDPSession();
  await session.send("Emulation.setEmulatedMedia", { features });
  return page;
}

/** The upper part of the page, with the story that it begins with. */
async function thePage() {
  const page = await tab({ width: 1280, height: 935 });
  await page.goto(`${server.url}www/index.html`);
  await page.waitForFunction(() => document.body.dataset.shown && !document.body.dataset.pending);
  await page.screenshot({ path: join(root, "docs", "page.png") });
  await page.close();
}

/** The states of the element; each goes on from the one before it where it says so. */
const states = {
  list: () => lab.mount(),
  asking: () => lab.part("button", "Grace Hopper").click(),
  removing: async () => {
    const [grace] = lab.people.filter(({ id }) => id === "p-grace");
    const changing = { ...grace, schedule: [{ at: lab.ALWAYS, state: "connected", changing: true }] };
    const others = lab.people.filter(({ id }) => id !== "p-grace");
    await lab.mount({ participants: [...others, changing], confirmMode: "never" });
    lab.part("button", "Grace Hopper").click();
    await lab.until(() => lab.status().includes("still changing"));
  },
  refused: () => lab.until(() => lab.events.length === 2),
  removed: async () => {
    await lab.mount();
    await lab.removal("Grace Hopper");
    document.activeElement.blur();
  },
  unreadable: () => lab.mount({ platform: { faults: [{ status: 401, times: 2 }] } }),
  empty: () => lab.mount({ participants: [] }),
};

async function lab(view) {
  const page = await tab(view);
  await page.goto(`${server.url}tests/element/page.html`);
  await page.waitForFunction(() => window.ready);
  await page.evaluate((direction) => {
    document.querySelector("h1").hidden = true;
    document.documentElement.dir = direction;
  }, view.direction ?? "ltr");
  return page;
}

/** Three states of the element. */
async function theElement() {
  const page = await lab({ width: 460, height: 230, scale: 1.5 });
  await page.evaluate(states.list);
  for (const state of ["asking", "removing", "removed"]) {
    await page.evaluate(states[state]);
    await page.screenshot({ path: join(root, "docs", `element-${state}.png`) });
  }
  await page.close();
}

/** The desktop page in a desktop, while it asks. */
async function theDesktop() {
  await buildDesktop();
  const set = await stage();
  const page = await tab({ width: 960, height: 500 });
  await page.goto(set.urlOf(set.placeholders));
  const frame = await page.waitForFrame((frame) => frame.url().startsWith(set.widget));
  const signIn = await frame.waitForSelector("#sign-in:not([hidden])");
  await signIn.click();
  await frame.waitForSelector("#channel[data-state=live]");
  const button = await frame.waitForFunction(() => {
    const { shadowRoot } = document.querySelector("remove-caller");
    return [...shadowRoot.querySelectorAll("[part=button]")].find((one) => one.ariaLabel.includes("Grace"));
  });
  await button.evaluate((element) => element.click());
  await page.screenshot({ path: join(root, "docs", "desktop.png") });
  await page.close();
  await set.close();
}

async function everyState() {
  mkdirSync(folder, { recursive: true });
  const views = {
    wide: { width: 480, height: 320 },
    narrow: { width: 280, height: 480, scheme: "dark" },
    forced: { width: 480, height: 320, forced: "active" },
    rtl: { width: 480, height: 320, direction: "rtl" },
  };
  for (const [name, view] of Object.entries(views)) {
    const page = await lab(view);
    for (const [state, enter] of Object.entries(states)) {
      await page.evaluate(enter);
      await page.screenshot({ path: join(folder, `${name}-${state}.png`) });
    }
    await page.close();
  }
  step(`Every state of the element is in ${folder}`);
}

await writeTerminal();
await thePage();
await theElement();
await theDesktop();
if (folder) await everyState();
await instance.close();
await server.close();
step("docs/terminal.svg, docs/page.png, docs/element-*.png and docs/desktop.png are new");
