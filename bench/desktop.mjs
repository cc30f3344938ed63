// The benchmark of the desktop page, `npm run bench:desktop`: in Chromium, from the agent's click to the accepted
// disconnect, with the notification channel alive and dead, in one run. Times are the simulator's, in milliseconds.
import { browser, launch } from "../scripts/browser.mjs";
import { buildDesktop, stage } from "../scripts/desktop.mjs";
import { median } from "./rounds.mjs";

const RUNS = Number(process.argv[2] ?? 10);
/** The latency of a request, and the delay of an event (450 ms were measured in a real organisation). */
const LATENCY_MS = 40;
const EVENT_MS = 450;

const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition) {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 10_000) throw new Error("the condition is not met after 50 s");
    await delay(5);
  }
}

/** A conversation on the page, with the user signed in. */
async function opened(instance, { isDead }) {
  const person = (id, more) => ({ id, schedule: [{ state: "connected" }], ...more });
  const participants = [
    person("p-ada", { purpose: "agent", userId: "u-ada" }),
    { id: "p-grace", name: "Grace", schedule: [{ state: "alerting" }] },
  ];
  const faults = isDead ? [{ path: "/notifications/", status: 503, times: 1e9 }] : [];
  const platform = { conversations: [{ id: "c-1", participants }], notifications: { delayMs: EVENT_MS }, faults };
  const set = await stage({ platform, config: { confirmMode: "never" }, latencyMs: LATENCY_MS });
  const context = await instance.createBrowserContext();
  const page = await context.newPage();
  // Not in a frame, so that the sign-in may redirect.
  await page.goto(`${set.widget}?${new URLSearchParams({ ...set.placeholders, gcUsePopupAuth: "false" })}`);
  const state = isDead ? "down" : "live";
  await page.waitForFunction((state) => document.querySelector("#channel")?.dataset.state === state, {}, state);
  const isShown = () =>
    document.querySelector("remove-caller").shadowRoot.querySelectorAll("[part=button]").length === 2;
  await page.waitForFunction(isShown);
  return {
    ...set,
    page,
    async close() {
      await context.close();
      await set.close();
    },
  };
}

/** Clicks as soon as the button is enabled. */
const clickWhenEnabled = (page) =>
  page.evaluate(() => {
    const { shadowRoot } = document.querySelector("remove-caller");
    const button = [...shadowRoot.querySelectorAll("[part=button]")].find((one) => one.ariaLabel.includes("Grace"));
    const click = () => {
      if (button.ariaDisabled === "true") return;
      observer.disconnect();
      button.click();
    };
    const observer = new MutationObserver(click);
    observer.observe(button, { attributes: true });
    click();
  });

const accepted = ({ simulator }) => simulator.log().find(({ isWrite, accepted }) => isWrite && accepted);

/** The agent waits for the button: from the change to connected to the accepted write. */
async function fromConnected(instance, how) {
  const set = await opened(instance, how);
  // A random time between two polls.
  await delay(Math.random() * 5_000);
  await clickWhenEnabled(set.page);
  set.simulator.setState("c-1", "p-grace", "connected");
  const from = set.simulator.now();
  await until(() => accepted(set));
  const ms = accepted(set).at - from;
  await set.close();
  return ms;
}

/** The participant has been connected for a while: from the click to the accepted write. */
async function fromClick(instance, { waitMs, ...how }) {
  const set = await opened(instance, how);
  set.simulator.setState("c-1", "p-grace", "connected");
  await set.page.waitForFunction(() => {
    const { shadowRoot } = document.querySelector("remove-caller");
    return [...shadowRoot.querySelectorAll("[part=button]")].every((one) => one.ariaDisabled !== "true");
  });
  await delay(waitMs);
  const from = set.simulator.now();
  await clickWhenEnabled(set.page);
  await until(() => accepted(set));
  const ms = accepted(set).at - from;
  await set.close();
  return ms;
}

await buildDesktop();
const { chrome, missing } = await browser();
if (!chrome) throw new Error(missing);
const instance = await launch("chrome", chrome);
const rows = {};

async function measure(title, once) {
  const results = { alive: [], dead: [] };
  for (let run = 0; run < RUNS; run++) {
    for (const [name, isDead] of [
      ["alive", false],
      ["dead", true],
    ])
      results[name].push(await once({ isDead }));
  }
  const [alive, dead] = [median(results.alive), median(results.dead)];
  rows[title] = { alive: Math.round(alive), dead: Math.round(dead), "alive / dead": Number((alive / dead).toFixed(2)) };
}

const msOf = (waitMs) => (how) => fromClick(instance, { ...how, waitMs });
await measure("the agent waits for the button: from connected to accepted", (how) => fromConnected(instance, how));
await measure("a click right after the button is enabled: from the click to accepted", msOf(0));
await measure("a click 6 s after: from the click to accepted", msOf(6_000));
await instance.close();
console.log(`${RUNS} runs each, requests take ${LATENCY_MS} ms, events ${EVENT_MS} ms; medians in ms:`);
console.table(rows);
