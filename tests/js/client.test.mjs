// ConversationClient (contract 9) in Node: single flight, one budget, many participants, live state. Its parts without
// I/O are tested in tests/client.rs and tests/client_model.rs.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import {
  ConversationClient,
  createSimulator,
  DisconnectError,
  disconnectIfConnected,
  RateBudget,
} from "./support/package.mjs";

const connected = [{ at: -1e6, state: "connected" }];
const ids = { conversationId: "c", participantId: "p-1" };
const base = { accessToken: "tok-00000000", api: "calls", baseUrl: "https://api.example.test", settleMs: 200 };
const conversation = (...participants) => ({
  conversations: [{ id: "c", participants: participants.map((one) => ({ schedule: connected, ...one })) }],
});
const simulated = async (config, options) => {
  const simulator = await createSimulator(config ?? conversation({ id: "p-1" }));
  return { simulator, client: new ConversationClient({ ...base, fetch: simulator.fetch, ...options }) };
};
const sent = (simulator) => simulator.log().map(({ method, path }) => `${method} ${path.split("/").at(-1)}`);
const listed = (...participants) => Response.json({ participants });
const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A fetch whose requests the test answers. */
function controlled() {
  const requests = [];
  const fetch = (url, init) =>
    new Promise((resolve, reject) => {
      init.signal.addEventListener("abort", () => reject(init.signal.reason));
      requests.push({ method: init.method, path: new URL(url).pathname, headers: init.headers, init, resolve });
    });
  const next = async (method) => {
    for (let tries = 0; tries < 1_000; tries++) {
      const index = requests.findIndex((request) => !method || request.method === method);
      if (index >= 0) return requests.splice(index, 1)[0];
      await delay(1);
    }
    throw new Error(`no ${method ?? "request"} came`);
  };
  return { fetch, requests, next };
}

// ---- Single flight ----

test("a double click is one flight: one read, one write, two results", async () => {
  const { simulator, client } = await simulated();
  const events = [[], []];
  const results = await Promise.all(
    events.map((own) => client.disconnectIfConnected({ ...ids, onEvent: (event) => own.push(event.type) })),
  );
  assert.deepEqual(sent(simulator), ["GET c", "PATCH p-1"]);
  for (const [index, result] of results.entries()) {
    const { outcome, acknowledged, requests, participantId } = result;
    assert.deepEqual([outcome, acknowledged, requests, participantId], ["disconnected", true, 2, "p-1"]);
    assert.deepEqual(
      events[index],
      result.timeline.map(({ type }) => type),
    );
  }
  assert.notEqual(results[0], results[1]);
  // A later call has its own flight.
  assert.equal((await client.disconnectIfConnected(ids)).outcome, "already-disconnected");
});

test("a caller that joins a call under way gets its whole result", async () => {
  const { fetch, next } = controlled();
  const client = new ConversationClient({ ...base, fetch });
  const first = client.disconnectIfConnected(ids);
  (await next("GET")).resolve(listed({ id: "p-1", state: "connected" }));
  const write = await next("PATCH");
  await delay(5);
  const second = client.disconnectIfConnected(ids);
  await delay(1);
  write.resolve(new Response(null, { status: 202 }));
  for (const result of await Promise.all([first, second])) {
    assert.deepEqual([result.outcome, result.acknowledged, result.requests], ["disconnected", true, 2]);
    assert.ok(result.timeline.every(({ at }, index, all) => at >= (all[index - 1]?.at ?? 0)));
  }
  const [{ elapsedMs: long }, { elapsedMs: short, timeline }] = [await first, await second];
  assert.ok(short < long && timeline[0].at === 0);
});

test("each caller keeps its own signal; the shared work ends with the last caller", async () => {
  const { fetch, next, requests } = controlled();
  const client = new ConversationClient({ ...base, fetch });
  const [one, other] = [new AbortController(), new AbortController()];
  const first = client.disconnectIfConnected({ ...ids, signal: one.signal });
  const second = client.disconnectIfConnected({ ...ids, signal: other.signal });
  const read = await next("GET");
  one.abort("enough");
  assert.equal(await first.catch((reason) => reason), "enough");
  assert.equal(read.init.signal.aborted, false);
  other.abort("me too");
  assert.equal(await second.catch((reason) => reason), "me too");
  await delay(5);
  assert.ok(read.init.signal.aborted);
  assert.equal(requests.length, 0);
  for (const { signal } of [one, other]) assert.equal(getEventListeners(signal, "abort").length, 0);
  // The next call starts a new flight.
  const third = client.disconnectIfConnected(ids);
  (await next("GET")).resolve(listed({ id: "p-1", state: "terminated" }));
  assert.equal((await third).outcome, "already-disconnected");
});

test("each caller keeps its own deadline", async () => {
  const { fetch, next } = controlled();
  const client = new ConversationClient({ ...base, fetch });
  const patient = client.disconnectIfConnected({ ...ids, timeoutMs: 5_000 });
  const read = await next("GET");
  const hasty = client.disconnectIfConnected({ ...ids, timeoutMs: 30 });
  await assert.rejects(hasty, { code: "TIMEOUT", mayHaveDisconnected: false });
  read.resolve(listed({ id: "p-1", state: "terminated" }));
  assert.equal((await patient).outcome, "already-disconnected");
  // During a write, the disconnect may have worked.
  const writing = client.disconnectIfConnected({ ...ids, timeoutMs: 5_000 });
  (await next("GET")).resolve(listed({ id: "p-1", state: "connected" }));
  const write = await next("PATCH");
  const late = client.disconnectIfConnected({ ...ids, timeoutMs: 20 });
  await assert.rejects(late, { code: "TIMEOUT", mayHaveDisconnected: true });
  write.resolve(new Response(null, { status: 202 }));
  assert.equal((await writing).outcome, "disconnected");
});

test("each caller keeps its own async context", async () => {
  const context = new AsyncLocalStorage();
  const { fetch, next } = controlled();
  const seen = { token: [], fetch: [], events: [[], []] };
  const client = new ConversationClient({
    ...base,
    accessToken: () => {
      seen.token.push(context.getStore());
      return "tok-00000000";
    },
    fetch: (...all) => {
      seen.fetch.push(context.getStore());
      return fetch(...all);
    },
  });
  const call = (index) =>
    context.run(index, () =>
      client.disconnectIfConnected({ ...ids, onEvent: () => seen.events[index].push(context.getStore()) }),
    );
  const first = call(0);
  const read = await next("GET");
  const second = call(1);
  await delay(1);
  read.resolve(listed({ id: "p-1", state: "connected" }));
  (await next("PATCH")).resolve(new Response(null, { status: 202 }));
  await Promise.all([first, second]);
  assert.deepEqual([seen.token, seen.fetch], [[0], [0, 0]]);
  for (const [index, stores] of seen.events.entries()) {
    assert.ok(stores.length >= 4, "few events");
    assert.deepEqual(new Set(stores), new Set([index]));
  }
});

