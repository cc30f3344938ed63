// A fake fetch: plain response objects, because jsdom has no Response, and because the body streams of Node need
// queueMicrotask, which Jest's fake timers replace.
const listed = (state) => ({
  status: 200,
  headers: { get: () => null },
  text: async () => JSON.stringify({ entities: [{ id: "p", state }] }),
});
const accepted = { status: 204, headers: { get: () => null } };
const fetch = async (_, { method }) => (method === "GET" ? listed("connected") : accepted);
const ids = { conversationId: "c", participantId: "p", accessToken: "tok-00000000", region: "us-east-1" };

module.exports = { accepted, fetch, ids, listed };
