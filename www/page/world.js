// The simulated conversation of the page, according to its settings.

export const CONVERSATION = "3f2a9c10-7d5e-4b8a-9c41-5d2f6e8b1a07";
export const CALLER = "b71c02de-1f4a-4e0c-8a6b-90d3c5e7f218";
export const ACCESS_TOKEN = "page-token-0123456789";

/** Whether a participant in this state has left. */
export const isGone = (state) => state === "disconnected" || state === "terminated";

/** The start of a state long before the click, which is at 0 ms. */
const ALWAYS = -1e6;

const from = (...steps) => steps.map(([at, state, changing = false]) => ({ at, state, changing }));

/** The schedules of Grace's leg. With `changes`, her state changes after `ms`. */
export const stories = {
  joining: {
    title: "Busy, then free (the 409)",
    changes: true,
    schedule: (ms) => from([ALWAYS, "connected", true], [ms, "connected"]),
  },
  connected: { title: "Connected", schedule: () => from([ALWAYS, "connected"]) },
  ringing: {
    title: "Ringing, then connected",
    changes: true,
    schedule: (ms) => from([ALWAYS, "alerting"], [ms, "connected"]),
  },
  transfer: {
    title: "Queued, busy, connected",
    changes: true,
    schedule: (ms) => from([ALWAYS, "queued"], [ms / 2, "connected", true], [ms, "connected"]),
  },
  leaving: {
    title: "Busy, then she hangs up",
    changes: true,
    schedule: (ms) => from([ALWAYS, "connected", true], [ms, "disconnected"]),
  },
  queued: { title: "Queued, and stays there", schedule: () => from([ALWAYS, "queued"]) },
  stuck: { title: "Busy, and stays busy", schedule: () => from([ALWAYS, "connected", true]) },
  gone: { title: "Already gone", schedule: () => from([ALWAYS, "terminated"]) },
  unknown: { title: "Not in the conversation", schedule: () => from([ALWAYS]) },
};

/** The faults that are switched on; those of a disconnect occur one after the other. */
export function faults({ conflict, unavailable, lost, limited }) {
  return [
    conflict && { on: "write", status: 409 },
    unavailable && { on: "write", status: 503 },
    lost && { on: "write", lost: "after" },
    limited && { on: "read", status: 429, headers: [["Retry-After", "1"]] },
  ].filter(Boolean);
}

/** The participants of the conversation. */
export function participants({ story, transitionMs }) {
  return [
    { id: "5d0e4f7a-agent", purpose: "agent", name: "Ada", schedule: from([ALWAYS, "connected"]) },
    { id: CALLER, purpose: "customer", name: "Grace", schedule: stories[story].schedule(transitionMs) },
    {
      id: "9c3b6d21-guest",
      purpose: "external",
      name: "Linus",
      address: "tel:+13175550188",
      schedule: from([ALWAYS, "dialing"], [500, "connected"]),
    },
  ];
}

/** The configuration of a simulator. */
export const platform = (setting) => ({
  conversations: [{ id: CONVERSATION, participants: participants(setting) }],
  readLagMs: setting.lagMs,
  effectDelayMs: setting.effectMs,
  faults: faults(setting),
});