test("calls that ask for something else do not share", async () => {
  for (const [one, other] of [
    [{ api: "calls" }, { api: "voice" }],
    [{}, { onBehalfOf: "u-1" }],
    [{}, { disconnectableStates: ["connected", "alerting"] }],
    [{}, { goneStates: ["terminated"] }],
    [{}, { accessToken: "tok-11111111" }],
    [{}, { baseUrl: "https://other.example.test" }],
    [{}, { participantId: "p-2" }],
    [{}, { conversationId: "c-2" }],
  ]) {
    const { fetch, requests } = controlled();
    const client = new ConversationClient({ ...base, fetch });
    const calls = [one, other, one].map((options) => client.disconnectIfConnected({ ...ids, ...options }));
    await delay(10);
    assert.equal(requests.length, 2, JSON.stringify(other));
    client.close();
    await Promise.allSettled(calls);
  }
  // Options that concern one caller only are no difference.
  const { fetch, requests } = controlled();
  const client = new ConversationClient({ ...base, fetch });
  const { signal } = new AbortController();
  const own = [
    { settleMs: 1 },
    { timeoutMs: 99 },
    { confirm: true },
    { maxRetries: 0 },
    { priority: true },
    { signal },
  ];
  const calls = own.map((options) => client.disconnectIfConnected({ ...ids, ...options }));
  await delay(10);
  assert.equal(requests.length, 1);
  client.close();
  await Promise.allSettled(calls);
});

test("each caller gets the result that its own options ask for", async () => {
  const { simulator, client } = await simulated(conversation({ id: "p-1", schedule: [{ at: -1e6, state: "queued" }] }));
  const [short, long] = await Promise.all([
    client.disconnectIfConnected({ ...ids, settleMs: 60 }),
    client.disconnectIfConnected({ ...ids, settleMs: 300 }),
  ]);
  assert.deepEqual([short.outcome, long.outcome], ["not-connected", "not-connected"]);
  assert.ok(short.elapsedMs < 200 && long.elapsedMs >= 300, `${short.elapsedMs} and ${long.elapsedMs} ms`);
  assert.ok(simulator.log().length <= 5);
  const confirmed = await simulated({ ...conversation({ id: "p-1" }), effectDelayMs: 60 });
  const [plain, sure] = await Promise.all([
    confirmed.client.disconnectIfConnected(ids),
    confirmed.client.disconnectIfConnected({ ...ids, confirm: true, settleMs: 2_000 }),
  ]);
  assert.deepEqual([plain.confirmed, sure.confirmed], [false, true]);
  assert.equal(confirmed.simulator.log().filter(({ isWrite }) => isWrite).length, 1);
});

// ---- Tokens ----

test("overlapping calls ask a provider once, and refresh once", async () => {
  const asked = [];
  const accessToken = async ({ refresh }) => {
    asked.push(refresh);
    await delay(5);
    return refresh ? "tok-new-0000" : "tok-old-0000";
  };
  const participants = Array.from({ length: 20 }, (_, index) => ({ id: `p-${index}` }));
  const { simulator, client } = await simulated(
    { ...conversation(...participants), accessToken: "tok-new-0000" },
    { accessToken },
  );
  const call = (index) => client.disconnectIfConnected({ conversationId: "c", participantId: `p-${index}` });
  const results = await Promise.all(participants.map((_, index) => call(index)));
  assert.ok(results.every(({ outcome }) => outcome === "disconnected"));
  assert.deepEqual(asked, [false, true]);
  assert.ok(simulator.log().filter(({ status }) => status === 401).length <= 20);
  // A later call asks again.
  await client.disconnectIfConnected({ conversationId: "c", participantId: "p-1" }).catch(() => {});
  assert.equal(asked[2], false);
});

test("a provider that throws ends the calls that waited for it, and no later one", async () => {
  const { simulator } = await simulated();
  let fails = true;
  const wrong = new Error("no token today");
  const accessToken = async () => {
    await delay(1);
    if (fails) throw wrong;
    return "tok-00000000";
  };
  const client = new ConversationClient({ ...base, accessToken, fetch: simulator.fetch });
  const calls = ["p-1", "p-1", "p-2"].map((participantId) => client.disconnectIfConnected({ ...ids, participantId }));
  for (const { reason } of await Promise.allSettled(calls)) assert.equal(reason, wrong);
  fails = false;
  assert.equal((await client.disconnectIfConnected(ids)).outcome, "disconnected");
  const none = new ConversationClient({ ...base, accessToken: () => 7, fetch: simulator.fetch });
  await assert.rejects(none.disconnectIfConnected(ids), { code: "INVALID_ARGUMENT", option: "accessToken" });
});

// ---- Live state ----

test("observed connected costs one request, observed gone none", async () => {
  for (const topic of [
    "v2.users.u-1.conversations.calls",
    "v2.users.u-1.conversations",
    "v2.routing.queues.q-1.conversations.calls",
  ]) {
    for (const form of [(event) => event, (event) => event.eventBody, JSON.stringify]) {
      const { simulator, client } = await simulated();
      client.observe(form(simulator.notification("c", topic)));
      const first = await client.disconnectIfConnected(ids);
      assert.deepEqual([first.outcome, first.requests, first.timeline[0].source], ["disconnected", 1, "event"]);
      client.observe(form(simulator.notification("c", topic)));
      const second = await client.disconnectIfConnected(ids);
      assert.deepEqual([second.outcome, second.requests, second.confirmed], ["already-disconnected", 0, true]);
      assert.deepEqual(sent(simulator), ["PATCH p-1"]);
    }
  }
});

test("a description matches observed participants; to report it gone needs a read", async () => {
  const { simulator, client } = await simulated(conversation({ id: "p-1" }, { id: "p-2", purpose: "agent" }));
  client.observe(simulator.notification("c"));
  const participant = { purpose: "customer" };
  const first = await client.disconnectIfConnected({ conversationId: "c", participant });
  assert.deepEqual([first.outcome, first.participantId, first.requests], ["disconnected", "p-1", 1]);
  // An event may lack participants: another customer may have joined.
  client.observe(simulator.notification("c"));
  const second = await client.disconnectIfConnected({ conversationId: "c", participant });
  assert.deepEqual([second.outcome, second.requests], ["already-disconnected", 1]);
});

test("a waiting call wakes up at the event", async () => {
  const { simulator, client } = await simulated(
    conversation({ id: "p-1", schedule: [{ at: -1e6, state: "alerting" }] }),
    { settleMs: 5_000 },
  );
  // The pauses between reads grow.
  const call = client.disconnectIfConnected(ids);
  while (simulator.log().length < 3) await delay(5);
  await delay(20);
  const reads = simulator.log().length;
  simulator.setState("c", "p-1", "connected");
  client.observe(simulator.notification("c"));
  const result = await call;
  assert.deepEqual([result.outcome, result.requests], ["disconnected", reads + 1]);
  assert.equal(result.timeline.findLast(({ type }) => type === "state").source, "event");
  const gone = client.disconnectIfConnected({ ...ids, confirm: true });
  client.observe(simulator.notification("c"));
  assert.equal((await gone).outcome, "already-disconnected");
});

test("what was observed is too old after maxAgeMs, and used once", async () => {
  const { simulator, client } = await simulated(conversation({ id: "p-1" }), { maxAgeMs: 30 });
  client.observe(simulator.notification("c"));
  await delay(40);
  assert.equal((await client.disconnectIfConnected(ids)).requests, 2);
  const never = await simulated(conversation({ id: "p-1" }), { maxAgeMs: 0 });
  never.client.observe(never.simulator.notification("c"));
  assert.equal((await never.client.disconnectIfConnected(ids)).requests, 2);
  // After a refused write, a read comes first.
  const changing = await simulated(conversation({ id: "p-1", schedule: [{ ...connected[0], changing: true }] }));
  changing.client.observe(changing.simulator.notification("c"));
  await assert.rejects(changing.client.disconnectIfConnected(ids), { code: "CONFLICT" });
  const log = changing.simulator.log();
  assert.ok(log.every(({ isWrite }, index) => index === 0 || !isWrite || !log[index - 1].isWrite));
});

