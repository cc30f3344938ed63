// The rule over real sockets: both dialects, every fault of the simulator, hostile bodies, and a hundred races that are
// checked against the simulator's log.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { createSimulator, DisconnectError, disconnectIfConnected } from "./support/package.mjs";

const SECRET = "a-secret-token-0123456789";
const open = [];
after(() => Promise.all(open.map((server) => server.close())));

/** A simulator over HTTP with one participant, and a call bound to it. */
async function platform({ states = ["connected"], ...config } = {}) {
  const schedule = states.map((step) => (typeof step === "string" ? { state: step } : step));
  const bystander = { id: "p-2", purpose: "agent", schedule: [{ state: "connected" }] };
  const participants = [
    bystander,
    { id: "p-1", name: "Grace", schedule: schedule.map((step) => ({ at: -1e6, ...step })) },
  ];
  const simulator = await createSimulator({
    conversations: [{ id: "c-1", participants }],
    accessToken: SECRET,
    ...config,
  });
  const server = await simulator.listen();
  open.push(server);
  const options = { conversationId: "c-1", participantId: "p-1", accessToken: SECRET, baseUrl: server.baseUrl };
  const call = (more) => disconnectIfConnected({ ...options, ...more });
  return { simulator, server, call };
}

const failure = (promise) =>
  promise.then(
    (result) => assert.fail(`no error but ${inspect(result)}`),
    (error) => {
      assert.ok(error instanceof DisconnectError, inspect(error));
      assert.ok(error instanceof Error && error.stack.includes("DisconnectError"));
      assert.ok(!inspect(error, { depth: 9 }).includes(SECRET), "the token is in the error");
      return error;
    },
  );

const dialects = ["voice", "calls"];

