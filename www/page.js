// The call in a real browser, against the simulator in this page.
import { disconnectIfConnected } from "../pkg/index.js";
import { createSimulator } from "../pkg/simulator.js";

const CONVERSATION = "conversation-1";
const CALLER = "participant-1";
const always = -1e6; // true for long before the click

const schedules = {
  connected: [{ at: always, state: "connected" }],
  "busy for 400 ms, then connected (the 409)": [
    { at: always, state: "connected", changing: true },
    { at: 400, state: "connected" },
  ],
  "alerting, connected after 500 ms": [
    { at: always, state: "alerting" },
    { at: 500, state: "connected" },
  ],
  "busy, hangs up after 150 ms": [
    { at: always, state: "connected", changing: true },
    { at: 150, state: "disconnected" },
  ],
  queued: [{ at: always, state: "queued" }],
  "gone already": [{ at: always, state: "terminated" }],
  "not in the conversation": [{ at: always }],
  "busy for ever": [{ at: always, state: "connected", changing: true }],
};
const faults = {
  none: [],
  "the answer to the disconnect is lost": [{ on: "write", lost: "after" }],
  "503 on the disconnect": [{ on: "write", status: 503 }],
  "429, retry after 1 s": [{ on: "read", status: 429, headers: [["Retry-After", "1"]] }],
  "the first read hangs": [{ on: "read", hang: "before" }],
  "HTML instead of JSON": [{ on: "read", html: true, times: 99 }],
  "403 on the disconnect": [{ on: "write", status: 403 }],
};

const form = document.querySelector("#controls");
const list = document.querySelector("#timeline");
const outcome = document.querySelector("#outcome");
const state = document.querySelector("#state");
const abort = document.querySelector("#abort");
const submit = form.querySelector("[type=submit]");

for (const [name, choices] of Object.entries({ schedule: schedules, fault: faults })) {
  form.elements[name].append(...Object.keys(choices).map((choice) => new Option(choice)));
}
form.elements.lag.addEventListener("input", ({ target }) => {
  form.elements.lagShown.value = `${target.value} ms`;
});

const element = (tag, text, className = "") =>
  Object.assign(document.createElement(tag), { textContent: text, className });

function describe(event) {
  switch (event.type) {
    case "request":
      return [`→ ${event.method} ${event.path}`, ""];
    case "response": {
      const parts = [event.status ?? "no answer", event.failure, event.platformCode];
      return [`← ${parts.filter((part) => part !== undefined).join(" ")}`, event.status < 300 ? "good" : "warn"];
    }
    case "state":
      return [`   Grace is ${event.state ?? "not listed"}`, ""];
    case "wait":
      return [`   wait ${event.ms.toFixed(0)} ms (${event.reason})`, "wait"];
    default:
      return [`= ${event.outcome ?? event.code}`, event.outcome ? "good" : "bad"];
  }
}

function record(event) {
  const item = document.createElement("li");
  const [text, className] = describe(event);
  item.append(element("time", `${event.at.toFixed(0)} ms`), element("span", text, className));
  list.append(item);
  item.scrollIntoView({ block: "nearest" });
}

function conclude(kind, text) {
  outcome.dataset.kind = kind;
  outcome.textContent = text;
}

form.addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const { schedule, fault, api, lag, confirm } = form.elements;
  const controller = new AbortController();
  abort.onclick = () => controller.abort(new Error("You aborted the call."));
  submit.disabled = true;
  abort.disabled = false;
  list.replaceChildren();
  conclude("", "…");
  const simulator = await createSimulator({
    conversations: [
      { id: CONVERSATION, participants: [{ id: CALLER, name: "Grace", schedule: schedules[schedule.value] }] },
    ],
    faults: faults[fault.value],
    readLagMs: Number(lag.value),
    effectDelayMs: 100,
  });
  const show = () => {
    const truth = simulator.state(CONVERSATION, CALLER) ?? "not listed";
    const shown = simulator.shownState(CONVERSATION, CALLER) ?? "not listed";
    state.replaceChildren("Grace is ", element("b", truth), truth === shown ? "" : `; reads still show ${shown}`);
  };
  show();
  const watch = setInterval(show, 50);
  try {
    const result = await disconnectIfConnected({
      conversationId: CONVERSATION,
      participantId: CALLER,
      accessToken: "page-token-0123456789",
      api: api.value,
      region: "us-east-1",
      confirm: confirm.checked,
      signal: controller.signal,
      fetch: simulator.fetch,
      onEvent: record,
    });
    const told = {
      disconnected: "Grace was disconnected",
      "already-disconnected": "Grace was gone already",
      "not-connected": `Grace stayed ${result.state}`,
    };
    const kind = result.outcome === "not-connected" ? "warn" : "good";
    conclude(
      kind,
      `${told[result.outcome]}: ${result.outcome}, ${result.requests} requests, ${result.elapsedMs.toFixed(0)} ms.`,
    );
  } catch (error) {
    conclude("bad", error.code ? `${error.code}: ${error.message}` : error.message);
  } finally {
    submit.disabled = false;
    abort.disabled = true;
    setTimeout(() => {
      clearInterval(watch);
      show();
    }, 800);
  }
});
