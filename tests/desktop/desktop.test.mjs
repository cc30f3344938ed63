// The desktop page in a desktop, end to end in Chromium: a page of another site replaces the desktop, with the official
// sandbox and strict policies; the platform is the simulator over HTTP and WebSocket. No script may fail.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, launch } from "../../scripts/browser.mjs";
import { buildDesktop, conversation, SANDBOX, stage } from "../../scripts/desktop.mjs";
import { audit } from "../element/axe.mjs";

const { chrome, missing } = await browser();
const skip = chrome ? false : missing;
/** The deadline of a wait, long enough for a machine under load. */
const TIMEOUT_MS = 60_000;

let instance;
before(async () => {
  if (skip) return;
  await buildDesktop();
  instance = await launch("chrome", chrome);
});
after(() => instance?.close());

/** Waits for a condition, which may fail during a navigation, when there is no page, or an empty one. */
async function until(condition, what) {
  const started = performance.now();
  for (;;) {
    const value = await Promise.resolve()
      .then(condition)
      .catch((error) => {
        if (!/context|detached|closed|of (null|undefined)/i.test(error.message)) throw error;
      });
    if (value) return value;
    assert.ok(performance.now() - started < TIMEOUT_MS, `not within 60 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const LOST = "context lost";

/** The widget in a frame or a tab. */
function widgetOf(frame) {
  // An evaluation during a navigation may never settle.
  const inside = (work, ...all) =>
    Promise.race([
      frame.evaluate(work, ...all),
      new Promise((_, reject) => setTimeout(() => reject(new Error(LOST)), 5_000)),
    ]);
  return {
    frame,
    inside,
    status: () => inside(() => document.querySelector("#status").textContent),
    notices: () => inside(() => [...document.querySelectorAll("#notices li")].map((one) => one.textContent)),
    foot: () => inside(() => document.querySelector("#foot").innerText.replace(/\s+/g, " ").trim()),
    elementStatus: () =>
      inside(() => document.querySelector("remove-caller").shadowRoot.querySelector("[part=status]").textContent),
    states: () =>
      inside(() => {
        const rows = document.querySelector("remove-caller")?.shadowRoot?.querySelectorAll("[part=participant]") ?? [];
        const text = (row, part) => row.querySelector(`[part=${part}]`).textContent;
        return Object.fromEntries([...rows].map((row) => [text(row, "name"), text(row, "state")]));
      }),
    until: (condition, what) => until(() => inside(condition), what),
    async clickSignIn() {
      await until(() => inside(() => !document.querySelector("#sign-in").hidden), "a sign-in button");
      // Only a real click may open a window.
      await frame.page().bringToFront();
      const button = await frame.$("#sign-in");
      await button.click();
    },
    /** Clicks a button of the list; false if there is none. */
    press: (part, name) =>
      // Not by the mouse: Chromium does no layout while the sign-in window covers the page.
      inside(
        (part, name) => {
          const { shadowRoot } = document.querySelector("remove-caller");
          const button = [...shadowRoot.querySelectorAll(`[part=${part}]`)].find((one) => one.ariaLabel.includes(name));
          button?.click();
          return button !== undefined;
        },
        part,
        name,
      ),
    /** Removes a participant: clicks the button, then that of the question. */
    async remove(name) {
      assert.ok(await this.press("button", name));
      assert.ok(await this.press("confirm", name));
    },
  };
}

/** Opens the desktop with its frames; `problems` collects what any page's console reports as an error. */
async function open(
  context,
  options = {},
  {
    browser = instance,
    frames = 1,
    sandbox = SANDBOX,
    file,
    more = {},
    bare = false,
    crm = false,
    unprotected = false,
  } = {},
) {
  const set = await stage(options);
  if (unprotected) set.unprotect();
  // A new context does not have the user's preferences.
  const tabs = browser === instance ? await browser.createBrowserContext() : browser.defaultBrowserContext();
  context.after(async () => {
    if (browser === instance) await tabs.close();
    await set.close();
    assert.deepEqual(failures, []);
  });
  const problems = [];
  const failures = [];
  const watch = (page) => {
    page.setDefaultTimeout(TIMEOUT_MS);
    page.on("pageerror", (error) => failures.push(String(error)));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  };
  const popups = [];
  tabs.on("targetcreated", async (target) => {
    if (target.opener() === undefined || target.type() !== "page") return;
    const page = await target.page();
    popups.push(page);
    if (page) watch(page);
  });
  const page = await tabs.newPage();
  watch(page);
  // Another desktop has no placeholders.
  const placeholders = crm ? { gcTargetEnv: set.placeholders.gcTargetEnv } : { ...set.placeholders, ...more };
  for (const [name, value] of Object.entries(placeholders)) if (value === undefined) delete placeholders[name];
  const url = set.urlOf(placeholders, { frames, sandbox, ...(file ? { file } : {}) });
  await page.goto(bare ? `${set.widget}?${new URLSearchParams(placeholders)}` : url);
  const widgets = () => (bare ? [page.mainFrame()] : page.mainFrame().childFrames()).map(widgetOf);
  // The driver sometimes loses a frame that moves to its own process, and never answers: then the page is reloaded.
  for (let tries = 0; !bare && tries < 5; tries++) {
    await until(() => widgets().length === frames, "frames");
    const isLost = ({ inside }) =>
      inside(() => {}).then(
        () => false,
        ({ message }) => message === LOST,
      );
    if (!(await Promise.all(widgets().map(isLost))).includes(true)) break;
    await page.reload();
  }
  return { ...set, page, widgets, popups, problems, tabs, received: () => page.evaluate(() => window.received) };
}

const asked = ({ simulator }) =>
  simulator
    .log()
    .map(({ method, path, status }) => `${method} ${path.split("?")[0].replace(/streaming-\d+/, "…")} ${status}`);
const writes = ({ simulator }) => simulator.log().filter(({ isWrite }) => isWrite);
const isLive = (widget) => until(async () => (await widget.foot()).endsWith("live"), "live");

test("end to end: sign-in in a window, live events, a removal, a toast, the stop", { skip }, async (context) => {
  // Reads lag by a minute: only events show the changes.
  const always = (state) => [{ at: -1e6, state }];
  const participants = conversation.participants.map((one) => ({ ...one, schedule: always(one.schedule[0].state) }));
  const platform = { readLagMs: 60_000, conversations: [{ ...conversation, participants }] };
  const desktop = await open(context, { platform });
  const [widget] = desktop.widgets();
  await until(async () => (await desktop.received()).some(({ action }) => action === "bootstrapped"), "bootstrapped");
  assert.equal(await widget.status(), "Sign in to see who is on the call.");
  await widget.clickSignIn();
  await isLive(widget);
  assert.match(await widget.foot(), /^Signed in as Ada Lovelace/);
  await until(async () => (await widget.states())["Linus Pauling"] === "being dialled", "the list");

  desktop.simulator.setState("c-1", "p-linus", "connected");
  await until(async () => (await widget.states())["Linus Pauling"] === "connected", "the event");
  desktop.simulator.setState("c-1", "p-linus", "terminated");
  await until(async () => (await widget.states())["Linus Pauling"] === "gone", "the event");

  await widget.remove("Grace Hopper");
  await until(async () => (await widget.elementStatus()) === "Grace Hopper was removed.", "the outcome");
  assert.equal(desktop.simulator.state("c-1", "p-grace"), "disconnected");
  assert.equal(writes(desktop).length, 1);
  const toast = await until(
    async () => (await desktop.received()).find(({ action }) => action === "showToast"),
    "a toast",
  );
  const { title, message, type, markdownMessage, showCloseButton } = toast;
  assert.deepEqual(
    { title, message, type, markdownMessage, showCloseButton },
    {
      title: "Removed",
      message: "Grace Hopper was removed.",
      type: "success",
      markdownMessage: false,
      showCloseButton: true,
    },
  );
  await desktop.page.evaluate(() => document.querySelector("#stop").click());
  await until(async () => (await desktop.received()).some(({ action }) => action === "stopped"), "stopped");
  await until(() => desktop.simulator.channels().every(({ socket }) => socket === null), "no socket left");
  assert.deepEqual(desktop.problems, []);
});

test("sign-in by a redirect in the frame keeps the placeholders; the code is not left in the address", {
  skip,
}, async (context) => {
  const desktop = await open(context, {}, { more: { gcUsePopupAuth: "false", gcLangTag: "de-at" } });
  const [widget] = desktop.widgets();
  await isLive(widget);
  assert.match(await widget.foot(), /^Angemeldet als Ada Lovelace/);
  await until(async () => (await widget.states())["Grace Hopper"] === "verbunden", "the list");
  const { searchParams } = new URL(widget.frame.url());
  assert.deepEqual(Object.fromEntries(searchParams), {
    gcConversationId: "c-1",
    gcTargetEnv: "simulator.example",
    gcHostOrigin: desktop.desktopOrigin,
    gcLangTag: "de-at",
    gcUsePopupAuth: "false",
  });
  assert.equal(asked(desktop).filter((one) => one.startsWith("GET /oauth/authorize")).length, 1);
  assert.deepEqual(desktop.problems, []);
});

test("a reload in the middle: the token is still there, nobody signs in again", { skip }, async (context) => {
  const desktop = await open(context, {}, { more: { gcUsePopupAuth: "false" } });
  const [widget] = desktop.widgets();
  await isLive(widget);
  await until(async () => (await widget.states())["Grace Hopper"] === "connected", "the list");
  await widget.inside(() => location.reload()).catch(() => {});
  const again = await until(() => desktop.widgets()[0], "the frame");
  await until(async () => (await again.foot()).endsWith("live"), "live");
  assert.equal(asked(desktop).filter((one) => one.startsWith("POST /oauth/token")).length, 1);
  await until(async () => (await again.states())["Grace Hopper"] === "connected", "the list");
  await again.remove("Grace Hopper");
  await until(async () => (await again.elementStatus()) === "Grace Hopper was removed.", "the outcome");
  const storage = await again.inside(() => [Object.keys(sessionStorage), Object.keys(localStorage), document.cookie]);
  assert.deepEqual([storage[0].length, storage[1], storage[2]], [1, [], ""]);
});

test("a reload while the platform holds the disconnect: the new page shows the outcome", {
  skip,
}, async (context) => {
  const desktop = await open(context, { platform: { effectDelayMs: 600 } }, { more: { gcUsePopupAuth: "false" } });
  const [widget] = desktop.widgets();
  await until(async () => (await widget.states())["Grace Hopper"] === "connected", "the list");
  await widget.remove("Grace Hopper");
  await until(() => writes(desktop).length === 1, "the disconnect");
  await widget.inside(() => location.reload()).catch(() => {});
  await until(async () => {
    const states = await desktop.widgets()[0].states();
    return "Ada Lovelace" in states && states["Grace Hopper"] !== "connected";
  }, "the new state");
  assert.equal(writes(desktop).length, 1);
});

test("two frames of one call: one sign-in, one channel, one disconnect", { skip }, async (context) => {
  const desktop = await open(context, { platform: { effectDelayMs: 500 } }, { frames: 2 });
  const [first, second] = desktop.widgets();
  await first.clickSignIn();
  await Promise.all([isLive(first), isLive(second)]);
  assert.equal(asked(desktop).filter((one) => one.startsWith("POST /oauth/token")).length, 1);
  assert.equal(desktop.simulator.channels().length, 1);
  for (const widget of [first, second])
    await until(async () => (await widget.states())["Grace Hopper"] === "connected", "the list");
  for (const widget of [first, second]) assert.ok(await widget.press("button", "Grace Hopper"));
  assert.ok(await first.press("confirm", "Grace Hopper"));
  // If the first removal was quicker, the second question is already closed.
  await second.press("confirm", "Grace Hopper");
  for (const widget of [first, second])
    await until(async () => /removed|left/.test(await widget.elementStatus()), "an outcome");
  assert.equal(writes(desktop).length, 1);
  assert.deepEqual(desktop.problems, []);
});

test("two frames that sign in by redirects at the same time do not disturb each other", { skip }, async (context) => {
  const desktop = await open(context, {}, { frames: 2, more: { gcUsePopupAuth: "false" } });
  for (const widget of desktop.widgets()) {
    await isLive(widget);
    await until(async () => (await widget.states())["Grace Hopper"] === "connected", "the list");
  }
  for (const widget of desktop.widgets()) {
    const left = await widget.inside(() => Object.keys(sessionStorage).map((key) => key.split(":").at(-1)));
    assert.deepEqual(left, ["token"]);
  }
  // The second sign-in is a new session for the first frame: it leaves its channel and joins again.
  const connected = () => desktop.simulator.channels().filter(({ socket }) => socket !== null);
  await until(() => connected().length === 1, "one channel");
});

test("an expired token: one frame signs in, the other one goes on too", { skip }, async (context) => {
  const desktop = await open(context, {}, { frames: 2 });
  const [first, second] = desktop.widgets();
  await first.clickSignIn();
  await Promise.all([isLive(first), isLive(second)]);
  for (const widget of [first, second]) {
    await widget.inside(() => {
      const { now } = Date;
      Date.now = () => now() + 25 * 3_600_000;
      // The next read comes after 15 s.
      document.querySelector("remove-caller").refresh();
    });
  }
  for (const widget of [first, second])
    await until(async () => (await widget.status()).startsWith("Your sign-in has ended."), "the question");
  assert.match(await first.foot(), /^checked every 5 s$/);
  await first.clickSignIn();
  await Promise.all([isLive(first), isLive(second)]);
  assert.equal(await second.status(), "");
});

test("a token that expires at once, and a response without a state, cause no loop", { skip }, async (context) => {
  const signIns = (desktop) => asked(desktop).filter((one) => one.startsWith("GET /oauth/authorize")).length;
  const brief = await open(context, { login: { tokenLifeMs: 0 } }, { more: { gcUsePopupAuth: "false" } });
  await until(async () => (await brief.widgets()[0].status()) === "Sign in to see who is on the call.", "the question");
  assert.equal(signIns(brief), 1);
  const bare = await open(context, {}, { bare: true });
  await bare.page.goto(`${bare.widget}?error=invalid_request&error_description=No+way.&gcTargetEnv=simulator.example`);
  await until(async () => /invalid_request.*No way\./.test(await bare.widgets()[0].status()), "the reason");
  assert.equal(signIns(bare), 0);
});

test("signing out affects all frames, and the login asks who signs in", { skip }, async (context) => {
  const desktop = await open(context, {}, { frames: 2 });
  const [first, second] = desktop.widgets();
  await first.clickSignIn();
  await Promise.all([isLive(first), isLive(second)]);
  await first.inside(() => {
    document.querySelector("#sign-out").focus();
    document.querySelector("#sign-out").click();
  });
  for (const widget of [first, second]) {
    await until(async () => (await widget.status()) === "Sign in to see who is on the call.", "the question");
    await until(async () => Object.keys(await widget.states()).length === 0, "an empty list");
    assert.doesNotMatch(await widget.foot(), /Ada/);
  }
  await until(() => first.inside(() => document.activeElement.id === "sign-in"), "the focus");
  assert.deepEqual(await first.inside(() => Object.keys(sessionStorage).map((key) => key.split(":").at(-1))), ["left"]);
  await first.clickSignIn();
  await Promise.all([isLive(first), isLive(second)]);
  for (const widget of [first, second])
    await until(async () => (await widget.states())["Grace Hopper"] === "connected", "the list");
  const paths = desktop.simulator.log().map(({ path }) => path);
  const asking = paths
    .filter((path) => path.startsWith("/oauth/authorize"))
    .map((path) => path.includes("prompt=login"));
  assert.deepEqual(asking, [false, true]);

  // A reload does not sign in the user who signed out.
  const redirected = await open(context, {}, { bare: true, more: { gcUsePopupAuth: "false" } });
  const [page] = redirected.widgets();
  await isLive(page);
  await page.inside(() => document.querySelector("#sign-out").click());
  await until(async () => (await page.status()) === "Sign in to see who is on the call.", "the question");
  await redirected.page.reload();
  await until(
    async () => (await redirected.widgets()[0].status()) === "Sign in to see who is on the call.",
    "the question",
  );
});

test("a token that was refused before a reload leads to a sign-in, without a call too", { skip }, async (context) => {
  const more = { gcUsePopupAuth: "false", gcConversationId: undefined };
  const desktop = await open(context, {}, { bare: true, more });
  await isLive(desktop.widgets()[0]);
  desktop.simulator.revokeTokens();
  await desktop.page.reload();
  await until(async () => (await desktop.widgets()[0].status()).startsWith("Your sign-in has ended."), "the question");
});

test("the notice about an unreadable call disappears when the call can be read", { skip }, async (context) => {
  const platform = { faults: [{ path: "/calls/", status: 403 }] };
  const desktop = await open(context, { platform }, { bare: true, more: { gcUsePopupAuth: "false" } });
  const [widget] = desktop.widgets();
  await until(async () => (await widget.states())["Grace Hopper"] === "connected", "the list");
  assert.deepEqual(await widget.notices(), []);
});

test("a sign-in in one frame ends the waiting window of another; the focus goes back to the page", {
  skip,
}, async (context) => {
  const desktop = await open(context, { login: { asks: true } }, { frames: 2 });
  const [first, second] = desktop.widgets();
  await second.clickSignIn();
  const waiting = await until(() => desktop.popups[0], "a window");
  await first.clickSignIn();
  const popup = await until(() => desktop.popups[1], "a window");
  await popup.waitForSelector("a");
  await popup.click("a");
  await Promise.all([isLive(first), isLive(second)]);
  await until(() => waiting.isClosed(), "its end");
  for (const widget of [first, second]) assert.ok(await widget.inside(() => document.querySelector("#cancel").hidden));
  assert.equal(await first.inside(() => document.activeElement.id), "title");
});

test("a toast reports only what is known", { skip }, async (context) => {
  const toastOf = (desktop) =>
    until(async () => (await desktop.received()).find(({ action }) => action === "showToast"), "a toast");
  const slow = await open(context, { platform: { effectDelayMs: 1e6 } }, { more: { gcUsePopupAuth: "false" } });
  await until(async () => (await slow.widgets()[0].states())["Grace Hopper"] === "connected", "the list");
  await slow.widgets()[0].remove("Grace Hopper");
  const { type, title, message } = await toastOf(slow);
  assert.deepEqual([type, title], ["info", "Remove a caller"]);
  assert.match(message, /accepted the removal of Grace Hopper, but still shows: connected/);

  // No event reports that she is ringing again; the removal reads it.
  const platform = { notifications: { delayMs: 1e9 } };
  const ringing = await open(context, { platform }, { more: { gcUsePopupAuth: "false", gcLangTag: "de" } });
  const [widget] = ringing.widgets();
  await until(async () => (await widget.states())["Grace Hopper"] === "verbunden", "the list");
  ringing.simulator.setState("c-1", "p-grace", "alerting");
  await widget.remove("Grace Hopper");
  const refused = await toastOf(ringing);
  assert.deepEqual([refused.type, refused.title, refused.timeout], ["error", "Nicht entfernt", 0]);
  assert.doesNotMatch(refused.message, /alerting/);
});

test("a page around it that is not listed: nothing is shown, even without headers", { skip }, async (context) => {
  const desktop = await open(context, { config: { hosts: [] } }, { crm: true, file: "crm.html", unprotected: true });
  await until(async () => /is not listed in hosts/.test(await desktop.widgets()[0].status()), "the reason");
});

test("the token ends in the middle: it asks to sign in again, and goes on", { skip }, async (context) => {
  const desktop = await open(context);
  const [widget] = desktop.widgets();
  await widget.clickSignIn();
  await isLive(widget);
  // More than 3 s after the sign-in: an earlier 401 belongs to an old request.
  await widget.inside(() => {
    const { now } = Date;
    Date.now = () => now() + 4_000;
  });
  desktop.simulator.revokeTokens();
  await widget.remove("Grace Hopper");
  await until(
    async () => (await widget.status()) === "Your sign-in has ended. Sign in again to go on.",
    "the question",
  );
  assert.equal(desktop.simulator.state("c-1", "p-grace"), "connected");
  // Not the element's status: a second read that fails replaces it by the reason for the list.
  const shown = async () => (await desktop.received()).filter(({ action }) => action === "showToast");
  await until(async () => (await shown()).length > 0, "the reason");
  const parts = ({ type, message, timeout, showCloseButton, markdownMessage }) => [
    type,
    message,
    timeout,
    showCloseButton,
    markdownMessage,
  ];
  const reason = "Your sign-in has expired. Sign in again.";
  assert.deepEqual((await shown()).map(parts), [["error", reason, 0, true, false]]);
  await widget.clickSignIn();
  await isLive(widget);
  await until(async () => (await widget.status()) === "", "the end of the question");
  await widget.remove("Grace Hopper");
  await until(async () => (await widget.elementStatus()) === "Grace Hopper was removed.", "the outcome");
});

test("a sign-in window that is blocked, closed, or refused is explained, and may be tried again", {
  skip,
}, async (context) => {
  const blocked = await open(context, {}, { sandbox: SANDBOX.replace("allow-popups ", "") });
  const [one] = blocked.widgets();
  await one.clickSignIn();
  await until(async () => (await one.status()).startsWith("The browser blocked the sign-in window."), "the reason");
  assert.equal(await one.inside(() => document.querySelector("#sign-in").textContent), "Try again");

  const asking = await open(context, { login: { asks: true } });
  const [two] = asking.widgets();
  await two.clickSignIn();
  const popup = await until(() => asking.popups[0], "a window");
  await until(async () => (await two.status()).startsWith("Sign in in the separate window"), "the wait");
  await popup.close();
  await until(async () => (await two.status()).startsWith("The sign-in window was closed"), "the reason");
  await two.clickSignIn();
  const again = await until(() => asking.popups[1], "a window");
  await again.waitForSelector("a");
  await again.click("a");
  await isLive(two);

  const cancelled = await open(context, { login: { asks: true } });
  const [three] = cancelled.widgets();
  await three.clickSignIn();
  await until(() => cancelled.popups[0], "a window");
  await (await three.frame.$("#cancel")).evaluate((button) => button.click());
  await until(async () => (await three.status()).startsWith("The sign-in window was closed"), "the reason");
  await until(() => cancelled.popups[0].isClosed(), "its end");

  const refused = await open(context, { login: { error: ["access_denied", "Not for <b>you</b>."] } });
  const [four] = refused.widgets();
  await four.clickSignIn();
  await until(async () => (await four.status()) === "The sign-in was refused. Not for <b>you</b>.", "the reason");
});

test("errors of a redirect are shown, with the address that the client needs, and there is no loop", {
  skip,
}, async (context) => {
  const error = ["invalid_request", "redirect_uri mismatch."];
  const desktop = await open(context, { login: { error } }, { more: { gcUsePopupAuth: "false" } });
  const [widget] = desktop.widgets();
  await until(async () => /redirect_uri mismatch/.test(await widget.status()), "the reason");
  assert.ok((await widget.status()).includes(desktop.widget), await widget.status());
  assert.equal(asked(desktop).length, 1);
  // A response that this tab did not request.
  const forged = await open(context, {}, { bare: true });
  const [page] = forged.widgets();
  await page.inside(() => sessionStorage.clear());
  const state = Buffer.from(
    JSON.stringify({ nonce: "n", popup: false, launch: forged.placeholders && { environment: "simulator.example" } }),
  ).toString("base64url");
  await forged.page.goto(`${forged.widget}?code=stolen&state=${state}`);
  await until(async () => /not begun in this tab/.test(await forged.widgets()[0].status()), "the reason");
  assert.deepEqual(
    asked(forged).filter((one) => one.includes("/oauth/token")),
    [],
  );
});

test("a sandbox without an origin is explained on the page", { skip }, async (context) => {
  const desktop = await open(context, {}, { sandbox: SANDBOX.replace("allow-same-origin ", "") });
  const [widget] = desktop.widgets();
  const isSeen = () => getComputedStyle(document.querySelector("#stuck")).visibility === "visible";
  await widget.until(isSeen, "the reason");
  assert.match(await widget.inside(() => document.querySelector("#stuck").textContent), /allow-same-origin/);
});

/** A browser with a user's preferences. */
async function browserOf(context, preferences) {
  const folder = await mkdtemp(join(tmpdir(), "profile-"));
  await mkdir(join(folder, "Default"));
  await writeFile(join(folder, "Default", "Preferences"), JSON.stringify(preferences));
  const own = await launch("chrome", chrome, { userDataDir: folder });
  context.after(async () => {
    await own.close();
    await rm(folder, { recursive: true, force: true });
  });
  return own;
}

test("all storage blocked by the user: sign-in by a window, a removal, no channel", { skip }, async (context) => {
  const own = await browserOf(context, { profile: { default_content_setting_values: { cookies: 2 } } });
  const desktop = await open(context, {}, { browser: own, more: { gcUsePopupAuth: "false" } });
  const [widget] = desktop.widgets();
  const read = () => {
    try {
      return Boolean(sessionStorage);
    } catch (error) {
      return error.name;
    }
  };
  assert.equal(await widget.inside(read), "SecurityError");
  await widget.clickSignIn();
  await until(async () => (await widget.states())["Grace Hopper"] === "connected", "the list");
  assert.match(await widget.foot(), /checked every 5 s$/);
  await widget.remove("Grace Hopper");
  await until(async () => (await widget.elementStatus()) === "Grace Hopper was removed.", "the outcome");
  assert.deepEqual(desktop.simulator.channels(), []);
});

test("scopes and permissions that are missing are named", { skip }, async (context) => {
  const scoped = (...scopes) => ({ client: { scopes } });
  const onlyRead = await open(context, scoped("conversations:readonly"));
  const [one] = onlyRead.widgets();
  await one.clickSignIn();
  await until(
    async () => (await one.notices()).join() === "The OAuth client lacks the scope users:readonly.",
    "the scope",
  );
  await until(async () => (await one.states())["Grace Hopper"] === "connected", "the list");
  await one.remove("Grace Hopper");
  await until(async () => /scope conversations of the OAuth client/.test((await one.notices()).join()), "the scope");

  const noChannel = await open(context, scoped("conversations", "users:readonly"));
  const [two] = noChannel.widgets();
  await two.clickSignIn();
  await until(
    async () => (await two.notices()).join() === "The OAuth client lacks the scope notifications.",
    "the scope",
  );
  assert.match(await two.foot(), /checked every 5 s$/);
  await two.remove("Grace Hopper");
  await until(async () => (await two.elementStatus()) === "Grace Hopper was removed.", "the outcome");

  const noRead = await open(context, scoped("users:readonly", "notifications"));
  const [three] = noRead.widgets();
  await three.clickSignIn();
  await until(async () => /scope conversations:readonly/.test((await three.notices()).join()), "the scope");

  const noRight = await open(context, {
    platform: { users: [{ id: "u-ada", name: "Ada Lovelace", permissions: ["conversation:communication:view"] }] },
  });
  const [four] = noRight.widgets();
  await four.clickSignIn();
  await until(
    async () => /lacks the permission conversation:communication:disconnect/.test((await four.notices()).join()),
    "the permission",
  );
});

test("a channel that is dead or starved: the list is delayed, a removal is not", { skip }, async (context) => {
  const starved = await open(context, { platform: { notifications: { starved: true } } });
  const [one] = starved.widgets();
  await one.clickSignIn();
  await isLive(one);
  await one.remove("Grace Hopper");
  await until(async () => (await one.elementStatus()) === "Grace Hopper was removed.", "the outcome");

  const dead = await open(context, { platform: { faults: [{ path: "/notifications/", status: 503, times: 1e6 }] } });
  const [two] = dead.widgets();
  await two.clickSignIn();
  await until(async () => (await two.states())["Linus Pauling"] === "being dialled", "the list");
  assert.match(await two.foot(), /checked every 5 s$/);
  dead.simulator.setState("c-1", "p-linus", "connected");
  await until(async () => (await two.states())["Linus Pauling"] === "connected", "the poll");
  await two.remove("Linus Pauling");
  await until(async () => (await two.elementStatus()) === "Linus Pauling was removed.", "the outcome");
});

test("a set-up that is wrong is explained: region, client, desktop, config", { skip }, async (context) => {
  const cases = [
    [{ more: { gcTargetEnv: "prod-euw2" } }, {}, /no clientId for the region "euw2\.pure\.cloud"/],
    [{ more: { gcHostOrigin: "https://evil.example" } }, {}, /"https:\/\/evil\.example", but the desktop of/],
    [{ more: { host: "https://evil.example" } }, {}, /"https:\/\/evil\.example" is not listed in hosts/],
    [{}, { config: { environments: {} } }, /has no clientId|No region/],
  ];
  for (const [how, options, reason] of cases) {
    const desktop = await open(context, options, how);
    await until(async () => reason.test(await desktop.widgets()[0].status()), String(reason));
  }
  const unreplaced = await open(
    context,
    {},
    { more: { gcConversationId: "{{gcConversationId}}", gcUsePopupAuth: "false" } },
  );
  await until(async () => (await unreplaced.widgets()[0].status()) === "Waiting for a call.", "no call");
});

test("axe finds no violation in any state; nothing overflows at 280 px, light and dark", { skip }, async (context) => {
  const states = {
    "sign-in": async () => {
      const desktop = await open(context, {}, { bare: true });
      await until(() => desktop.page.evaluate(() => !document.querySelector("#sign-in").hidden), "the button");
      return desktop.page;
    },
    problem: async () => {
      const desktop = await open(
        context,
        { login: { error: ["invalid_request", "redirect_uri mismatch."] } },
        { bare: true },
      );
      await widgetOf(desktop.page.mainFrame()).clickSignIn();
      await until(async () => /mismatch/.test(await widgetOf(desktop.page.mainFrame()).status()), "the reason");
      return desktop.page;
    },
    "a list and notices": async () => {
      const options = { client: { scopes: ["conversations"] } };
      const desktop = await open(context, options, { bare: true, more: { gcUsePopupAuth: "false", gcLangTag: "de" } });
      const widget = widgetOf(desktop.page.mainFrame());
      await until(async () => (await widget.notices()).length === 1, "the notice");
      await until(async () => (await widget.states())["Grace Hopper"] === "verbunden", "the list");
      return desktop.page;
    },
  };
  let rules = 0;
  for (const [state, enter] of Object.entries(states)) {
    const page = await enter();
    for (const [width, scheme] of [
      [280, "light"],
      [280, "dark"],
      [960, "light"],
    ]) {
      await page.setViewport({ width, height: 480 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      const { problems, passed } = await audit(page);
      assert.deepEqual(problems, [], `${state}, ${width}, ${scheme}`);
      rules += passed;
    }
  }
  console.log(`axe, the desktop page: 3 states in 3 views, ${rules} rules passed, 0 violations`);
});

// ---- Another desktop than that of Genesys Cloud ----

const logOf = (page) => page.evaluate(() => [...document.querySelectorAll("#log li")].map((one) => one.textContent));

test("a CRM page drives it by messages: sign-in, a removal, its outcome; errors too", { skip }, async (context) => {
  const desktop = await open(context, {}, { file: "crm.html", crm: true });
  const [widget] = desktop.widgets();
  await until(async () => (await logOf(desktop.page)).includes("Sign in in the panel on the right."), "the question");
  await widget.clickSignIn();
  await isLive(widget);
  await until(async () => (await widget.states())["Grace Hopper"] === "connected", "the list");
  await widget.remove("Grace Hopper");
  await until(async () => (await logOf(desktop.page)).includes("customer: disconnected"), "the outcome");
  const height = () => desktop.page.evaluate(() => document.querySelector("iframe").style.height);
  await until(async () => Number.parseInt(await height(), 10) > 150, "the height");

  assert.equal(await desktop.page.evaluate(() => document.querySelector("iframe").src.includes("gcLangTag=en")), true);
  await desktop.page.evaluate(() => window.removeCaller.show("c-unknown", "de"));
  await until(
    async () => (await logOf(desktop.page)).some((one) => one.startsWith("CONVERSATION_NOT_FOUND")),
    "the error",
  );
  assert.equal(await widget.inside(() => document.documentElement.lang), "de");
  assert.match(await widget.foot(), /^Angemeldet als/);
  await desktop.page.evaluate(() => window.removeCaller.show("c-1"));
  await until(async () => (await widget.states())["Ada Lovelace"] === "verbunden", "the list");
  await desktop.page.evaluate(() => window.removeCaller.show("c-1", "en"));
  await until(async () => (await widget.states())["Ada Lovelace"] === "connected", "the other language");
  const reads = () => asked(desktop).filter((one) => one.includes("/calls/c-1 200")).length;
  const before = reads();
  await desktop.page.evaluate(() => window.removeCaller.refresh());
  await until(() => reads() > before, "a read");
});

test("messages from elsewhere do nothing; wrong ones are answered", { skip }, async (context) => {
  const desktop = await open(context, {}, { file: "crm.html", crm: true });
  const [widget] = desktop.widgets();
  await widget.clickSignIn();
  await isLive(widget);
  // Not from the parent: the frame itself.
  await widget.inside(() =>
    window.postMessage({ protocol: "remove-caller", version: 1, type: "init", conversationId: "c-evil" }, "*"),
  );
  const send = (message) =>
    desktop.page.evaluate(
      (message) => document.querySelector("iframe").contentWindow.postMessage(message, "*"),
      message,
    );
  const init = { protocol: "remove-caller", version: 1, type: "init" };
  for (const message of [null, "text", { type: "init", conversationId: "c-evil" }]) await send(message);
  for (const message of [
    { ...init, version: 2 },
    { ...init, type: "remove" },
    init,
    { ...init, conversationId: "c", language: 7 },
  ])
    await send(message);
  await until(
    async () => (await logOf(desktop.page)).filter((one) => one.startsWith("invalid")).length === 4,
    "answers",
  );
  assert.deepEqual(
    (await logOf(desktop.page)).filter((one) => one.startsWith("invalid")),
    [
      "invalid: version is 1",
      "invalid: type is init or refresh",
      "invalid: conversationId is a non-empty string",
      "invalid: language is a string",
    ],
  );
  assert.equal(await widget.inside(() => document.querySelector("remove-caller").conversationId), "c-1");
});

test("the samples for Salesforce Open CTI and ServiceNow OpenFrame, with stand-ins for both", {
  skip,
}, async (context) => {
  const desktop = await open(context, {}, { file: "crm.html", crm: true });
  const [widget] = desktop.widgets();
  await widget.clickSignIn();
  await isLive(widget);
  // The frame loads the page again, without a sign-in.
  const isLoadedAgain = () =>
    until(
      async () => (await widget.inside(() => !window.isOld)) && "Ada Lovelace" in (await widget.states()),
      "the list",
    );
  await widget.inside(() => {
    window.isOld = true;
  });
  await desktop.page.evaluate(async () => {
    window.removeCaller.close();
    const { removeCallerInOpenCti } = await import("./open-cti.js");
    window.calls = [];
    const note = (name) => (options) => {
      window.calls.push([name, options.visible ?? options.value]);
      options.callback({ success: true });
    };
    const opencti = { setSoftphonePanelVisibility: note("visible"), saveLog: note("log") };
    const page = new URLSearchParams(location.search).get("widget");
    window.cti = removeCallerInOpenCti(opencti, document.querySelector("iframe"), page);
    window.cti.show("c-1", "en");
  });
  await isLoadedAgain();
  await widget.remove("Grace Hopper");
  await until(() => desktop.page.evaluate(() => window.calls.some(([name]) => name === "log")), "the log");
  const [, task] = await desktop.page.evaluate(() => window.calls.find(([name]) => name === "log"));
  assert.equal(task.Subject, "Removal of the customer: disconnected");

  await widget.inside(() => {
    window.isOld = true;
  });
  await desktop.page.evaluate(async () => {
    window.cti.close();
    const { removeCallerInOpenFrame } = await import("./servicenow.js");
    window.calls = [];
    const openFrameAPI = {
      EVENTS: { COMMUNICATION_EVENT: "communication" },
      init: (config, initialised) => initialised(config),
      subscribe: (type, listener) => {
        window.calls.push([type]);
        window.communicate = listener;
      },
      show: () => window.calls.push(["show"]),
    };
    const page = new URLSearchParams(location.search).get("widget");
    removeCallerInOpenFrame(openFrameAPI, document.querySelector("iframe"), page);
    window.communicate({});
    window.communicate({ conversationId: "c-1" });
  });
  await isLoadedAgain();
  assert.deepEqual(await desktop.page.evaluate(() => window.calls), [["communication"], ["show"]]);
});