test("duplicate, late, partial and foreign events are harmless", async () => {
  const { simulator, client } = await simulated(conversation({ id: "p-1" }, { id: "p-2" }));
  const before = simulator.notification("c");
  await client.disconnectIfConnected(ids);
  client.observe(simulator.notification("c"));
  // An event that is late and duplicate: gone is final.
  client.observe(before);
  client.observe(before);
  const partial = simulator.notification("c");
  partial.eventBody.participants.pop();
  client.observe(partial);
  assert.equal((await client.disconnectIfConnected(ids)).requests, 0);
  // A participant that is missing from an event is not gone.
  assert.equal((await client.disconnectIfConnected({ ...ids, participantId: "p-2" })).requests, 1);

  const other = await simulated();
  for (const topicName of [
    "v2.users.u-1.conversations.chats",
    "v2.detail.events.conversation.c.customer.end",
    "channel.metadata",
    "v2.users.u-1.presence",
    7,
  ]) {
    const body = { id: "c", participants: [{ id: "p-1", state: "disconnected" }] };
    other.client.observe({ topicName, eventBody: body });
  }
  other.client.observe({ eventBody: { id: "c-2", participants: [{ id: "p-1", state: "disconnected" }] } });
  assert.equal((await other.client.disconnectIfConnected(ids)).requests, 2);
});

test("observe never throws", async () => {
  const fail = () => {
    throw new Error("hostile");
  };
  const circular = {};
  circular.eventBody = circular;
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const body = (participants) => ({ eventBody: { id: "c", participants } });
  const hostile = [
    undefined,
    null,
    7,
    7n,
    "",
    "{",
    "null",
    '{"eventBody":null}',
    Symbol("s"),
    fail,
    proxy,
    circular,
    new Proxy({}, { get: fail, ownKeys: fail }),
    { toJSON: fail },
    { toJSON: () => undefined },
    {
      get eventBody() {
        return fail();
      },
    },
    { eventBody: { id: 7, participants: [] } },
    { eventBody: { id: " c", participants: [{ id: "p-1", state: "connected" }] } },
    body("none"),
    body({ length: 2 }),
    body([null, 7, [], {}, { id: "p-1" }, { id: "p-1", state: 7 }, { id: {}, state: "connected" }]),
    body([{ id: "p-1", calls: [null, { state: 7 }] }]),
    body([{ id: "p-1", calls: "x" }]),
  ];
  const { simulator, client } = await simulated();
  const early = new ConversationClient({ ...base, fetch: simulator.fetch });
  for (const one of hostile) {
    assert.equal(client.observe(one), undefined);
    assert.equal(early.observe(one), undefined);
  }
  assert.equal((await client.disconnectIfConnected(ids)).requests, 2);
  for (const one of hostile) client.observe(one);
  assert.equal((await early.disconnectIfConnected(ids)).outcome, "already-disconnected");
});

// ---- One budget ----

const limited = (requestsPerMinute, rateWindowMs, ...participants) => ({
  ...conversation(...participants),
  requestsPerMinute,
  rateWindowMs,
});

test("until a first response has come, at most four requests are under way", async () => {
  const { fetch, requests, next } = controlled();
  const client = new ConversationClient({ ...base, fetch });
  const calls = Array.from({ length: 20 }, (_, index) =>
    client.disconnectIfConnected({ conversationId: `c-${index}`, participantId: "p" }),
  );
  await delay(20);
  assert.equal(requests.length, 4);
  const headers = { "inin-ratelimit-allowed": "12", "inin-ratelimit-count": "4", "inin-ratelimit-reset": "60" };
  (await next()).resolve(Response.json({ participants: [{ id: "p", state: "terminated" }] }, { headers }));
  await delay(20);
  // Of 12 allowed requests, 4 are counted, 3 of which are still under way.
  assert.ok(requests.length > 3 && requests.length <= 8, `${requests.length} under way`);
  client.close();
  await Promise.allSettled(calls);
});

test("requests wait for the reset, and emit an event", async () => {
  const participants = Array.from({ length: 12 }, (_, index) => ({ id: `p-${index}` }));
  const { simulator, client } = await simulated(limited(10, 1_000, ...participants));
  const events = [];
  const results = await Promise.all(
    participants.map(({ id: participantId }) =>
      client.disconnectIfConnected({ ...ids, participantId, onEvent: (event) => events.push(event) }),
    ),
  );
  assert.ok(results.every(({ outcome }) => outcome === "disconnected"));
  assert.ok(simulator.log().every(({ status }) => status !== 429));
  const waits = events.filter(({ type }) => type === "wait");
  assert.ok(waits.length > 0);
  for (const { reason, ms } of waits) assert.ok(reason === "rate-limit" && ms > 0, JSON.stringify({ reason, ms }));
});

test("where the headers are hidden, requestsPerMinute counts; a wait ends by signal and deadline", async () => {
  const { simulator, client } = await simulated(undefined, { requestsPerMinute: 2 });
  assert.equal((await client.disconnectIfConnected(ids)).requests, 2);
  // A wait that is longer than the deadline is not started.
  await assert.rejects(client.disconnectIfConnected(ids), (error) => {
    assert.equal(error.code, "RATE_LIMITED");
    assert.ok(error.retryAfterMs > 50_000 && error.retryAfterMs <= 60_000);
    return true;
  });
  const controller = new AbortController();
  const events = [];
  const onEvent = (event) => events.push(event);
  const waiting = client.disconnectIfConnected({ ...ids, timeoutMs: 120_000, signal: controller.signal, onEvent });
  await delay(10);
  assert.deepEqual([events[0].type, events[0].reason], ["wait", "rate-limit"]);
  controller.abort("enough");
  assert.equal(await waiting.catch((reason) => reason), "enough");
  assert.equal(simulator.log().length, 2);
  // An observed gone state needs no request.
  client.observe(simulator.notification("c"));
  assert.equal((await client.disconnectIfConnected(ids)).requests, 0);
});

test("a 429 for one pauses all", async () => {
  const participants = ["p-1", "p-2", "p-3"].map((id) => ({ id }));
  const { simulator, client } = await simulated(conversation(...participants), { timeoutMs: 5_000 });
  simulator.addFault({ status: 429, headers: [["Retry-After", "1"]] });
  const first = client.disconnectIfConnected({ ...ids, participantId: "p-1" });
  while (simulator.log().length === 0) await delay(1);
  await delay(5);
  const others = ["p-2", "p-3"].map((participantId) => client.disconnectIfConnected({ ...ids, participantId }));
  await Promise.all([first, ...others]);
  const [limit, ...rest] = simulator.log();
  assert.equal(limit.status, 429);
  assert.ok(rest.every(({ at }) => at >= limit.at + 990));
});

test("priority goes first", async () => {
  const participants = Array.from({ length: 12 }, (_, index) => ({ id: `p-${index}` }));
  const { simulator, client } = await simulated(limited(6, 1_000, ...participants));
  const ended = [];
  const call = (index, priority) =>
    client
      .disconnectIfConnected({ ...ids, participantId: `p-${index}`, priority })
      .then(({ participantId }) => ended.push(participantId));
  const calls = participants.slice(1).map((_, index) => call(index + 1, false));
  await delay(20);
  calls.push(call(0, true));
  await Promise.all(calls);
  assert.ok(ended.indexOf("p-0") <= 5, ended.join());
  assert.ok(simulator.log().every(({ status }) => status !== 429));
});

