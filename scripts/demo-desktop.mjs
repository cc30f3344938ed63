// `npm run demo:desktop`: the desktop page in an agent desktop, the whole way in a headless Chromium, on the embedded
// simulator: sign-in, live events, a removal, a toast. With `--serve` it stays, for a look in your own browser.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { browser, launch } from "./browser.mjs";
import { buildDesktop, stage } from "./desktop.mjs";
import { bold, cyan, dim, green, red, root, step, yellow } from "./run.mjs";

const pictures = join(root, "target", "demo-desktop");

/** Prints what the platform has been asked since the last time. */
function printer(simulator) {
  let printed = 0;
  return () => {
    const entries = simulator.log();
    for (const { method, path, status } of entries.slice(printed)) {
      const short = path.replace(/\?.*/, (query) => `?${query.slice(1, 24)}${query.length > 24 ? "…" : ""}`);
      console.log(`  ${cyan(`> ${method} ${short}`)} ${status < 400 ? green(status) : red(status)}`);
    }
    printed = entries.length;
  };
}

async function until(condition, what) {
  for (let tries = 0; tries < 1_500; tries++) {
    const value = await Promise.resolve()
      .then(condition)
      .catch(() => undefined);
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`it did not come: ${what}`);
}

async function show(set, chrome) {
  const { simulator } = set;
  const print = printer(simulator);
  const instance = await launch("chrome", chrome);
  const page = await instance.newPage();
  await page.setViewport({ width: 960, height: 520 });
  mkdirSync(pictures, { recursive: true });
  let count = 0;
  const picture = () => page.screenshot({ path: join(pictures, `${++count}.png`) });
  const say = (text) => console.log(`\n${bold(text)}`);

  say("The desktop opens the page in a frame, with its placeholders in the query");
  console.log(dim(`  ${set.widget}?${new URLSearchParams(set.placeholders)}`));
  await page.goto(set.urlOf(set.placeholders));
  const frame = await until(() => page.mainFrame().childFrames()[0], "the frame");
  const inside = (selector) => frame.evaluateHandle((selector) => document.querySelector(selector), selector);
  const inList = (part, name) =>
    frame.evaluateHandle(
      (part, name) => {
        const parts = document.querySelector("remove-caller").shadowRoot.querySelectorAll(`[part=${part}]`);
        return [...parts].find((one) => `${one.ariaLabel} ${one.textContent}`.includes(name));
      },
      part,
      name,
    );
  const shown = (part, name) => until(async () => (await inList(part, name)).asElement(), `"${name}"`);
  await until(() => frame.evaluate(() => !document.querySelector("#sign-in").hidden), "a button");
  await picture();

  say("The agent signs in, in a window: authorization code with PKCE");
  await (await inside("#sign-in")).click();
  await until(() => frame.evaluate(() => document.querySelector("#channel").dataset.state === "live"), "the channel");
  print();
  await picture();

  say("A colleague answers: the notification channel tells it, the list shows it");
  simulator.setState("c-1", "p-linus", "connected");
  await until(
    () =>
      frame.evaluate(() => {
        const rows = [...document.querySelector("remove-caller").shadowRoot.querySelectorAll("[part=participant]")];
        return rows.filter((row) => row.textContent.includes("connected")).length === 3;
      }),
    "the event",
  );
  print();

  say("The agent removes Grace: the button asks, the second one removes");
  const click = async (part) => (await shown(part, "Grace")).evaluate((button) => button.click());
  await click("button");
  await picture();
  await click("confirm");
  await shown("status", "Grace Hopper was removed.");
  print();
  await picture();
  const toasts = await page.evaluate(() => window.received.filter(({ action }) => action === "showToast"));
  for (const { title, message } of toasts) console.log(`  ${green("toast")} ${title}: ${message}`);
  if (simulator.state("c-1", "p-grace") !== "disconnected" || toasts.length !== 1)
    throw new Error("Grace should be gone, with one toast");

  say("The desktop closes the page: it answers, and its socket is closed");
  await page.evaluate(() => document.querySelector("#stop").click());
  await until(() => page.evaluate(() => window.received.some(({ action }) => action === "stopped")), "stopped");
  await until(() => simulator.channels().every(({ socket }) => socket === null), "the end of the socket");
  await instance.close();
  console.log("");
  step(`Pictures of each step: ${pictures}`);
}

try {
  await buildDesktop();
  if (process.argv.includes("--serve")) {
    const set = await stage();
    console.log(`Open ${bold(set.urlOf(set.placeholders))} in a browser. Ctrl+C stops.`);
  } else {
    const { chrome, missing } = await browser();
    if (!chrome) {
      console.log(yellow(`No demo: ${missing}. Or: npm run demo:desktop -- --serve`));
      process.exit(1);
    }
    const set = await stage();
    await show(set, chrome);
    await set.close();
    console.log(dim("To click yourself: npm run demo:desktop -- --serve"));
  }
} catch (error) {
  console.error(`${red("✗")} ${error.message}`);
  process.exit(1);
}
