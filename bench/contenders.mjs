// The contenders of the benchmark. Each takes (origin, fetch) and removes one participant from one conversation.
import platformClient from "purecloud-platform-client-v2/dist/node/purecloud-platform-client-v2.js";
import { disconnectIfConnected } from "../pkg/index.node.mjs";
import { accessToken, headers, ids, readUrl, write, writeUrl } from "./platform.mjs";

export { byHand } from "./by-hand.mjs";
export { accessToken };

/** The lower limit: the two requests, without a look at the answers. */
export async function bareFetch(origin, fetch = globalThis.fetch) {
  await (await fetch(readUrl(origin), { headers })).arrayBuffer();
  await (await fetch(writeUrl(origin), write)).body?.cancel();
}

/** What most people write. */
export async function readCheckPost(origin, fetch = globalThis.fetch) {
  const { participants } = await (await fetch(readUrl(origin), { headers })).json();
  if (participants.find(({ id }) => id === ids.participantId)?.state !== "connected") return false;
  return (await fetch(writeUrl(origin), write)).ok;
}

/** The vendor's SDK: read, check, patch. */
export async function officialSdk(origin) {
  const { hostname, port } = new URL(origin);
  const client = platformClient.ApiClient.instance;
  client.setGateway({
    host: hostname,
    protocol: "http",
    port: Number(port),
    path_params_login: "",
    path_params_api: "",
  });
  client.setAccessToken(accessToken);
  const api = new platformClient.ConversationsApi();
  const { participants } = await api.getConversationsCall(ids.conversationId);
  if (participants.find(({ id }) => id === ids.participantId)?.state !== "connected") return;
  await api.patchConversationsCallParticipant(ids.conversationId, ids.participantId, { state: "disconnected" });
}

/** This package. */
export function ours(origin, fetch) {
  return disconnectIfConnected({ ...ids, accessToken, baseUrl: origin, api: "calls", fetch });
}
