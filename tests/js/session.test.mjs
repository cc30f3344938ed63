// The simulator's sign-in, users and notification channels: in the process, over HTTP, and by the vendor's SDK.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { afterEach, test } from "node:test";
import platformClient from "purecloud-platform-client-v2/dist/node/purecloud-platform-client-v2.js";
import { WebSocket } from "ws";
import { ConversationClient, createSimulator } from "./support/package.mjs";

const API = "https://api.mypurecloud.com";
const LOGIN = "https://login.mypurecloud.com";
const CLIENT = "2d1f7a4e-client";
const REDIRECT = "https://widgets.example/desktop/index.html";
const TOPIC = "v2.users.u-ada.conversations.calls";
/** The verifier of RFC 7636, appendix B, and its challenge. */
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const ada = { id: "p-ada", purpose: "agent", userId: "u-ada", schedule: [{ state: "connected" }] };
const grace = { id: "p-grace", name: "Grace", schedule: [{ state: "alerting" }, { at: 1_000, state: "connected" }] };

function simulate(config) {
  const time = { ms: 0 };
  const made = createSimulator({
    conversations: [{ id: "c-1", participants: [ada, grace] }],
    users: [
      { id: "u-ada", name: "Ada Lovelace" },
      { id: "u-bo", permissions: [] },
    ],
    login: { clients: [{ id: CLIENT, redirectUris: [REDIRECT] }] },
    now: () => time.ms,
    ...config,
  });
  return made.then((simulator) => ({ simulator, time }));
}

function authorize(simulator, more) {
  const query = new URLSearchParams({
    client_id: CLIENT,
    redirect_uri: REDIRECT,
    response_type: "code",
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    state: "a&b=c",
    ...more,
  });
  return simulator.fetch(`${LOGIN}/oauth/authorize?${query}`);
}

function exchange(simulator, code, more) {
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    code,
    code_verifier: VERIFIER,
    client_id: CLIENT,
    redirect_uri: REDIRECT,
    ...more,
  });
  return simulator.fetch(`${LOGIN}/oauth/token`, { method: "POST", body });
}

async function signIn(simulator, user = "u-ada") {
  const answer = await authorize(simulator, { user });
  const code = new URL(answer.headers.get("location")).searchParams.get("code");
  const { access_token } = await (await exchange(simulator, code)).json();
  return access_token;
}

const asked = (simulator, token, path, { method = "GET", body } = {}) =>
  simulator.fetch(API + path, {
    method,
    body: body && JSON.stringify(body),
    headers: { Authorization: `Bearer ${token}` },
  });

/** Creates a channel with these topics. */
async function channelOf(simulator, token, topics = [TOPIC]) {
  const made = await asked(simulator, token, "/api/v2/notifications/channels", { method: "POST" });
  assert.equal(made.status, 200);
  const channel = await made.json();
  const path = `/api/v2/notifications/channels/${channel.id}/subscriptions`;
  const body = topics.map((id) => ({ id }));
  const subscribed = await asked(simulator, token, path, { method: "PUT", body });
  assert.deepEqual(
    (await subscribed.json()).entities.map(({ id, state }) => [id, state]),
    topics.map((id) => [id, "Permitted"]),
  );
  return channel;
}

const opened = [];
afterEach(() => {
  for (const socket of opened.splice(0)) socket.close();
});

/** Opens a socket of a channel; `events` are the notifications of calls, `notices` all others. */
async function listening(Socket, uri) {
  const socket = new Socket(uri);
  opened.push(socket);
  const seen = { socket, events: [], notices: [], closed: undefined };
  seen.end = new Promise((resolve) => socket.addEventListener("close", resolve));
  socket.addEventListener("message", ({ data }) => {
    const notification = JSON.parse(data);
    if (notification.topicName.startsWith("v2.users")) seen.events.push(notification);
    else seen.notices.push(notification.eventBody?.message ?? notification.topicName);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error("the socket did not open")));
  });
  return seen;
}

