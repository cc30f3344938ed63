// The client's work by hand, in plain JavaScript: a map of observed states, and one promise for overlapping calls;
// without a budget, deadlines, signals, checks and bounds.
import { byHand } from "./by-hand.mjs";
import { headers, write } from "./platform.mjs";

const MAX_AGE_MS = 2_000;

export function byHandClient(origin, fetch = globalThis.fetch) {
  const observed = new Map();
  const flights = new Map();
  const url = (conversationId) => `${origin}/api/v2/conversations/calls/${conversationId}`;

  async function remove(conversationId, participantId) {
    const known = observed.get(conversationId)?.get(participantId);
    if (known && performance.now() - known.at < MAX_AGE_MS) {
      if (known.state === "disconnected" || known.state === "terminated") return { outcome: "already-disconnected" };
      if (known.state === "connected") {
        observed.get(conversationId).delete(participantId);
        const { status, body } = await fetch(`${url(conversationId)}/participants/${participantId}`, write);
        body?.cancel();
        if (status >= 200 && status < 300) return { outcome: "disconnected" };
      }
    }
    return byHand(origin, fetch);
  }

  return {
    observe({ id, participants }) {
      const known = observed.get(id) ?? new Map();
      observed.set(id, known);
      const at = performance.now();
      for (const { id: participantId, state } of participants) known.set(participantId, { state, at });
    },
    remove(conversationId, participantId) {
      const key = `${conversationId}/${participantId}`;
      const flight = flights.get(key) ?? remove(conversationId, participantId).finally(() => flights.delete(key));
      flights.set(key, flight);
      return flight;
    },
    async removeAll(conversationId) {
      const { participants } = await (await fetch(url(conversationId), { headers })).json();
      const connected = participants.filter(({ state }) => state === "connected");
      return Promise.all(
        connected.map(async ({ id }) =>
          (await fetch(`${url(conversationId)}/participants/${id}`, write)).body?.cancel(),
        ),
      );
    },
  };
}