test("a caller that joins with priority raises the priority of its flight", async () => {
  const participants = Array.from({ length: 12 }, (_, index) => ({ id: `p-${index}` }));
  const { client } = await simulated(limited(6, 1_000, ...participants));
  const ended = [];
  const call = (index, priority) =>
    client
      .disconnectIfConnected({ ...ids, participantId: `p-${index}`, priority })
      .then(({ participantId }) => ended.push(participantId));
  const calls = participants.map((_, index) => call(index, false));
  await delay(20);
  calls.push(call(11, true));
  await Promise.all(calls);
  const places = ended.flatMap((id, index) => (id === "p-11" ? [index] : []));
  assert.ok(places.length === 2 && places[1] <= 6, ended.join());
});

test("a custom budget grants each request and receives the reported limits", async () => {
  const taken = [];
  const reported = [];
  let grant;
  const budget = {
    async take(request) {
      taken.push(request);
      await new Promise((resolve) => {
        grant = resolve;
      });
    },
    report(limits) {
      reported.push(limits);
      throw new Error("ignored");
    },
  };
  const { client } = await simulated(limited(300, 60_000, { id: "p-1" }), { budget });
  // The budget grants a request when the wait for it was reported.
  const onEvent = ({ reason }) => reason === "rate-limit" && grant();
  const result = await client.disconnectIfConnected({ ...ids, priority: true, onEvent });
  assert.equal(result.requests, 2);
  assert.deepEqual(
    taken.map(({ priority, follows, signal }) => [priority, follows, signal instanceof AbortSignal, signal.aborted]),
    [
      [true, false, true, false],
      [true, true, true, false],
    ],
  );
  assert.deepEqual(
    reported.map(({ allowed, count, resetMs }) => [allowed, count, resetMs > 59_000]),
    [
      [300, 1, true],
      [300, 2, true],
    ],
  );
  assert.equal(result.timeline.filter(({ reason }) => reason === "rate-limit").length, 2);

  const { simulator } = await simulated();
  const make = (more) => new ConversationClient({ ...base, fetch: simulator.fetch, ...more });
  // A budget may have no report, grant at once, throw, or never grant.
  assert.equal((await make({ budget: { take: async () => {} } }).participants("c")).length, 1);
  const wrong = new Error("Redis is down");
  for (const take of [
    () => {
      throw wrong;
    },
    async () => {
      throw wrong;
    },
  ]) {
    assert.equal(
      await make({ budget: { take } })
        .disconnectIfConnected(ids)
        .catch((error) => error),
      wrong,
    );
  }
  let signal;
  const never = make({
    budget: {
      take: (request) => {
        signal = request.signal;
        return new Promise(() => {});
      },
    },
  });
  await assert.rejects(never.disconnectIfConnected({ ...ids, timeoutMs: 30 }), (error) => {
    assert.equal(error.code, "TIMEOUT");
    assert.equal(error.timeline.find(({ type }) => type === "wait").reason, "rate-limit");
    return true;
  });
  await delay(1);
  assert.ok(signal.aborted);
});

test("one RateBudget serves several clients", async () => {
  const budget = new RateBudget({ requestsPerMinute: 5 });
  const { simulator } = await simulated(conversation(...["p-1", "p-2", "p-3", "p-4"].map((id) => ({ id }))));
  const [one, other] = [1, 2].map(() => new ConversationClient({ ...base, fetch: simulator.fetch, budget }));
  await one.disconnectIfConnected(ids);
  await other.disconnectIfConnected({ ...ids, participantId: "p-2" });
  // The fifth is a read alone; its write comes in the next minute.
  await assert.rejects(one.disconnectIfConnected({ ...ids, participantId: "p-3" }), { code: "RATE_LIMITED" });
  await assert.rejects(other.disconnectIfConnected({ ...ids, participantId: "p-4" }), { code: "RATE_LIMITED" });
  assert.deepEqual(sent(simulator), ["GET c", "PATCH p-1", "GET c", "PATCH p-2", "GET c"]);
});

test("a RateBudget by itself: take, report, signal", async () => {
  const budget = new RateBudget();
  const { signal } = new AbortController();
  const taken = [];
  const take = (name, more) =>
    budget.take({ priority: false, signal, ...more }).then(
      () => taken.push(name),
      (reason) => taken.push(`${name}: ${reason}`),
    );
  for (let index = 0; index < 6; index++) take(index);
  await delay(20);
  assert.deepEqual(taken, [0, 1, 2, 3]);
  budget.report({ allowed: 300, count: 4, resetMs: 60_000 });
  await delay(5);
  assert.deepEqual(taken, [0, 1, 2, 3, 4, 5]);
  budget.report({ retryAfterMs: 50 });
  const controller = new AbortController();
  take("aborted", { signal: controller.signal });
  take("patient");
  controller.abort("enough");
  await delay(20);
  assert.deepEqual(taken.slice(6), ["aborted: enough"]);
  await delay(60);
  assert.deepEqual(taken.slice(7), ["patient"]);
  for (const options of [7, { requestsPerMinute: 0 }, { requestsPerMinute: 1.5 }, { perMinute: 7 }]) {
    await assert.rejects(new RateBudget(options).take({ priority: false, signal }), { code: "INVALID_ARGUMENT" });
  }
});

test("in a RateBudget, a request that follows another of its call goes before first requests", async () => {
  const budget = new RateBudget();
  budget.report({ allowed: 1, count: 1, resetMs: 50 });
  const request = { priority: false, signal: new AbortController().signal };
  const begins = budget.take(request).then(() => "begins");
  const follows = budget.take({ ...request, follows: true }).then(() => "follows");
  assert.equal(await Promise.race([begins, follows]), "follows");
});

test("whatever a budget does, the call ends", async () => {
  const fail = () => {
    throw new Error("hostile");
  };
  /** An object whose `then` is as described. */
  // biome-ignore lint/suspicious/noThenProperty: hostile on purpose
  const thenable = (descriptor) => Object.defineProperty({}, "then", descriptor);
  const takes = {
    nothing: [() => undefined, "disconnected"],
    "a number": [() => 7, "disconnected"],
    "a symbol": [() => Symbol("s"), "disconnected"],
    "a thenable that throws": [() => thenable({ value: fail }), "hostile"],
    "a getter that throws": [() => thenable({ get: fail }), "hostile"],
    "a thenable that settles twice": [
      () =>
        thenable({
          value(resolve, reject) {
            resolve();
            reject(new Error("late"));
          },
        }),
      "disconnected",
    ],
  };
  for (const [name, [take, expected]] of Object.entries(takes)) {
    const { client } = await simulated(undefined, {
      budget: { take, report: () => Promise.reject(new Error("ignored")) },
    });
    const end = await client.disconnectIfConnected(ids).catch(({ message }) => ({ outcome: message }));
    assert.equal(end.outcome, expected, name);
  }
  const proxy = new Proxy({}, { get: fail });
  const { client } = await simulated(undefined, { budget: proxy });
  await assert.rejects(client.disconnectIfConnected(ids), { code: "INVALID_ARGUMENT", option: "budget" });
});

