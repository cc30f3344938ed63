// What people write to remove a caller, and this package; each as it stands in an application. The page shows these
// lines, and runs them.
import { disconnectIfConnected } from "../../pkg/index.js";

const routes = {
  voice: {
    list: "entities",
    read: ({ conversationId }) => `/api/v2/conversations/voice/${conversationId}/participants`,
    write: () => ["POST", "/api/v2/conversations/voice/participants"],
    body: ({ participantId }) => ({ participantId, action: "disconnect" }),
  },
  calls: {
    list: "participants",
    read: ({ conversationId }) => `/api/v2/conversations/calls/${conversationId}`,
    write: ({ conversationId, participantId }) => [
      "PATCH",
      `/api/v2/conversations/calls/${conversationId}/participants/${participantId}`,
    ],
    body: () => ({ state: "disconnected" }),
  },
};

const headersOf = ({ accessToken }) => ({
  Authorization: `Bearer ${accessToken}`,
  "Content-Type": "application/json",
});

/** Sends the disconnect. */
async function plainPost(call) {
  const { api, baseUrl, fetch } = call;
  const [method, path] = routes[api].write(call);
  const body = JSON.stringify(routes[api].body(call));
  const response = await fetch(baseUrl + path, { method, headers: headersOf(call), body });
  return response.ok ? "removed" : `HTTP ${response.status}`;
}

/** Reads the participants, looks at the state, and only then sends. */
async function readCheckPost(call) {
  const { api, baseUrl, fetch, participantId } = call;
  const response = await fetch(baseUrl + routes[api].read(call), { method: "GET", headers: headersOf(call) });
  if (!response.ok) return `HTTP ${response.status}`;
  const participant = (await response.json())[routes[api].list].find(({ id }) => id === participantId);
  return participant?.state === "connected" ? plainPost(call) : "not active";
}

/** This package. */
async function thisPackage(call, onEvent) {
  const { conversationId, participantId, accessToken, api, baseUrl, fetch, settleMs, confirm } = call;
  const options = { conversationId, participantId, accessToken, api, baseUrl, fetch, settleMs, confirm };
  return disconnectIfConnected({ ...options, onEvent });
}

export const contenders = [
  { id: "post", title: "The plain POST", run: plainPost },
  { id: "check", title: "Read, check, POST", run: readCheckPost },
  { id: "ours", title: "disconnectIfConnected", run: thisPackage },
];
