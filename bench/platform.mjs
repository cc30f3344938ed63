// The participant that the contenders remove, and the two requests for it.
export const ids = {
  conversationId: "3f2a9c10-7d5e-4b8a-9c41-5d2f6e8b1a07",
  participantId: "b71c02de-1f4a-4e0c-8a6b-90d3c5e7f218",
};
export const accessToken = "a-secret-token-0123456789";

export const headers = { Authorization: `Bearer ${accessToken}`, Accept: "application/json" };
export const readUrl = (origin) => `${origin}/api/v2/conversations/calls/${ids.conversationId}`;
export const writeUrl = (origin) => `${readUrl(origin)}/participants/${ids.participantId}`;
export const write = {
  method: "PATCH",
  headers: { ...headers, "Content-Type": "application/json" },
  body: '{"state":"disconnected"}',
};