test("callbacks may use the client that calls them", async () => {
  // Callbacks that close the client.
  for (const place of ["onEvent", "accessToken", "fetch"]) {
    const { simulator } = await simulated();
    const close = (value) => {
      client.close();
      return value;
    };
    const client = new ConversationClient({
      ...base,
      fetch: (...all) => {
        if (place === "fetch") close();
        return simulator.fetch(...all);
      },
      accessToken: () => (place === "accessToken" ? close("tok-00000000") : "tok-00000000"),
      onEvent: () => (place === "onEvent" ? close() : undefined),
    });
    await assert.rejects(client.disconnectIfConnected(ids), { code: "CLOSED" }, place);
  }
  // A callback that observes, calls and lists.
  const { simulator, client } = await simulated();
  const inner = [];
  const onEvent = () => {
    client.observe(simulator.notification("c"));
    inner.push(client.disconnectIfConnected(ids), client.participants("c"));
  };
  assert.equal((await client.disconnectIfConnected({ ...ids, onEvent })).outcome, "disconnected");
  assert.ok((await Promise.all(inner)).length >= 10);
  // Callbacks that abort.
  for (const place of ["onEvent", "accessToken", "fetch"]) {
    const controller = new AbortController();
    const abort = (value) => {
      controller.abort("enough");
      return value;
    };
    const call = client.disconnectIfConnected({
      ...ids,
      participantId: place,
      signal: controller.signal,
      fetch: (...all) => {
        if (place === "fetch") abort();
        return simulator.fetch(...all);
      },
      accessToken: () => (place === "accessToken" ? abort("tok-00000000") : "tok-00000000"),
      onEvent: () => (place === "onEvent" ? abort() : undefined),
    });
    assert.equal(await call.catch((reason) => reason), "enough", place);
  }
});

// ---- Many ----

const conference = () =>
  conversation(
    { id: "p-agent", purpose: "agent", userId: "u-1", name: "Ada" },
    { id: "p-ivr", purpose: "ivr" },
    { id: "p-acd", purpose: "ACD" },
    { id: "p-supervisor", purpose: "agent", userId: "u-2", monitoredParticipantId: "p-agent" },
    { id: "p-failed", schedule: [{ at: -1e6, state: "terminated" }] },
    { id: "p-customer", address: "tel:+13175550142" },
    { id: "p-external", purpose: "external", schedule: [{ at: -1e6, state: "dialing" }] },
  );

test("participants lists them as a read shows them", async () => {
  for (const api of ["calls", "voice"]) {
    const { client } = await simulated(conference(), { api });
    const all = await client.participants("c");
    assert.deepEqual(
      all.map(({ id, state, kind }) => `${id} ${state} ${kind}`),
      [
        "p-agent connected connected",
        "p-ivr connected connected",
        "p-acd connected connected",
        "p-supervisor connected connected",
        "p-failed terminated gone",
        "p-customer connected connected",
        "p-external dialing unsettled",
      ],
    );
    const { purpose, userId, address, name } = all[0];
    assert.deepEqual([purpose, userId, address, name], ["agent", "u-1", "tel:+13175550142", "Ada"]);
    assert.ok(!("userId" in all[1]));
  }
  const { client, simulator } = await simulated();
  await assert.rejects(client.participants("c-2"), (error) => {
    assert.equal(error.code, "CONVERSATION_NOT_FOUND");
    assert.match(error.message, /^The participants of conversation c-2 were not read: /);
    return true;
  });
  // Two at once are one read; a transient failure is retried.
  simulator.addFault({ status: 503 });
  const before = simulator.log().length;
  await Promise.all([client.participants("c"), client.participants("c")]);
  assert.equal(simulator.log().length - before, 2);
  await assert.rejects(client.participants(""), { code: "INVALID_ARGUMENT", option: "conversationId" });
  await assert.rejects(client.participants(), { code: "INVALID_ARGUMENT", option: "conversationId" });
  await assert.rejects(client.participants("c", { timeout: 1 }), { code: "INVALID_ARGUMENT", option: "timeout" });
  const signal = AbortSignal.abort("enough");
  assert.equal(await client.participants("c", { signal }).catch((reason) => reason), "enough");
});

test("participants: where selects; people are neither infrastructure nor listening legs", async () => {
  const { client } = await simulated(conference());
  const listed = async (where) => (await client.participants("c", { where })).map(({ id }) => id);
  assert.deepEqual(await listed("people"), ["p-agent", "p-failed", "p-customer", "p-external"]);
  assert.deepEqual(await listed({ purpose: ["agent", "ivr"] }), ["p-agent", "p-ivr"]);
  assert.deepEqual(await listed({ userId: "u-2" }), ["p-supervisor"]);
  assert.deepEqual(await listed({ address: "+1 317 555 0142" }).then((ids) => ids.includes("p-ivr")), false);
  assert.equal((await listed(undefined)).length, 7);
  for (const [where, option] of [
    [{}, "where"],
    ["persons", "where"],
    [{ role: "x" }, "where.role"],
  ])
    await assert.rejects(client.participants("c", { where }), { code: "INVALID_ARGUMENT", option });
  const { results } = await client.disconnectAll({ conversationId: "c", where: "people", settleMs: 100 });
  assert.deepEqual(
    results.map(({ participantId }) => participantId),
    ["p-agent", "p-customer", "p-external"],
  );
});

test("participants: a recent event takes precedence over a lagging read; a gone participant stays gone", async () => {
  let now = 0;
  const schedule = [
    { at: -1e6, state: "alerting" },
    { at: 100, state: "connected" },
    { at: 300, state: "disconnected" },
  ];
  const config = { ...conversation({ id: "p-1", schedule }, { id: "p-2" }), readLagMs: 500, now: () => now };
  const { simulator, client } = await simulated(config);
  const states = async () => (await client.participants("c")).map(({ state, kind }) => `${state} ${kind}`);
  assert.deepEqual(await states(), ["alerting unsettled", "connected connected"]);
  now = 200;
  client.observe(simulator.notification("c"));
  assert.deepEqual(await states(), ["connected connected", "connected connected"]);
  now = 400;
  client.observe(simulator.notification("c"));
  assert.deepEqual(await states(), ["disconnected gone", "connected connected"]);
  const never = await simulated(config, { maxAgeMs: 0 });
  now = 200;
  never.client.observe(never.simulator.notification("c"));
  assert.deepEqual(await never.client.participants("c").then(([{ state }]) => state), "alerting");
});

test("subscribe: called with the conversation of each notification that contains a state", async () => {
  const { simulator, client } = await simulated();
  const notified = [];
  const end = client.subscribe((conversationId) => notified.push(conversationId));
  client.subscribe(() => {
    throw new Error("a subscriber's own");
  });
  client.observe(simulator.notification("c")); // before the module is loaded
  while (notified.length === 0) await delay(1);
  assert.deepEqual(notified, ["c"]);
  client.observe(JSON.stringify(simulator.notification("c")));
  client.observe({ eventBody: { id: "c-2", participants: [{ id: "p", state: "queued" }] } });
  for (const nothing of [{ topicName: "v2.users.u.presence" }, { eventBody: { id: "c", participants: [] } }, null])
    client.observe(nothing);
  assert.deepEqual(notified, ["c", "c", "c-2"]);
  end();
  client.observe(simulator.notification("c"));
  assert.equal(notified.length, 3);
  assert.throws(() => client.subscribe({}), { code: "INVALID_ARGUMENT", option: "subscriber" });
});

