// What the parts of the benchmark of the client share: the contenders, and rounds of them.
import { ConversationClient } from "../pkg/index.node.mjs";
import { accessToken, headers, ids, write } from "./platform.mjs";

export { ids };

export const clientOf = (origin, more) =>
  new ConversationClient({ accessToken, api: "calls", baseUrl: origin, requestsPerMinute: 1e9, ...more });

/** The two bare requests. */
export async function bare(origin, conversationId = ids.conversationId) {
  const url = `${origin}/api/v2/conversations/calls/${conversationId}`;
  await (await fetch(url, { headers })).arrayBuffer();
  await (await fetch(`${url}/participants/${ids.participantId}`, write)).body?.cancel();
}

/** The body of an event, or of a read. */
export const event = (id, count = 5) => ({
  id,
  participants: Array.from({ length: count }, (_, index) => ({
    id: index === count - 1 ? ids.participantId : `participant-${index}`,
    purpose: index === count - 1 ? "customer" : "agent",
    state: "connected",
    user: { id: `user-${index}` },
    address: "tel:+13175550142",
    held: false,
  })),
});

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const shuffled = (names) => {
  const left = [...names];
  return names.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0]);
};

/** Runs the contenders in turn, in a new order each round, after some rounds that do not count; what they measured. */
export async function rounds(contenders, count, before = Math.ceil(count / 5)) {
  const names = Object.keys(contenders);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -before; round < count; round++) {
    for (const name of shuffled(names)) {
      const value = await contenders[name]();
      if (round >= 0) samples[name].push(value);
    }
  }
  return samples;
}

/** How many milliseconds it takes. */
export const timed = (work) => async () => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};