for (const api of dialects) {
  test(`${api}: every state`, async () => {
    const { call, simulator } = await platform();
    const result = await call({ api });
    assert.equal(result.outcome, "disconnected");
    assert.equal(result.requests, 2);
    assert.equal(simulator.state("c-1", "p-1"), "disconnected");
    assert.equal(simulator.state("c-1", "p-2"), "connected");
    assert.match(result.correlationId, /^[0-9a-f-]{36}$/);
    assert.deepEqual(
      result.timeline.map((event) => event.type),
      ["request", "response", "state", "request", "response", "outcome"],
    );
    const again = await call({ api });
    assert.equal(again.outcome, "already-disconnected");
    assert.equal(again.confirmed, true);
    for (const state of ["terminated", "disconnected"]) {
      const gone = await (await platform({ states: [state] })).call({ api });
      assert.deepEqual([gone.outcome, gone.state, gone.requests], ["already-disconnected", state, 1]);
    }
    for (const state of ["alerting", "queued", "parked", "neverHeardOf"]) {
      const unsettled = await platform({ states: [state] });
      const result = await unsettled.call({ api, settleMs: 60 });
      assert.deepEqual([result.outcome, result.state, result.confirmed], ["not-connected", state, false]);
      assert.ok(unsettled.simulator.log().every((entry) => !entry.isWrite));
    }
    assert.equal((await failure(call({ api, participantId: "p-9", settleMs: 60 }))).code, "PARTICIPANT_NOT_FOUND");
    const notFound = await failure(call({ api, conversationId: "c-9" }));
    assert.equal(notFound.code, "CONVERSATION_NOT_FOUND");
    for (const dialect of dialects) assert.ok(notFound.message.includes(`"${dialect}"`), notFound.message);
  });

  test(`${api}: settling, confirm, and refused writes`, async () => {
    const settling = await platform({
      states: ["alerting", { at: 150, state: "connected" }],
      readLagMs: 100,
      effectDelayMs: 150,
    });
    const confirmed = await settling.call({ api, confirm: true });
    assert.deepEqual([confirmed.outcome, confirmed.confirmed, confirmed.state], ["disconnected", true, "disconnected"]);
    const changing = await platform({ states: [{ state: "connected", changing: true }] });
    const conflict = await failure(changing.call({ api, settleMs: 120 }));
    assert.deepEqual([conflict.code, conflict.status, conflict.mayHaveDisconnected], ["CONFLICT", 409, false]);
    const race = await platform({
      states: [
        { state: "connected", changing: true },
        { at: 100, state: "terminated" },
      ],
    });
    assert.equal((await race.call({ api })).outcome, "already-disconnected");
  });

  test(`${api}: faults of the read`, async () => {
    for (const fault of [
      { status: 503 },
      { status: 429, headers: [["Retry-After", "0"]] },
      { lost: "before" },
      { lost: "after" },
      { hang: "before" },
      { cutAfterBytes: 30 },
      { slowBytes: 400, slowPauseMs: 1 },
      { delayMs: 20 },
    ]) {
      const { call, simulator } = await platform({ faults: [{ on: "read", ...fault }] });
      const result = await call({ api, requestTimeoutMs: 400 });
      assert.equal(result.outcome, "disconnected", inspect({ fault, result }, { depth: 9 }));
      assert.equal(simulator.log().filter((entry) => entry.accepted).length, 1);
    }
    for (const [fault, code] of [
      [{ status: 503 }, "SERVER_ERROR"],
      [{ status: 429, headers: [["Retry-After", "0"]] }, "RATE_LIMITED"],
      [{ lost: "before" }, "NETWORK"],
      [{ cutAfterBytes: 30 }, "BAD_RESPONSE"],
      [{ html: true }, "BAD_RESPONSE"],
      [{ redirect: "http://127.0.0.1:9/" }, "BAD_RESPONSE"],
      [{ status: 403 }, "FORBIDDEN"],
      [{ status: 418 }, "REJECTED"],
    ]) {
      const { call, simulator } = await platform({ faults: [{ on: "read", times: 99, ...fault }] });
      const error = await failure(call({ api, maxRetries: 1 }));
      assert.equal(error.code, code, inspect({ fault, error }, { depth: 9 }));
      assert.equal(error.mayHaveDisconnected, false);
      assert.ok(simulator.log().every((entry) => !entry.isWrite));
      if (code === "NETWORK") assert.ok(error.cause instanceof TypeError, inspect(error.cause));
    }
    const { call } = await platform({ faults: [{ on: "read", status: 429, headers: [["Retry-After", "30"]] }] });
    const limited = await failure(call({ api }));
    assert.deepEqual([limited.code, limited.retryAfterMs, limited.status], ["RATE_LIMITED", 30_000, 429]);
    assert.ok(limited.message.includes("30000 ms"), limited.message);
  });

  test(`${api}: faults of the write`, async () => {
    for (const [fault, requests] of [
      [{ lost: "before" }, 4],
      [{ lost: "after" }, 3],
      [{ hang: "before" }, 4],
      [{ hang: "after" }, 3],
      [{ status: 504, performed: true }, 3],
      [{ status: 502 }, 4],
      [{ status: 409 }, 4],
      [{ status: 429, headers: [["Retry-After", "0"]] }, 4],
      [{ slowBytes: 1, slowPauseMs: 1 }, 2],
    ]) {
      const { call, simulator } = await platform({ faults: [{ on: "write", ...fault }] });
      const result = await call({ api, requestTimeoutMs: 400 });
      assert.equal(result.outcome, "disconnected", inspect({ fault, result }, { depth: 9 }));
      assert.equal(result.requests, requests, inspect({ fault, result }, { depth: 9 }));
      assert.equal(simulator.log().filter((entry) => entry.accepted).length, 1);
    }
    const lost = await platform({ faults: [{ on: "write", lost: "after" }] });
    const unknown = await failure(lost.call({ api, maxRetries: 0 }));
    assert.deepEqual([unknown.code, unknown.mayHaveDisconnected], ["NETWORK", true]);
    const user = await platform({ faults: [{ on: "write", status: 400, code: "not.a.user" }] });
    const forbidden = await failure(user.call({ api }));
    assert.equal(forbidden.code, "FORBIDDEN");
    assert.match(forbidden.message, /onBehalfOf/);
    const missing = await platform({ faults: [{ on: "write", status: 403 }] });
    assert.match((await failure(missing.call({ api }))).message, /conversation:communication:disconnect/);
  });

  test(`${api}: hostile bodies end in the error that docs/api.md names, and the next call is fine`, async () => {
    for (const fault of [
      { bodyBytes: 9 * 1024 * 1024 },
      { body: "null" },
      { html: true },
      { body: "[".repeat(200_000) + "]".repeat(200_000) },
      { body: "[".repeat(200_000) },
      { body: `{"x":${'{"a":'.repeat(200_000)}1${"}".repeat(200_000)}}` },
      { body: "" },
      { body: '{"entities":{},"participants":7}' },
      { cutAfterBytes: 100 },
    ]) {
      const { call } = await platform({ faults: [{ on: "read", ...fault }] });
      const error = await failure(call({ api, maxRetries: 0 }));
      assert.equal(error.code, "BAD_RESPONSE", inspect(error));
      assert.equal((await call({ api })).outcome, "disconnected");
    }
  });
}

test("a custom dialect reads the generic conversation", async () => {
  const { call, simulator } = await platform();
  const api = {
    read: { path: "/api/v2/conversations/{conversationId}", participants: "participants" },
    write: {
      method: "PATCH",
      path: "/api/v2/conversations/{conversationId}/participants/{participantId}",
      body: { state: "disconnected" },
    },
  };
  assert.equal((await call({ api })).outcome, "disconnected");
  assert.equal(simulator.state("c-1", "p-1"), "disconnected");
});