test("disconnectAll: one read, and one write for each connected participant", async () => {
  for (const count of [1, 3, 30]) {
    const participants = Array.from({ length: count }, (_, index) => ({ id: `p-${index}` }));
    const { simulator, client } = await simulated(conversation(...participants));
    let [underWay, most] = [0, 0];
    const fetch = async (...all) => {
      most = Math.max(most, ++underWay);
      await delay(2);
      return simulator.fetch(...all).finally(() => underWay--);
    };
    const { results, requests } = await client.disconnectAll({ conversationId: "c", fetch });
    assert.deepEqual(
      results.map(({ participantId, result }) => [participantId, result.outcome]),
      participants.map(({ id }) => [id, "disconnected"]),
    );
    assert.deepEqual([requests, simulator.log().length], [1 + count, 1 + count]);
    assert.ok(most <= 8, `${most} at a time`);
  }
});

test("disconnectAll leaves infrastructure and listeners alone unless they are named", async () => {
  const removed = async (where, more) => {
    const { simulator, client } = await simulated(conference());
    const { results } = await client.disconnectAll({ conversationId: "c", where, ...more });
    for (const { participantId, result } of results) {
      if (result.outcome === "disconnected") assert.equal(simulator.state("c", participantId), "disconnected");
    }
    return results.map(({ participantId, result }) => `${participantId} ${result.outcome}`);
  };
  const people = ["p-agent disconnected", "p-customer disconnected", "p-external not-connected"];
  assert.deepEqual(await removed(undefined), people);
  assert.deepEqual(await removed({ purpose: ["external", "customer"] }), people.slice(1));
  assert.deepEqual(await removed({ purpose: "acd" }), ["p-acd disconnected"]);
  assert.deepEqual(await removed({ id: "p-ivr" }), ["p-ivr disconnected"]);
  assert.deepEqual(await removed({ userId: "u-2" }), ["p-supervisor disconnected"]);
  // Infrastructure has the caller's address too.
  assert.deepEqual(await removed({ address: "+13175550142" }), people);
  assert.deepEqual(await removed({ name: "nobody" }), []);
});

test("one failure hides no other result", async () => {
  const { simulator, client } = await simulated(
    conversation({ id: "p-1" }, { id: "p-2" }, { id: "p-3", schedule: [{ ...connected[0], changing: true }] }),
    { maxRetries: 0 },
  );
  simulator.addFault({ on: "write", status: 403 });
  const { results, requests } = await client.disconnectAll({ conversationId: "c" });
  const [first, second, third] = results;
  assert.ok(first.error instanceof DisconnectError);
  assert.deepEqual(
    [first.error.code, second.result.outcome, third.error.code],
    ["FORBIDDEN", "disconnected", "CONFLICT"],
  );
  assert.equal(requests, simulator.log().length);
});

test("keep refuses before any write", async () => {
  const { simulator, client } = await simulated(conference());
  await assert.rejects(client.disconnectAll({ conversationId: "c", keep: 1 }), (error) => {
    assert.deepEqual([error.code, error.option], ["INVALID_ARGUMENT", "keep"]);
    assert.match(error.message, /^disconnectAll: keep got 1, but 0 of 2 connected participants would be left; /);
    return true;
  });
  assert.deepEqual(sent(simulator), ["GET c"]);
  const { results } = await client.disconnectAll({ conversationId: "c", where: { purpose: "customer" }, keep: 1 });
  assert.equal(results.length, 1);
});

test("disconnectAll ends by its signal, and checks its options", async () => {
  const { simulator, client } = await simulated(conference());
  const controller = new AbortController();
  const fetch = (url, init) => {
    if (init.method === "PATCH") controller.abort("enough");
    return simulator.fetch(url, init);
  };
  const { signal } = controller;
  const all = client.disconnectAll({ conversationId: "c", signal, fetch });
  assert.equal(await all.catch((reason) => reason), "enough");
  for (const [options, option] of [
    [{}, "conversationId"],
    [{ conversationId: "c", where: {} }, "where"],
    [{ conversationId: "c", where: "customer" }, "where"],
    [{ conversationId: "c", where: { role: "x" } }, "where.role"],
    [{ conversationId: "c", keep: -1 }, "keep"],
    [{ conversationId: "c", keep: 1.5 }, "keep"],
    [{ conversationId: "c", participantId: "p" }, "participantId"],
    [{ conversationId: "c", participant: { id: "p" } }, "participant"],
    [{ conversationId: "c", priority: "high" }, "priority"],
  ]) {
    await assert.rejects(client.disconnectAll(options), (error) => {
      assert.deepEqual([error.code, error.option], ["INVALID_ARGUMENT", option], error.message);
      assert.match(error.message, /^disconnectAll: /);
      return true;
    });
  }
});

// ---- Edge cases ----

test("a 404 of the first read is CONVERSATION_NOT_FOUND, whatever was observed", async () => {
  const fetch = async () => Response.json({ code: "not.found" }, { status: 404 });
  const client = new ConversationClient({ ...base, fetch, api: "voice" });
  client.observe({ id: "c", participants: [{ id: "p-1", state: "connected" }] });
  await assert.rejects(client.disconnectIfConnected(ids), { code: "CONVERSATION_NOT_FOUND" });
});

test("for a description, a participant observed long ago is still a possible match", async () => {
  const { simulator, client } = await simulated(conversation({ id: "p-1" }, { id: "p-2" }), { maxAgeMs: 50 });
  client.observe({ id: "c", participants: [{ id: "p-1", state: "connected", purpose: "customer" }] });
  await delay(60);
  client.observe({ id: "c", participants: [{ id: "p-2", state: "connected", purpose: "customer" }] });
  const call = client.disconnectIfConnected({ conversationId: "c", participant: { purpose: "customer" } });
  await assert.rejects(call, { code: "AMBIGUOUS_PARTICIPANT" });
  assert.deepEqual(sent(simulator), ["GET c"]);
});

test("no disconnect is sent to a participant observed gone, though a lagging read shows it connected", async () => {
  const { fetch, next } = controlled();
  const client = new ConversationClient({ ...base, fetch });
  const call = client.disconnectIfConnected(ids);
  const read = await next("GET");
  client.observe({ id: "c", participants: [{ id: "p-1", state: "disconnected" }] });
  read.resolve(listed({ id: "p-1", state: "connected" }));
  const { outcome, requests } = await call;
  assert.deepEqual([outcome, requests], ["already-disconnected", 1]);
});

test("a caller that joined is not ended by the deadline of the first one", async () => {
  let simulator;
  for (const slow of [
    { accessToken: () => delay(150).then(() => "tok-00000000") },
    { budget: { take: () => delay(100) } },
    { fetch: (url, init) => delay(100).then(() => simulator.fetch(url, init)) },
  ]) {
    ({ simulator } = await simulated());
    const client = new ConversationClient({ ...base, fetch: simulator.fetch, ...slow });
    const first = client.disconnectIfConnected({ ...ids, timeoutMs: 60 });
    await delay(20);
    const second = client.disconnectIfConnected({ ...ids, timeoutMs: 5_000 });
    await assert.rejects(first, { code: "TIMEOUT" });
    const { outcome, requests } = await second;
    assert.deepEqual([outcome, requests], ["disconnected", 2], Object.keys(slow).join());
  }
});

test("a caller that joins during a backoff or a Retry-After waits as well", async () => {
  const { simulator, client } = await simulated();
  simulator.addFault({ status: 503, headers: [["Retry-After", "1"]] });
  const calls = [client.disconnectIfConnected(ids)];
  for (let joins = 0; joins < 5; joins++) {
    await delay(20);
    calls.push(client.disconnectIfConnected(ids));
  }
  assert.ok((await Promise.all(calls)).every(({ outcome }) => outcome === "disconnected"));
  const [failed, read, ...rest] = simulator.log();
  assert.ok(read.at - failed.at >= 990 && rest.length === 1);
});

