// The test page of the element: a simulated platform, elements, and a record of their statuses and events.
import { ConversationClient } from "/pkg/index.js";
import { createSimulator } from "/pkg/simulator.js";

const ALWAYS = -1e6;
const connected = [{ at: ALWAYS, state: "connected" }];

/** The default participants. */
const people = [
  { id: "p-ada", purpose: "agent", name: "Ada Lovelace", userId: "u-ada", schedule: connected },
  { id: "p-acd", purpose: "acd", name: "Support", schedule: connected },
  { id: "p-grace", purpose: "customer", name: "Grace Hopper", schedule: connected },
  { id: "p-sup", purpose: "agent", name: "Sue", userId: "u-sue", monitoredParticipantId: "p-ada", schedule: connected },
  {
    id: "p-ext",
    purpose: "external",
    address: "tel:+13175550199",
    schedule: [{ at: ALWAYS, state: "dialing" }],
    name: "external",
  },
  { id: "p-old", purpose: "agent", name: "Old leg", schedule: [{ at: ALWAYS, state: "terminated" }] },
];

const lab = {
  ConversationClient,
  connected,
  people,
  ALWAYS,
  /** The texts of the status, and the events, in order. */
  statuses: [],
  events: [],

  async simulate(config = {}) {
    lab.simulator = await createSimulator({
      conversations: [{ id: "c", participants: config.participants ?? people }],
      ...config.platform,
    });
    lab.options = {
      accessToken: "a-secret-token",
      region: "us-east-1",
      api: "calls",
      settleMs: 600,
      fetch: (url, init) => lab.simulator.fetch(url, init),
    };
    lab.client = new ConversationClient(lab.options);
    return lab.simulator;
  },

  /** Shows the conversation in a new element; `more` are its properties. */
  async mount({ participants, platform, ...more } = {}) {
    await lab.simulate({ participants, platform });
    document.querySelector("#place").replaceChildren();
    lab.statuses = [];
    lab.events = [];
    lab.element = lab.add({ client: lab.client, ...more });
    await lab.until(() => lab.part("participant") || !["", "loading"].includes(lab.part("status").dataset.key));
    return lab.element;
  },

  /** Adds an element to the page, and records its statuses and events. */
  add(properties, place = document.querySelector("#place")) {
    const element = document.createElement("remove-caller");
    Object.assign(element, { conversationId: "c", pollMs: 0, ...properties });
    for (const type of ["before", "outcome", "error"]) {
      element.addEventListener(`remove-caller-${type}`, ({ detail }) => {
        const { participant, result, error } = detail;
        const end = result?.outcome ?? (typeof error?.code === "string" ? error.code : error?.name);
        lab.events.push([type, participant?.id, end].filter(Boolean).join(" "));
      });
    }
    place.append(element);
    const status = element.shadowRoot.querySelector("[part=status]");
    const note = () => status.textContent !== "" && lab.statuses.push(status.textContent);
    note();
    new MutationObserver(note).observe(status, { childList: true, characterData: true, subtree: true });
    return element;
  },

  /** A part of the element; with a name, of that participant's row. */
  part(part, name, element = lab.element) {
    const rows = [...element.shadowRoot.querySelectorAll("[part=participant]")];
    const of = name ? rows.find((row) => row.querySelector("[part=name]").textContent === name) : element.shadowRoot;
    return of?.querySelector(`[part=${part}]`) ?? undefined;
  },

  rows: (element = lab.element) =>
    [...element.shadowRoot.querySelectorAll("[part=participant]")].map((row) => {
      const text = (part) => row.querySelector(`[part=${part}]`).textContent;
      const isOff = row.querySelector("[part=button]").getAttribute("aria-disabled") === "true";
      return [text("name"), text("purpose"), text("state"), isOff ? "off" : "on"].join(" | ");
    }),

  status: (element = lab.element) => lab.part("status", undefined, element).textContent,

  writes: () => lab.simulator.log().filter(({ isWrite }) => isWrite).length,

  /** Clicks the button of a participant, and the one that confirms. */
  remove(name, element = lab.element) {
    lab.part("button", name, element).click();
    lab.part("confirm", name, element).click();
  },

  /** Waits for a condition. */
  async until(condition) {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  },

  /** Removes a participant; returns the statuses and the events. */
  async removal(name, element = lab.element) {
    const before = lab.events.length;
    lab.remove(name, element);
    await lab.until(() => lab.events.slice(before).some((event) => !event.startsWith("before")));
    return { statuses: lab.statuses, events: lab.events.slice(before), writes: lab.writes(), rows: lab.rows(element) };
  },
};

window.lab = lab;
const started = import("/pkg/element/define.js");
window.ready = started.then(() => true);

// For browsers without a driver: with `?report=URL` the page itself removes Grace, and posts what it shows.
const report = new URLSearchParams(location.search).get("report");
if (report) {
  await started;
  await lab.mount({ platform: { readLagMs: 100, effectDelayMs: 50 } });
  const { statuses, events, rows, writes } = await lab.removal("Grace Hopper");
  const styled = getComputedStyle(lab.part("participant")).display;
  const seen = [events.join(", "), statuses.at(-1), rows[1], `${writes} write`, styled].join(" · ");
  await fetch(report, { method: "POST", body: seen });
}
