// What the parts of the benchmark of the client share.
import { ConversationClient } from "../pkg/index.node.mjs";
import { accessToken, headers, ids, write } from "./platform.mjs";

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