test("a provider that never answers is asked again by the next call", async () => {
  const { simulator } = await simulated();
  let asked = 0;
  const accessToken = () => (++asked === 1 ? new Promise(() => {}) : "tok-00000000");
  const client = new ConversationClient({ ...base, accessToken, fetch: simulator.fetch });
  await assert.rejects(client.disconnectIfConnected({ ...ids, timeoutMs: 30 }), { code: "TIMEOUT" });
  assert.equal((await client.disconnectIfConnected(ids)).outcome, "disconnected");
  assert.equal(asked, 2);
});

test("an aborted caller does not cancel the token request of the others", async () => {
  const { simulator } = await simulated(conversation({ id: "p-1" }, { id: "p-2" }, { id: "p-3" }));
  const asked = [];
  const accessToken = async ({ refresh }) => {
    asked.push(refresh);
    await delay(60);
    return "tok-00000000";
  };
  const client = new ConversationClient({ ...base, accessToken, fetch: simulator.fetch });
  const controller = new AbortController();
  const first = client.disconnectIfConnected({ ...ids, signal: controller.signal });
  const second = client.disconnectIfConnected({ ...ids, participantId: "p-2" });
  await delay(10);
  controller.abort("enough");
  await first.catch(() => {});
  await delay(5);
  const third = client.disconnectIfConnected({ ...ids, participantId: "p-3" });
  for (const { outcome } of await Promise.all([second, third])) assert.equal(outcome, "disconnected");
  assert.deepEqual(asked, [false]);
});

test("a budget never blocks for ever", async () => {
  const { signal } = new AbortController();
  const take = (budget) => Promise.race([budget.take({ priority: false, signal }), delay(1_500).then(() => "stuck")]);
  // Used up by a count without a reset.
  const budget = new RateBudget();
  await take(budget);
  budget.report({ allowed: 2, count: 1, resetMs: 100 });
  await delay(150);
  budget.report({ allowed: 2, count: 2 });
  assert.equal(await take(budget), undefined);
  // A reset that is far longer than a minute.
  budget.report({ allowed: 300, count: 300, resetMs: 4e9 });
  assert.equal(await take(budget), undefined);
  // A wrapper, with requests that get no response.
  class Wrapper {
    #inner = new RateBudget();
    take(request) {
      return this.#inner.take(request);
    }
    report(limits) {
      this.#inner.report(limits);
    }
  }
  const { simulator, client } = await simulated(undefined, { budget: new Wrapper(), timeoutMs: 2_000, maxRetries: 5 });
  simulator.addFault({ lost: "before", times: 5 });
  assert.equal((await client.disconnectIfConnected({ ...ids, timeoutMs: 20_000 })).outcome, "disconnected");
});

test("an id that is listed twice is one participant; a call's baseUrl replaces the client's region", async () => {
  const twice = [
    { id: "p-1", state: "connected" },
    { id: "p-1", state: "connected" },
    { id: "p-2", state: "connected" },
  ];
  const urls = [];
  const fetch = async (url, { method }) => {
    urls.push(url);
    return method === "GET" ? listed(...twice) : new Response(null, { status: 202 });
  };
  const client = new ConversationClient({ ...base, baseUrl: undefined, region: "us-east-1", fetch });
  await assert.rejects(client.disconnectAll({ conversationId: "c", keep: 1 }), /0 of 2 connected/);
  const { results } = await client.disconnectAll({ conversationId: "c", baseUrl: "https://gateway.example.test" });
  assert.deepEqual(
    results.map(({ participantId }) => participantId),
    ["p-1", "p-2"],
  );
  assert.ok(urls.at(-1).startsWith("https://gateway.example.test/"));
});

test("while a call waits for the budget, events count, and a joining caller sees the wait", async () => {
  const { simulator, client } = await simulated(conversation({ id: "p-1" }, { id: "p-2" }), { requestsPerMinute: 2 });
  await client.disconnectIfConnected({ ...ids, participantId: "p-2" });
  const long = { ...ids, timeoutMs: 120_000 };
  const waiting = client.disconnectIfConnected(long);
  await delay(5);
  // A joining caller whose deadline comes before the end of the wait fails at once; one with a later deadline waits.
  await assert.rejects(client.disconnectIfConnected(ids), { code: "RATE_LIMITED" });
  const events = [];
  const patient = client.disconnectIfConnected({ ...long, onEvent: (event) => events.push(event) });
  await delay(5);
  assert.deepEqual([events.at(-1).type, events.at(-1).reason], ["wait", "rate-limit"]);
  client.observe({ id: "c", participants: [{ id: "p-1", state: "terminated" }] });
  for (const { outcome, requests, timeline } of await Promise.all([waiting, patient])) {
    assert.deepEqual([outcome, requests], ["already-disconnected", 0]);
    assert.ok(timeline.some(({ type, source }) => type === "state" && source === "event"));
  }
  assert.equal(simulator.log().length, 2);
});

test("an event during a request counts afterwards; a read does not undo it", async () => {
  const { fetch, next, requests } = controlled();
  const client = new ConversationClient({ ...base, fetch, settleMs: 5_000, timeoutMs: 60_000 });
  const call = client.disconnectIfConnected(ids);
  const read = await next("GET");
  client.observe({ id: "c", participants: [{ id: "p-1", state: "connected" }] });
  read.resolve(listed({ id: "p-1", state: "alerting" }));
  // The write follows at once, without a wait or a second read.
  const refused = await next("PATCH");
  // An event from before the refusal does not lead to another write.
  client.observe({ id: "c", participants: [{ id: "p-1", state: "connected" }] });
  await delay(2);
  refused.resolve(new Response(null, { status: 409 }));
  const again = await next();
  assert.equal(again.method, "GET");
  again.resolve(listed({ id: "p-1", state: "terminated" }));
  assert.equal((await call).outcome, "already-disconnected");
  assert.equal(requests.length, 0);
});

test("an unchanged RateBudget is used directly; any other budget is called by its interface", async () => {
  const asked = [];
  class Counted extends RateBudget {
    take(request) {
      asked.push("subclass");
      return super.take(request);
    }
  }
  const lookalike = { __budget: 0, take: async () => asked.push("lookalike") };
  const wrapped = new Proxy(new RateBudget(), { get: (budget, name) => budget[name].bind(budget) });
  for (const budget of [new Counted(), lookalike, wrapped]) {
    const { client } = await simulated(undefined, { budget });
    assert.equal((await client.disconnectIfConnected(ids)).requests, 2);
  }
  assert.deepEqual(asked, ["subclass", "subclass", "lookalike", "lookalike"]);
  // Wrong options of a RateBudget are reported by the first call.
  const { client } = await simulated(undefined, { budget: new RateBudget({ perMinute: 5 }) });
  await assert.rejects(client.disconnectIfConnected(ids), { code: "INVALID_ARGUMENT", option: "perMinute" });
});

test("a request that waits for the budget moves up when those ahead are aborted", async () => {
  const budget = new RateBudget();
  budget.report({ allowed: 1, count: 1, resetMs: 200 });
  const controller = new AbortController();
  const ahead = [1, 2, 3].map(() => budget.take({ priority: false, signal: controller.signal }));
  const order = [];
  const last = budget.take({ priority: false, signal: new AbortController().signal }).then(() => order.push("granted"));
  await delay(5);
  controller.abort("enough");
  await Promise.allSettled(ahead);
  await Promise.all([last, delay(380).then(() => order.push("two windows"))]);
  assert.deepEqual(order, ["granted", "two windows"]);
});