test("a wrong token, and a refreshed one", async () => {
  const { call } = await platform();
  assert.equal((await failure(call({ accessToken: "not-the-token-0123" }))).code, "UNAUTHORIZED");
  const result = await call({ accessToken: ({ refresh }) => (refresh ? SECRET : "not-the-token-0123") });
  assert.deepEqual([result.outcome, result.requests], ["disconnected", 3]);
});

test("connection refused and a name that does not resolve", async () => {
  const { call } = await platform();
  const port = await new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
  for (const baseUrl of [`http://127.0.0.1:${port}`, "https://does-not-exist.invalid"]) {
    const error = await failure(call({ baseUrl, maxRetries: 1 }));
    assert.equal(error.code, "NETWORK");
    assert.equal(error.mayHaveDisconnected, false);
    assert.ok(error.cause);
  }
});

test("an abort ends the call at once, and the connection is fit for the next", async () => {
  const { call, simulator } = await platform({ faults: [{ on: "read", hang: "before" }] });
  const controller = new AbortController();
  const reason = new Error("changed my mind");
  setTimeout(() => controller.abort(reason), 30);
  await assert.rejects(call({ signal: controller.signal }), (error) => error === reason);
  assert.equal(simulator.log().length, 1);
  await assert.rejects(call({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
  await assert.rejects(call({ signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.equal(simulator.log().length, 1);
  assert.equal((await call()).outcome, "disconnected");
});

// ---- A hundred races, checked against the simulator's log ----

/** A small seeded generator (mulberry32), so that a failing race can be run again. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function raceConfig(seed) {
  const next = random(seed);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const kinds = [
    "connected",
    "connected",
    "connected",
    "changing",
    "alerting",
    "queued",
    "neverHeardOf",
    undefined,
    "disconnected",
    "terminated",
  ];
  const states = [];
  let at = -1e6;
  for (let left = 1 + Math.floor(next() * 3); left > 0; left--) {
    const kind = pick(kinds);
    states.push({ at, state: kind === "changing" ? "connected" : kind, changing: kind === "changing" });
    if (["disconnected", "terminated"].includes(kind)) break;
    at = Math.max(at, 0) + next() * 400;
  }
  const faults = [];
  if (next() < 0.4) {
    const kind = pick([
      { lost: "before" },
      { lost: "after" },
      { hang: "after" },
      { status: 503 },
      { status: 504, performed: true },
      { status: 429, headers: [["Retry-After", "0"]] },
      { cutAfterBytes: 30 },
    ]);
    faults.push({ on: pick(["read", "write"]), skip: Math.floor(next() * 2), ...kind });
  }
  return { api: pick(dialects), config: { states, faults, readLagMs: next() * 400, effectDelayMs: next() * 200 } };
}

test("100 races: every removable participant removed, no false report, each write after a read", async (context) => {
  const first = Number(process.env.RACE_SEED ?? Date.now() % 1_000_000);
  context.diagnostic(`RACE_SEED=${first}`);
  let removable = 0;
  const race = async (seed) => {
    const { api, config } = raceConfig(seed);
    const { call, simulator } = await platform(config);
    // The events have what reads showed, the log has what was true.
    const events = [];
    const end = await call({ api, requestTimeoutMs: 1_000, onEvent: (event) => events.push(event) }).then(
      (result) => result.outcome,
      (error) => error,
    );
    const last = config.states.at(-1);
    const isRemovable = last.state === "connected" && !last.changing;
    await new Promise((resolve) => setTimeout(resolve, config.effectDelayMs + 20));
    const accepted = simulator.log().some((entry) => entry.accepted);
    // A participant that is no longer listed has left.
    const isGone = ["disconnected", "terminated", undefined].includes(simulator.state("c-1", "p-1"));
    const story = () => inspect({ seed, api, config, end, events, log: simulator.log() }, { depth: 9 });
    if (isRemovable) removable++;
    if (isRemovable) assert.ok(accepted && isGone && end === "disconnected", `not removed: ${story()}`);
    const lostWrite = config.faults.some((fault) => fault.on === "write");
    if (end === "disconnected") assert.ok(isGone && (accepted || lostWrite), story());
    else if (end === "already-disconnected") assert.ok(isGone && !accepted, story());
    else if (end === "not-connected") assert.ok(!accepted, story());
    else assert.ok(!accepted || end.mayHaveDisconnected, story());
    let showed;
    for (const event of events) {
      if (event.type === "state") showed = event.state;
      if (event.type !== "request") continue;
      if (event.method !== "GET") assert.equal(showed, "connected", story());
      showed = undefined;
    }
  };
  const seeds = Array.from({ length: 100 }, (_, index) => first + index);
  for (let from = 0; from < seeds.length; from += 50) await Promise.all(seeds.slice(from, from + 50).map(race));
  context.diagnostic(`${removable} of 100 were removable and removed`);
  assert.ok(removable > 10);
});
