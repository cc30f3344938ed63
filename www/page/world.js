// The conversation that the page plays with, as the settings describe it.

export const CONVERSATION = "3f2a9c10-7d5e-4b8a-9c41-5d2f6e8b1a07";
export const CALLER = "b71c02de-1f4a-4e0c-8a6b-90d3c5e7f218";
export const ACCESS_TOKEN = "page-token-0123456789";
export const GONE = ["disconnected", "terminated"];

/** True for long before the click, which is at 0 ms. */
const ALWAYS = -1e6;

/** What happens to Grace's leg; the transition is over after `ms`. */
export const stories = {
  joining: {
    title: "The platform is still busy with her leg (the 409)",
    schedule: (ms) => [
      { at: ALWAYS, state: "connected", changing: true },
      { at: ms, state: "connected" },
    ],
  },
  connected: { title: "Connected", schedule: () => [{ at: ALWAYS, state: "connected" }] },
  ringing: {
    title: "Ringing, then connected",
    schedule: (ms) => [
      { at: ALWAYS, state: "alerting" },
      { at: ms, state: "connected" },
    ],
  },
  transfer: {
    title: "Queued, moved to the agent, then connected",
    schedule: (ms) => [
      { at: ALWAYS, state: "queued" },
      { at: ms / 2, state: "connected", changing: true },
      { at: ms, state: "connected" },
    ],
  },
  leaving: {
    title: "Busy, then she hangs up",
    schedule: (ms) => [
      { at: ALWAYS, state: "connected", changing: true },
      { at: ms, state: "disconnected" },
    ],
  },
  queued: { title: "In the queue, and stays there", schedule: () => [{ at: ALWAYS, state: "queued" }] },
  stuck: {
    title: "Busy for ever",
    schedule: () => [{ at: ALWAYS, state: "connected", changing: true }],
  },
  gone: { title: "Already gone", schedule: () => [{ at: ALWAYS, state: "terminated" }] },
  unknown: { title: "Not in the conversation", schedule: () => [{ at: ALWAYS }] },
};

/** The faults that are switched on; those of one kind of request strike one after the other. */
export function faults({ conflict, limited, unavailable, lost }) {
  return [
    conflict && { on: "write", status: 409 },
    limited && { on: "read", status: 429, headers: [["Retry-After", "1"]] },
    unavailable && { on: "write", status: 503 },
    lost && { on: "write", lost: "after" },
  ].filter(Boolean);
}

/** Who is in the conversation. */
export function participants({ story, transitionMs }) {
  const connected = [{ at: ALWAYS, state: "connected" }];
  return [
    { id: "5d0e4f7a-agent", purpose: "agent", name: "Ada", schedule: connected },
    { id: CALLER, purpose: "customer", name: "Grace", schedule: stories[story].schedule(transitionMs) },
    {
      id: "9c3b6d21-guest",
      purpose: "external",
      name: "Linus",
      address: "tel:+13175550188",
      schedule: [
        { at: ALWAYS, state: "dialing" },
        { at: 500, state: "connected" },
      ],
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