test("a shared request may take as long as the longest requestTimeoutMs of its callers", async () => {
  const { fetch, next } = controlled();
  // Both callers have joined when the request is sent.
  const accessToken = () => delay(5).then(() => "tok-00000000");
  const client = new ConversationClient({ ...base, accessToken, fetch });
  const calls = [30, 5_000].map((requestTimeoutMs) => client.disconnectIfConnected({ ...ids, requestTimeoutMs }));
  const read = await next("GET");
  await delay(60);
  read.resolve(listed({ id: "p-1", state: "terminated" }));
  for (const { requests } of await Promise.all(calls)) assert.equal(requests, 1);
});

test("the client's default participant does not affect participants and disconnectAll", async () => {
  const { client } = await simulated(undefined, { participantId: "p-1" });
  assert.equal((await client.participants("c")).length, 1);
  assert.equal((await client.disconnectAll({ conversationId: "c" })).results.length, 1);
});

test("participants passes on its events; disconnectAll counts the requests of removals that failed", async () => {
  const { simulator, client } = await simulated();
  const events = [];
  await client.participants("c", { onEvent: ({ type }) => events.push(type) });
  assert.deepEqual(events, ["request", "response"]);
  let tokens = 0;
  const accessToken = () => {
    if (++tokens > 1) throw new Error("no more");
    return "tok-00000000";
  };
  const failing = new ConversationClient({ ...base, accessToken, fetch: simulator.fetch });
  simulator.addFault({ on: "write", status: 401 });
  const { results, requests } = await failing.disconnectAll({ conversationId: "c" });
  assert.equal(results[0].error.message, "no more");
  assert.equal(requests, 2);
});

test("a misspelt option of the client names the client's too", async () => {
  const client = new ConversationClient({ ...base, maxAge: 5 });
  await assert.rejects(client.disconnectIfConnected(ids), /maxAge is not an option.*of the client budget.*maxAgeMs/);
});

// ---- The client itself ----

test("options are checked by the first call, and named", async () => {
  const fetch = () => assert.fail("no request");
  for (const [options, option] of [
    [undefined, undefined],
    [{ ...base, fetch, maxAge: 1 }, "maxAge"],
    [{ ...base, fetch, maxAgeMs: -1 }, "maxAgeMs"],
    [{ ...base, fetch, requestsPerMinute: 0 }, "requestsPerMinute"],
    [{ ...base, fetch, requestsPerMinute: "300" }, "requestsPerMinute"],
    [{ ...base, fetch, budget: {} }, "budget"],
    [{ ...base, fetch, budget: 300 }, "budget"],
    [{ ...base, fetch, budget: new RateBudget(), requestsPerMinute: 5 }, "requestsPerMinute"],
    [{ ...base, fetch, accessToken: undefined }, "accessToken"],
    [{ ...base, fetch, api: "chat" }, "api"],
  ]) {
    const client = new ConversationClient(options);
    await assert.rejects(client.disconnectIfConnected(ids), (error) => {
      assert.deepEqual([error.code, error.option], ["INVALID_ARGUMENT", option], error.message);
      return true;
    });
  }
  const client = new ConversationClient({ ...base, fetch });
  for (const [options, option] of [
    [{ ...ids, budget: new RateBudget() }, "budget"],
    [{ ...ids, priority: 1 }, "priority"],
    [{ conversationId: "c" }, "participantId"],
    [undefined, undefined],
  ]) {
    await assert.rejects(client.disconnectIfConnected(options), (error) => {
      assert.deepEqual([error.code, error.option], ["INVALID_ARGUMENT", option], error.message);
      return true;
    });
  }
  // Only a client has the option `priority`.
  await assert.rejects(disconnectIfConnected({ ...base, ...ids, fetch, priority: true }), { option: "priority" });
});

test("a call's own options go before the client's; undefined is none", async () => {
  const { simulator } = await simulated();
  const client = new ConversationClient({
    ...base,
    fetch: simulator.fetch,
    participantId: "p-2",
    timeoutMs: undefined,
    maxAgeMs: undefined,
    budget: undefined,
  });
  const result = await client.disconnectIfConnected({ conversationId: "c", participant: { purpose: "customer" } });
  assert.equal(result.participantId, "p-1");
  const options = { ...base, fetch: simulator.fetch };
  const later = new ConversationClient(options);
  options.api = "chat";
  assert.equal((await later.disconnectIfConnected({ ...ids, fetch: undefined })).outcome, "already-disconnected");
});

test("close ends the calls in flight, and those that come later, with CLOSED", async () => {
  const { fetch, next } = controlled();
  const client = new ConversationClient({ ...base, fetch });
  const reading = client.disconnectIfConnected(ids);
  const all = client.disconnectAll({ conversationId: "c-2" });
  const list = client.participants("c-3");
  const writing = client.disconnectIfConnected({ ...ids, participantId: "p-2" });
  const requests = [await next(), await next(), await next(), await next()];
  requests.at(-1).resolve(listed({ id: "p-2", state: "connected" }));
  const write = await next("PATCH");
  client.close();
  for (const [call, mayHaveDisconnected] of [
    [reading, false],
    [all, false],
    [list, false],
    [writing, true],
    [client.disconnectIfConnected(ids), false],
    [client.participants("c"), false],
    [client.disconnectAll({ conversationId: "c" }), false],
  ]) {
    await assert.rejects(call, { name: "DisconnectError", code: "CLOSED", mayHaveDisconnected });
  }
  await delay(1);
  assert.ok(write.init.signal.aborted);
  client.close();
  client.observe({});

  const disposed = new ConversationClient({ ...base, fetch });
  disposed[Symbol.dispose]();
  await assert.rejects(disposed.disconnectIfConnected(ids), { code: "CLOSED" });
});

test("a hundred thousand conversations and calls leave nothing behind", async () => {
  const { default: init, ConversationClient: Client } = await import("../../pkg/core.js");
  const { readFile } = await import("node:fs/promises");
  const { memory } = await init({ module_or_path: await readFile(new URL("../../pkg/core.wasm", import.meta.url)) });
  const gone = { id: "p-1", state: "terminated" };
  const fetch = async () => listed(gone);
  const client = new Client({ ...base, fetch, requestsPerMinute: 1e9 });
  const participants = [gone, { id: "p-2", state: "connected", purpose: "agent", user: { id: "u" }, name: "Ada" }];
  const round = async (from) => {
    for (let index = from; index < from + 10_000; index++) client.observe({ id: `c-${index}`, participants });
    const observed = Array.from({ length: 1_000 }, (_, index) => `o-${from + index}`);
    for (const id of observed) client.observe({ id, participants: [gone] });
    const unknown = observed.map((id) => `d-${id}`);
    const remove = (conversationId) => client.disconnectIfConnected({ conversationId, participantId: "p-1" });
    await Promise.all([...observed, ...unknown].map(remove));
  };
  await round(0);
  await round(10_000);
  const before = memory.buffer.byteLength;
  for (let from = 20_000; from < 100_000; from += 10_000) await round(from);
  assert.ok(memory.buffer.byteLength <= before + 65_536, `${before} → ${memory.buffer.byteLength}`);
});
