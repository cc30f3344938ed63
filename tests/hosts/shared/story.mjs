// The calls that every host makes, over real HTTP: a refused write, a participant that is gone, ids that do not exist,
// a bad option, an abort; a client that observes and is closed.

/** What `story` returns where the package works. */
export const expected = [
  "disconnected after 5 requests, confirmed true",
  "already-disconnected",
  "CONVERSATION_NOT_FOUND",
  "INVALID_ARGUMENT",
  "aborted",
  "already-disconnected after 0 requests, 2 participants",
  "CLOSED",
].join(" | ");

/** Makes the calls, with the package as imported in the host, and returns their results as one text. */
export async function story({ ConversationClient, DisconnectError, disconnectIfConnected }, baseUrl) {
  const options = { conversationId: "c", participantId: "p", accessToken: "a-secret-token", baseUrl };
  const code = (error) =>
    error instanceof DisconnectError && error instanceof Error ? error.code : `not a DisconnectError: ${error}`;
  const results = [];
  const first = await disconnectIfConnected({ ...options, api: "calls", confirm: true });
  const sent = first.timeline.filter(({ type }) => type === "request").length;
  results.push(`${first.outcome} after ${sent} requests, confirmed ${first.confirmed}`);
  results.push((await disconnectIfConnected(options)).outcome);
  results.push(await disconnectIfConnected({ ...options, conversationId: "nobody" }).catch(code));
  results.push(await disconnectIfConnected({ ...options, settleMs: -1 }).catch(code));
  const controller = new AbortController();
  const reason = { name: "a reason of the caller" };
  const aborted = disconnectIfConnected({
    ...options,
    participantId: "queued",
    settleMs: 60_000,
    timeoutMs: 60_000,
    signal: controller.signal,
  });
  setTimeout(() => controller.abort(reason), 50);
  results.push(await aborted.catch((error) => (error === reason ? "aborted" : `not the reason: ${error}`)));
  const client = new ConversationClient({ accessToken: "a-secret-token", baseUrl, api: "calls" });
  client.observe({ id: "c", participants: [{ id: "queued", state: "terminated" }] });
  const { outcome, requests } = await client.disconnectIfConnected({ conversationId: "c", participantId: "queued" });
  results.push(`${outcome} after ${requests} requests, ${(await client.participants("c")).length} participants`);
  client.close();
  results.push(await client.participants("c").catch(code));
  return results.join(" | ");
}