async function until(condition) {
  for (let tries = 0; !condition(); tries++) {
    assert.ok(tries < 2_000, "the condition is not met after 20 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits until everything that is due has been delivered. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 150));
const stateOf = ({ eventBody }, id = "p-grace") => eventBody.participants.find((one) => one.id === id)?.state;

test("the code flow with PKCE: the challenge of RFC 7636, a code for one use, the state unchanged", async () => {
  const { simulator } = await simulate();
  const answer = await authorize(simulator);
  assert.equal(answer.status, 302);
  const back = new URL(answer.headers.get("location"));
  assert.equal(back.origin + back.pathname, REDIRECT);
  assert.equal(back.searchParams.get("state"), "a&b=c");
  const code = back.searchParams.get("code");
  const token = await (await exchange(simulator, code)).json();
  assert.deepEqual([token.token_type, token.expires_in], ["bearer", 86_400]);
  const again = await exchange(simulator, code);
  assert.deepEqual([again.status, (await again.json()).error], [400, "invalid_grant"]);
});

test("a sign-in that is wrong is refused: address, client, verifier, method, time", async () => {
  const { simulator, time } = await simulate();
  const page = await authorize(simulator, { redirect_uri: `${REDIRECT}/` });
  assert.equal(page.status, 400);
  assert.match(await page.text(), /no authorized redirect URI https:\/\/widgets\.example\/desktop\/index\.html\//);
  assert.equal((await authorize(simulator, { client_id: "<b>" })).headers.get("x-frame-options"), "DENY");
  assert.doesNotMatch(await (await authorize(simulator, { client_id: "<b>" })).text(), /<b>/);
  const plain = await authorize(simulator, { code_challenge_method: "plain" });
  assert.match(plain.headers.get("location"), /[?]error=invalid_request&error_description=.*&state=/);
  for (const more of [
    { code_verifier: "x".repeat(43) },
    { client_id: "other" },
    { redirect_uri: "https://x.example" },
  ]) {
    const code = new URL((await authorize(simulator)).headers.get("location")).searchParams.get("code");
    const refused = await exchange(simulator, code, more);
    assert.deepEqual([refused.status, (await refused.json()).error], [400, "invalid_grant"], JSON.stringify(more));
  }
  const late = new URL((await authorize(simulator)).headers.get("location")).searchParams.get("code");
  time.ms = 60_000;
  assert.equal((await exchange(simulator, late)).status, 400);
  const failing = await simulate({
    login: { clients: [{ id: CLIENT, redirectUris: [REDIRECT] }], error: ["access_denied", "No."] },
  });
  const denied = new URL((await authorize(failing.simulator)).headers.get("location")).searchParams;
  assert.deepEqual([denied.get("error"), denied.get("error_description")], ["access_denied", "No."]);
});

test("the login page can ask which user signs in", async () => {
  const { simulator } = await simulate({ login: { clients: [{ id: CLIENT, redirectUris: [REDIRECT] }], asks: true } });
  const page = await authorize(simulator);
  assert.equal(page.status, 200);
  const [, href] = /href="([^"]+)">Ada Lovelace/.exec(await page.text());
  const answer = await simulator.fetch(LOGIN + href.replaceAll("&amp;", "&"));
  assert.equal(new URL(answer.headers.get("location")).searchParams.get("state"), "a&b=c");
});

test("tokens expire and can be revoked; scopes and permissions are checked", async () => {
  const clients = [{ id: CLIENT, redirectUris: [REDIRECT] }];
  const { simulator, time } = await simulate({ login: { clients, tokenLifeMs: 5_000 } });
  const path = "/api/v2/conversations/calls/c-1";
  const token = await signIn(simulator);
  assert.equal((await asked(simulator, token, path)).status, 200);
  const me = await (await asked(simulator, token, "/api/v2/users/me?expand=authorization")).json();
  const permissions = ["conversation:communication:disconnect"];
  assert.deepEqual([me.id, me.name, me.authorization.permissions], ["u-ada", "Ada Lovelace", permissions]);
  time.ms = 5_000;
  assert.equal((await asked(simulator, token, path)).status, 401);
  const second = await signIn(simulator, "u-bo");
  const body = { state: "disconnected" };
  const refused = await asked(simulator, second, `${path}/participants/p-ada`, { method: "PATCH", body });
  assert.deepEqual([refused.status, (await refused.json()).code], [403, "missing.permissions"]);
  simulator.revokeTokens();
  assert.equal((await asked(simulator, second, path)).status, 401);
  assert.equal((await asked(simulator, "made-up", path)).status, 401);

  const readonly = [{ id: CLIENT, redirectUris: [REDIRECT], scopes: ["conversations:readonly"] }];
  const { simulator: other } = await simulate({ login: { clients: readonly } });
  const third = await signIn(other);
  assert.equal((await asked(other, third, path)).status, 200);
  for (const [path, scope] of [
    ["/api/v2/users/me", /users:readonly/],
    ["/api/v2/notifications/channels", /notifications/],
  ]) {
    const answer = await asked(other, third, path);
    assert.equal(answer.status, 403);
    assert.match((await answer.json()).message, scope);
  }
});

test("a channel sends each change once, for the topic of a user in the call", async () => {
  const { simulator, time } = await simulate();
  const token = await signIn(simulator);
  const { connectUri, expires } = await channelOf(simulator, token, [TOPIC, "v2.users.u-bo.conversations.calls"]);
  assert.deepEqual(
    [connectUri.replace(/-\d+$/, ""), expires],
    ["wss://streaming.mypurecloud.com/channels/streaming", "2026-11-23T09:30:00.000Z"],
  );
  const { socket, events, notices } = await listening(simulator.WebSocket, connectUri);
  time.ms = 1_000;
  await until(() => events.length > 0);
  assert.deepEqual([events.length, events[0].topicName, stateOf(events[0])], [1, TOPIC, "connected"]);
  simulator.setState("c-1", "p-grace", "terminated");
  await until(() => events.length > 1);
  await settle();
  assert.deepEqual(
    events.map((one) => stateOf(one)),
    ["connected", "terminated"],
  );
  socket.send('{"message":"ping"}');
  await until(() => notices.includes("pong"));
  time.ms = 30_000;
  await until(() => notices.includes("WebSocket Heartbeat"));
  socket.close();
});

test("the combined topic and the one of all media", async () => {
  const { simulator, time } = await simulate();
  const topics = ["v2.users.u-ada.conversations?calls&callbacks", "v2.users.u-ada.conversations"];
  const { connectUri } = await channelOf(simulator, await signIn(simulator), topics);
  const { events } = await listening(simulator.WebSocket, connectUri);
  time.ms = 1_000;
  await until(() => events.length === 2);
  assert.deepEqual(
    events.map(({ topicName }) => topicName),
    [TOPIC, "v2.users.u-ada.conversations"],
  );
  assert.equal(events[1].eventBody.participants[1].calls[0].state, "connected");
});

test("delays, duplicates, gaps, starvation and silence", async () => {
  const { simulator, time } = await simulate({
    notifications: { delayMs: 400, duplicates: 2, gaps: [[2_000, 3_000]] },
  });
  const { connectUri } = await channelOf(simulator, await signIn(simulator));
  const { socket, events, notices } = await listening(simulator.WebSocket, connectUri);
  time.ms = 1_399;
  await settle();
  assert.equal(events.length, 0, "not yet");
  time.ms = 1_400;
  await until(() => events.length === 3);
  time.ms = 2_500;
  simulator.setState("c-1", "p-grace", "dialing");
  await settle();
  time.ms = 3_500;
  simulator.setState("c-1", "p-grace", "connected");
  await settle();
  time.ms = 4_000;
  await until(() => events.length === 6);
  assert.deepEqual(
    events.slice(3).map((one) => stateOf(one)),
    ["connected", "connected", "connected"],
  );
  simulator.setNotifications({ starved: true });
  simulator.setState("c-1", "p-grace", "terminated");
  time.ms = 40_000;
  await until(() => notices.includes("WebSocket Heartbeat"));
  assert.equal(events.length, 6);
  simulator.setNotifications({ starved: false, silent: true });
  socket.send('{"message":"ping"}');
  time.ms = 80_000;
  await settle();
  assert.deepEqual([events.length, notices], [6, ["WebSocket Heartbeat"]]);
});

test("a cut, with a notice and without; a second socket ends the first; a channel expires", async () => {
  const { simulator, time } = await simulate({ notifications: { lifeMs: 10_000 } });
  const { connectUri } = await channelOf(simulator, await signIn(simulator));
  const first = await listening(simulator.WebSocket, connectUri);
  const second = await listening(simulator.WebSocket, connectUri);
  assert.equal((await first.end).code, 1006);
  simulator.cutChannels({ notice: true });
  await second.end;
  assert.deepEqual(second.notices, ["Socket closing"]);
  const third = await listening(simulator.WebSocket, connectUri);
  simulator.cutChannels();
  await third.end;
  assert.deepEqual(third.notices, []);
  const fourth = await listening(simulator.WebSocket, connectUri);
  time.ms = 10_000;
  await fourth.end;
  assert.deepEqual(simulator.channels(), []);
  await assert.rejects(listening(simulator.WebSocket, connectUri), /did not open/);
});

test("one channel too many removes the least recently used one, first one without a socket", async () => {
  const { simulator, time } = await simulate({ notifications: { maxChannels: 2 } });
  const token = await signIn(simulator);
  const open = await channelOf(simulator, token);
  await listening(simulator.WebSocket, open.connectUri);
  time.ms = 1;
  const idle = await channelOf(simulator, token);
  time.ms = 2;
  const last = await channelOf(simulator, token);
  assert.deepEqual(
    simulator.channels().map(({ id }) => id),
    [open.id, last.id],
  );
  const gone = await asked(simulator, token, `/api/v2/notifications/channels/${idle.id}`, { method: "HEAD" });
  assert.equal(gone.status, 404);
});

test("limits of topics", async () => {
  const { simulator } = await simulate();
  const token = await signIn(simulator);
  const { id } = await channelOf(simulator, token);
  const path = `/api/v2/notifications/channels/${id}/subscriptions`;
  const topics = (count) =>
    Array.from({ length: count }, (_, index) => ({ id: `v2.users.u-${index}.conversations.calls` }));
  assert.equal((await asked(simulator, token, path, { method: "POST", body: topics(999) })).status, 200);
  assert.equal((await asked(simulator, token, path, { method: "POST", body: topics(1_001).slice(-1) })).status, 400);
  assert.equal((await asked(simulator, token, path, { method: "PUT", body: [{ id: "v".repeat(201) }] })).status, 400);
  assert.equal((await asked(simulator, token, path, { method: "PUT", body: { id: "x" } })).status, 400);
  assert.equal((await asked(simulator, token, path, { method: "DELETE" })).status, 204);
  assert.deepEqual(simulator.channels()[0].topics, []);
});

test("a client that observes a channel removes with one request", async () => {
  const { simulator, time } = await simulate();
  const token = await signIn(simulator);
  const client = new ConversationClient({ accessToken: token, baseUrl: API, api: "calls", fetch: simulator.fetch });
  const { connectUri } = await channelOf(simulator, token);
  const seen = await listening(simulator.WebSocket, connectUri);
  seen.socket.addEventListener("message", ({ data }) => client.observe(JSON.parse(data)));
  time.ms = 1_000;
  await until(() => seen.events.length > 0);
  const result = await client.disconnectIfConnected({ conversationId: "c-1", participant: { purpose: "customer" } });
  assert.deepEqual([result.outcome, result.requests], ["disconnected", 1]);
  client.close();
});

test("a fault for a path affects those requests only", async () => {
  const { simulator } = await simulate({ login: undefined, faults: [{ path: "/users/me", status: 503, times: 9 }] });
  assert.equal((await asked(simulator, "t", "/api/v2/conversations/calls/c-1")).status, 200);
  assert.equal((await asked(simulator, "t", "/api/v2/users/me")).status, 503);
  simulator.addFault({ status: 500 });
  assert.equal((await asked(simulator, "t", "/api/v2/notifications/channels")).status, 200);
  assert.equal((await asked(simulator, "t", "/api/v2/conversations/calls/c-1")).status, 500);
});

test("over HTTP: the vendor's SDK signs in, reads its user, and subscribes; a WebSocket receives", async (context) => {
  const { simulator, time } = await simulate();
  const server = await simulator.listen();
  context.after(() => server.close());
  const sdk = platformClient.ApiClient.instance;
  const paths = { path_params_login: "", path_params_api: "" };
  sdk.setGateway({ host: "127.0.0.1", protocol: "http", port: server.port, ...paths });

  const verifier = sdk.generatePKCECodeVerifier(128);
  const query = new URLSearchParams({
    client_id: CLIENT,
    redirect_uri: REDIRECT,
    response_type: "code",
    code_challenge: await sdk.computePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const answer = await fetch(`${server.baseUrl}/oauth/authorize?${query}`, { redirect: "manual" });
  const code = new URL(answer.headers.get("location")).searchParams.get("code");
  const { accessToken, tokenExpiryTime } = await sdk.authorizePKCEGrant(CLIENT, verifier, code, REDIRECT);
  assert.match(accessToken, /^token-/);
  assert.ok(tokenExpiryTime > Date.now());
  const me = await new platformClient.UsersApi().getUsersMe({ expand: ["authorization"] });
  assert.deepEqual([me.id, me.authorization.permissions.length], ["u-ada", 1]);
  const notifications = new platformClient.NotificationsApi();
  const topics = await notifications.getNotificationsAvailabletopics();
  assert.ok(topics.entities.some(({ id }) => id === "v2.users.{id}.conversations.calls"));
  const channel = await notifications.postNotificationsChannels();
  await notifications.putNotificationsChannelSubscriptions(channel.id, [{ id: TOPIC }]);
  assert.deepEqual((await notifications.getNotificationsChannelSubscriptions(channel.id)).entities[0].id, TOPIC);
  await notifications.headNotificationsChannel(channel.id);
  assert.deepEqual((await notifications.getNotificationsChannels()).entities[0].connectUri, channel.connectUri);

  const { events, end } = await listening(WebSocket, channel.connectUri);
  time.ms = 1_000;
  await until(() => events.length === 1);
  assert.equal(stateOf(events[0]), "connected");
  await notifications.deleteNotificationsChannelSubscriptions(channel.id);
  simulator.setState("c-1", "p-grace", "terminated");
  await settle();
  assert.equal(events.length, 1);
  simulator.cutChannels();
  await end;
  await assert.rejects(listening(WebSocket, `${channel.connectUri}0`), /did not open/);
  // A code that is used twice also revokes its token.
  await assert.rejects(sdk.authorizePKCEGrant(CLIENT, verifier, code, REDIRECT));
  await assert.rejects(new platformClient.UsersApi().getUsersMe(), ({ status }) => status === 401);
});

test("several changes at one time are one event each, also when a participant is no longer listed", async () => {
  const { simulator, time } = await simulate({ notifications: { delayMs: 100 } });
  const token = await signIn(simulator);
  const { id, connectUri } = await channelOf(simulator, token);
  const { events } = await listening(simulator.WebSocket, connectUri);
  time.ms = 2_000;
  for (const state of ["dialing", "connected", undefined]) simulator.setState("c-1", "p-grace", state);
  simulator.setNotifications({ starved: false });
  time.ms = 2_099;
  await settle();
  // Only the change at 1,000 ms is due.
  assert.deepEqual(
    events.map((one) => stateOf(one)),
    ["connected"],
  );
  time.ms = 2_100;
  await until(() => events.length === 4);
  assert.deepEqual(
    events.map((one) => stateOf(one)),
    ["connected", "dialing", "connected", undefined],
  );
  simulator.setState("c-1", "p-ada", undefined);
  simulator.setState("c-1", "p-grace", "connected");
  time.ms = 3_000;
  await until(() => events.length === 6);
  assert.deepEqual(
    events.slice(4).map((one) => stateOf(one, "p-ada")),
    [undefined, undefined],
  );
  // Events follow the subscriptions at the time of the change.
  simulator.setState("c-1", "p-grace", "dialing");
  const path = `/api/v2/notifications/channels/${id}/subscriptions`;
  await asked(simulator, token, path, { method: "DELETE" });
  simulator.setState("c-1", "p-grace", "connected");
  time.ms = 4_000;
  await until(() => events.length === 7);
  await settle();
  assert.equal(stateOf(events.at(-1)), "dialing");
});

test("the WebSocket in the process behaves as a browser's", async () => {
  const { simulator, time } = await simulate();
  const { connectUri } = await channelOf(simulator, await signIn(simulator));
  const socket = new simulator.WebSocket(connectUri);
  opened.push(socket);
  assert.throws(() => socket.send("x"), { name: "InvalidStateError" });
  assert.deepEqual([simulator.WebSocket.OPEN, socket.CLOSED, socket.readyState, socket.onopen], [1, 3, 0, null]);
  const seen = [];
  await new Promise((resolve) => {
    socket.onopen = ({ target }) => resolve(target.send('{"message":"ping"}'));
  });
  socket.onmessage = () => seen.push("replaced");
  socket.onmessage = ({ target, data }) => seen.push([target === socket, JSON.parse(data).eventBody.message]);
  await until(() => seen.length > 0);
  assert.deepEqual(seen, [[true, "pong"]]);
  socket.onmessage = null;
  time.ms = 30_000;
  await settle();
  assert.equal(seen.length, 1);
  const early = new simulator.WebSocket(connectUri);
  const ends = [];
  for (const type of ["open", "error", "close"]) early.addEventListener(type, ({ code }) => ends.push([type, code]));
  early.close();
  await until(() => ends.length === 2);
  assert.deepEqual(ends, [
    ["error", undefined],
    ["close", 1006],
  ]);
});

test("a misspelt field is an error each time, and changes nothing", async () => {
  const { simulator } = await simulate();
  assert.throws(() => simulator.setNotifications({ delyMs: 1 }), /unknown field `delyMs`/);
  simulator.setNotifications({ delayMs: 1 });
  await assert.rejects(simulate({ login: { clients: [], askes: true } }), /unknown field `askes`/);
});

test("the expiry date of a channel: by startedAtMs, or from today on", async () => {
  const now = await createSimulator({ conversations: [] });
  const made = await (await asked(now, "t", "/api/v2/notifications/channels", { method: "POST" })).json();
  const days = (Date.parse(made.expires) - Date.now()) / 86_400_000;
  assert.ok(days > 0.9 && days < 1.1, made.expires);
  const then = await createSimulator({ conversations: [], now: () => 1_000, startedAtMs: 0 });
  const other = await (await asked(then, "t", "/api/v2/notifications/channels", { method: "POST" })).json();
  assert.equal(other.expires, "1970-01-02T00:00:01.000Z");
});

test("simulator.fetch accepts a Request, bytes, and a method in lower case", async () => {
  const { simulator } = await simulate({ login: undefined });
  const url = `${API}/api/v2/conversations/calls/c-1/participants/p-ada`;
  const body = JSON.stringify({ state: "disconnected" });
  const bytes = await simulator.fetch(new URL(url), { method: "patch", body: new TextEncoder().encode(body) });
  assert.equal(bytes.status, 404, "methods other than the common ones keep their case, as fetch has it");
  const request = await simulator.fetch(new Request(url, { method: "PATCH", body }));
  assert.equal(request.status, 202);
});

test("over HTTP: upgrades that are refused or reset affect no other socket", async (context) => {
  const { simulator } = await simulate();
  const server = await simulator.listen();
  context.after(() => server.close());
  const { connectUri } = await channelOf(simulator, await signIn(simulator));
  const uri = `ws://127.0.0.1:${server.port}${new URL(connectUri).pathname}`;
  const { socket } = await listening(WebSocket, uri);
  const upgrade = (path, more = "") =>
    new Promise((resolve) => {
      const stream = connect(server.port, "127.0.0.1", () => {
        stream.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${more}\r\n`);
        if (path.endsWith("nope")) stream.resetAndDestroy();
      });
      stream
        .on("close", resolve)
        .on("error", () => {})
        .resume();
    });
  for (let count = 0; count < 20; count++) await upgrade("/channels/nope");
  // An upgrade without a key is refused, and does not close the open socket.
  await upgrade(new URL(uri).pathname);
  assert.equal(socket.readyState, WebSocket.OPEN);
});

test("a clock of the caller's may go back: the states of earlier times", async () => {
  let now = -500;
  const schedule = [
    { at: -1_000, state: "alerting" },
    { at: 0, state: "connected" },
  ];
  const conversations = [{ id: "c", participants: [{ id: "p", schedule }] }];
  const simulator = await createSimulator({ conversations, now: () => now });
  const states = [-500, 500, -1].map((at) => {
    now = at;
    return simulator.state("c", "p");
  });
  assert.deepEqual(states, ["alerting", "connected", "alerting"]);
});
