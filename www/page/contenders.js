// The three contenders. The page shows the code of the first two as it is here; that of the package is in code.js.
import { disconnectIfConnected } from "../../pkg/index.js";

const post = {
  async voice({ send, baseUrl, participantId, accessToken }) {
    const response = await send(`${baseUrl}/api/v2/conversations/voice/participants`, {
      method: "POST",
      headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" },
      body: JSON.stringify({ participantId, action: "disconnect" }),
    });
    return response.ok ? "removed" : `HTTP ${response.status}`;
  },
  async calls({ send, baseUrl, conversationId, participantId, accessToken }) {
    const path = `/api/v2/conversations/calls/${conversationId}/participants/${participantId}`;
    const response = await send(baseUrl + path, {
      method: "PATCH",
      headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" },
      body: JSON.stringify({ state: "disconnected" }),
    });
    return response.ok ? "removed" : `HTTP ${response.status}`;
  },
};

const readCheckPost = {
  async voice({ send, baseUrl, conversationId, participantId, accessToken }) {
    const headers = { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" };
    const path = `/api/v2/conversations/voice/${conversationId}/participants`;
    const read = await send(baseUrl + path, { method: "GET", headers });
    if (!read.ok) return `HTTP ${read.status}`;
    const { entities } = await read.json();
    if (entities.find(({ id }) => id === participantId)?.state !== "connected") return "not active";
    const body = JSON.stringify({ participantId, action: "disconnect" });
    const write = await send(`${baseUrl}/api/v2/conversations/voice/participants`, { method: "POST", headers, body });
    return write.ok ? "removed" : `HTTP ${write.status}`;
  },
  async calls({ send, baseUrl, conversationId, participantId, accessToken }) {
    const headers = { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" };
    const path = `/api/v2/conversations/calls/${conversationId}`;
    const read = await send(baseUrl + path, { method: "GET", headers });
    if (!read.ok) return `HTTP ${read.status}`;
    const { participants } = await read.json();
    if (participants.find(({ id }) => id === participantId)?.state !== "connected") return "not active";
    const body = JSON.stringify({ state: "disconnected" });
    const write = await send(`${baseUrl}${path}/participants/${participantId}`, { method: "PATCH", headers, body });
    return write.ok ? "removed" : `HTTP ${write.status}`;
  },
};

function thisPackage({ send, ...options }, onEvent) {
  return disconnectIfConnected({ ...options, fetch: send, onEvent });
}

/** The contenders; `run` resolves with the contender's report: a text, or the result of the package. */
export const contenders = [
  { id: "post", title: "The plain POST", code: post, run: (call) => post[call.api](call) },
  { id: "check", title: "Read, check, POST", code: readCheckPost, run: (call) => readCheckPost[call.api](call) },
  { id: "ours", title: "disconnectIfConnected", run: thisPackage },
];

/** The source of a contender's function above, as a function declaration. */
export const codeOfContender = ({ code }, api) =>
  code[api]
    .toString()
    .replace(/^ {2}/gm, "")
    .replace(/^async \w+/, "async function removeCaller");
