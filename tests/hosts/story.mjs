// What the package does in every host, over real HTTP: a refused write, a participant that is gone, ids that do not
// exist, a bad option, an abort; a client that observes and is closed. `TOLD` of hosts.mjs is what must come back.
export async function story({ ConversationClient, DisconnectError, disconnectIfConnected }, baseUrl) {
  const options = { conversationId: "c", participantId: "p", accessToken: "a-secret-token", baseUrl };
  const code = (error) =>
    error instanceof DisconnectError && error instanceof Error ? error.code : `not a DisconnectError: ${error}`;
  const told = [];
  const first = await disconnectIfConnected({ ...options, api: "calls", confirm: true });
  told.push(
    `${first.outcome} after ${first.timeline.filter(({ type }) => type === "request").length} requests, confirmed ${first.confirmed}`,
  );
  told.push((await disconnectIfConnected(options)).outcome);
  told.push(await disconnectIfConnected({ ...options, conversationId: "nobody" }).catch(code));
  told.push(await disconnectIfConnected({ ...options, settleMs: -1 }).catch(code));
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
  told.push(await aborted.catch((error) => (error === reason ? "aborted" : `not the reason: ${error}`)));
  const client = new ConversationClient({ accessToken: "a-secret-token", baseUrl, api: "calls" });
  client.observe({ id: "c", participants: [{ id: "queued", state: "terminated" }] });
  const { outcome, requests } = await client.disconnectIfConnected({ conversationId: "c", participantId: "queued" });
  told.push(`${outcome} after ${requests} requests, ${(await client.participants("c")).length} participants`);
  client.close();
  told.push(await client.participants("c").catch(code));
  return told.join(" | ");
}
