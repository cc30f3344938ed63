// The app of the middleware (contract 10): its answers and its routes.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import {
  accessToken,
  app,
  ask,
  connected,
  delay,
  keyOf,
  post,
  removals,
  require,
  secret,
  signed,
  statusToken,
} from "./support.mjs";

const conversation = (...participants) => ({ conversations: [{ id: "c", participants }] });
const order = { conversationId: "c", participantId: "p" };

test("every outcome is a 200 with the outcome in its body", async () => {
  const queued = { schedule: [{ at: -1e6, state: "queued" }] };
  const gone = { schedule: [{ at: -1e6, state: "terminated" }] };
  const { app: one } = await app({
    config: conversation(connected("p"), connected("q", queued), connected("g", gone)),
  });
  const removed = async (participantId) => {
    const { status, body, headers } = await post(one, { ...order, participantId }, { id: `id-${participantId}` });
    assert.match(headers["content-type"], /^application\/json/);
    assert.equal(body.id, `id-${participantId}`);
    assert.equal(body.timeline, undefined);
    return [status, body.status, body.outcome, body.acknowledged, body.confirmed, body.state, body.requests];
  };
  assert.deepEqual(await removed("p"), [200, "done", "disconnected", true, false, undefined, 2]);
  assert.deepEqual(await removed("g"), [200, "done", "already-disconnected", false, true, "terminated", 1]);
  const [status, done, outcome, , , state] = await removed("q");
  assert.deepEqual([status, done, outcome, state], [200, "done", "not-connected", "queued"]);
  const { body } = await post(one, {
    conversationId: "c",
    participant: { purpose: "customer", id: "p" },
    confirm: true,
  });
  assert.deepEqual([body.conversationId, body.participantId, typeof body.elapsedMs], ["c", "p", "number"]);
  assert.match(body.correlationId, /^[\w-]+$/);
});

test("onBehalfOf and the other fields reach the platform", async () => {
  const { app: one, simulator } = await app({ config: conversation(connected("p")) });
  const more = { onBehalfOf: "u-ada", confirm: true, settleMs: 1_000, timeoutMs: 5_000, priority: true };
  const { body } = await post(one, { ...order, ...more });
  assert.deepEqual([body.outcome, body.confirmed], ["disconnected", true]);
  assert.ok(simulator.log().some(({ path }) => path.endsWith("/participants/p/user/u-ada")));
});

test("each error has its status, a code, advice and Retry-After where trying again helps", async () => {
  const listed = (...participants) => Response.json({ participants });
  const one = { id: "p", state: "connected", purpose: "customer" };
  const hang = (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const platform = {
    "read-404": () => Response.json({ code: "not.found" }, { status: 404 }),
    empty: () => listed(),
    two: () => listed(one, { ...one, id: "q" }),
    "write-409": (isRead) => (isRead ? listed(one) : Response.json({ code: "conflict" }, { status: 409 })),
    "write-400": (isRead) => (isRead ? listed(one) : Response.json({ code: "bad.request" }, { status: 400 })),
    429: () => new Response(null, { status: 429, headers: { "Retry-After": "60" } }),
    hang: (_, signal) => hang(signal),
    401: () => new Response(null, { status: 401 }),
    403: () => new Response(null, { status: 403 }),
    501: () => new Response(null, { status: 501 }),
    html: () => new Response("<html>", { headers: { "Content-Type": "text/html" } }),
    lost: () => Promise.reject(new TypeError("fetch failed")),
  };
  const fetch = (url, { method, signal }) => {
    const id = new URL(url).pathname.split("/")[5];
    return platform[id](method === "GET", signal);
  };
  for (const [conversationId, status, code, retryAfter] of [
    ["read-404", 404, "CONVERSATION_NOT_FOUND"],
    ["empty", 404, "PARTICIPANT_NOT_FOUND"],
    ["two", 409, "AMBIGUOUS_PARTICIPANT"],
    ["write-409", 409, "CONFLICT"],
    ["write-400", 502, "REJECTED"],
    ["429", 503, "RATE_LIMITED", "60"],
    ["hang", 504, "TIMEOUT"],
    ["401", 502, "UNAUTHORIZED"],
    ["403", 502, "FORBIDDEN"],
    ["501", 502, "SERVER_ERROR"],
    ["html", 502, "BAD_RESPONSE"],
    ["lost", 502, "NETWORK"],
  ]) {
    // A new app for each error, because a 429 pauses all calls of a budget.
    const { app: own } = await app({ fetch, client: { timeoutMs: 400, maxRetries: 0, settleMs: 50 } });
    const whom = conversationId === "two" ? { participant: { purpose: "customer" } } : { participantId: "p" };
    const { status: got, headers, body, text } = await post(own, { conversationId, ...whom });
    assert.deepEqual([got, body.status, body.code, headers["retry-after"]], [status, status, code, retryAfter], text);
    assert.match(headers["content-type"], /^application\/problem\+json/);
    assert.match(body.type, /^https:\/\/.*#[a-z_]+$/);
    assert.ok(body.title && body.detail.length > 20 && body.id);
    assert.ok(!text.includes(accessToken) && body.timeline === undefined, text);
  }
});

test("after a lost answer to a write, the problem says that the participant may be gone", async () => {
  const { app: one, simulator } = await app({ config: conversation(connected("p")), client: { maxRetries: 0 } });
  simulator.addFault({ on: "write", lost: "before" });
  const { status, body } = await post(one, order);
  assert.deepEqual([status, body.code, body.mayHaveDisconnected], [502, "NETWORK", true]);
});

// ---- Signature ----

test("a signature by any of the secrets is accepted; any other request is a 401 with the reason", async () => {
  const other = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
  const { app: one, simulator } = await app({
    config: conversation(connected("p")),
    secrets: [keyOf(other), keyOf(secret)],
  });
  for (const by of [secret, other]) assert.equal((await post(one, order, { by })).status, 200);
  const before = simulator.log().length;
  const body = JSON.stringify(order);
  const good = signed(body);
  const { createHmac } = await import("node:crypto");
  const id = "msg_1";
  const seconds = String(Math.floor(Date.now() / 1_000));
  const mac = createHmac("sha256", keyOf(secret)).update(`${id}.${seconds}.${body}`).digest("hex");
  const of = (signature) => ({ "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": signature });
  const without = (name) => Object.fromEntries(Object.entries(good).filter(([one]) => one !== name));
  for (const [headers, code, detail] of [
    [{}, "BAD_SIGNATURE", /webhook-id, webhook-timestamp, webhook-signature/],
    [without("webhook-id"), "BAD_SIGNATURE", /Missing: webhook-id\./],
    [without("webhook-timestamp"), "BAD_SIGNATURE", /webhook-timestamp/],
    [without("webhook-signature"), "BAD_SIGNATURE", /webhook-signature/],
    [signed(`${body} `), "BAD_SIGNATURE", /none of the secrets/],
    [signed(body, { by: `whsec_${Buffer.alloc(32).toString("base64")}` }), "BAD_SIGNATURE", /none of the secrets/],
    [{ ...good, "webhook-id": "another" }, "BAD_SIGNATURE", /none of the secrets/],
    [{ ...good, "webhook-id": "a.b" }, "BAD_SIGNATURE", /without a dot/],
    [{ ...good, "webhook-timestamp": "today" }, "BAD_SIGNATURE", /Unix time in seconds/],
    [{ ...good, "webhook-signature": "v1a,abc" }, "BAD_SIGNATURE", /no signature of version v1/],
    [{ ...good, "webhook-signature": "v1," }, "BAD_SIGNATURE", /none of the secrets/],
    [of(`v1,${mac}`), "BAD_SIGNATURE", /hex digits/],
    [of(`v1,${Buffer.from(mac).toString("base64")}`), "BAD_SIGNATURE", /hex digits/],
    [signed(body, { at: new Date(Date.now() - 301_000) }), "STALE_TIMESTAMP", /30[12] s old/],
    [signed(body, { at: new Date(Date.now() + 302_000) }), "STALE_TIMESTAMP", /-30[12] s old/],
  ]) {
    const { status, body: problem } = await ask(one, "POST", "/v1/removals", { headers, body });
    assert.deepEqual([status, problem.code], [401, code], JSON.stringify(headers));
    assert.match(problem.detail, detail);
  }
  // A timestamp within the tolerance, and signatures of other versions as well.
  for (const at of [-290_000, 290_000]) {
    assert.equal((await post(one, order, { at: new Date(Date.now() + at) })).status, 200);
  }
  for (const several of [`v1a,abc v1,AAAA ${good["webhook-signature"]}`, `${good["webhook-signature"]}, v1,AAAA`]) {
    const headers = { ...good, "webhook-signature": several };
    assert.equal((await ask(one, "POST", "/v1/removals", { headers, body })).status, 200);
  }
  assert.ok(simulator.log().length > before);
});

test("a timestamp in milliseconds is distinguished from an old one", async () => {
  const { app: one } = await app();
  const body = "{}";
  const id = "msg_1";
  const ms = String(Date.now());
  const { createHmac } = await import("node:crypto");
  const mac = createHmac("sha256", keyOf(secret)).update(`${id}.${ms}.${body}`).digest("base64");
  const headers = { "webhook-id": id, "webhook-timestamp": ms, "webhook-signature": `v1,${mac}` };
  const { body: problem } = await ask(one, "POST", "/v1/removals", { headers, body });
  assert.equal(problem.code, "STALE_TIMESTAMP");
  assert.match(problem.detail, /milliseconds/);
});

// ---- Body ----

test("a body that is not a removal is refused before any request", async () => {
  const { app: one, simulator } = await app({ config: conversation(connected("p")) });
  const big = JSON.stringify({ ...order, participant: "x".repeat(20_000) });
  for (const [body, status, code, detail] of [
    ["", 400, "NOT_JSON"],
    ["{", 400, "NOT_JSON"],
    ["[]", 400, "INVALID_ARGUMENT", /the body must be object/],
    ["null", 400, "INVALID_ARGUMENT"],
    [{}, 400, "INVALID_ARGUMENT", /conversationId/],
    [{ conversationId: "c" }, 400, "INVALID_ARGUMENT", /participantId or participant is required/],
    [{ ...order, participant: { purpose: "agent" } }, 400, "INVALID_ARGUMENT", /one of the two/],
    [{ ...order, userId: "u" }, 400, "INVALID_ARGUMENT", /userId is not a field of the body/],
    [
      { conversationId: "c", participant: { puprose: "agent" } },
      400,
      "INVALID_ARGUMENT",
      /puprose is not a field of part/,
    ],
    [{ conversationId: "c", participant: {} }, 400, "INVALID_ARGUMENT", /participant/],
    [{ ...order, conversationId: 7 }, 400, "INVALID_ARGUMENT", /conversationId must be string/],
    [{ ...order, confirm: "yes" }, 400, "INVALID_ARGUMENT", /confirm must be boolean/],
    [{ ...order, timeoutMs: -1 }, 400, "INVALID_ARGUMENT", /timeoutMs must be >= 0/],
    [{ ...order, timeoutMs: 0 }, 400, "INVALID_ARGUMENT", /timeoutMs/],
    [{ ...order, participantId: ".." }, 400, "INVALID_ARGUMENT", /participantId/],
    [{ ...order, accessToken: "tok" }, 400, "INVALID_ARGUMENT", /accessToken is not a field/],
    [big, 413, "BODY_TOO_LARGE"],
  ]) {
    const { status: got, body: problem, headers } = await post(one, body);
    assert.deepEqual([got, problem.code], [status, code], JSON.stringify(body).slice(0, 80));
    assert.match(headers["content-type"], /problem\+json/);
    if (detail) assert.match(problem.detail, detail);
  }
  assert.equal(simulator.log().length, 0);
  // The content type does not matter.
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "foo", "application", ""]) {
    assert.equal((await post(one, order, { "Content-Type": type })).status, 200);
  }
});

// ---- Idempotency ----

test("the same webhook-id again gets the same answer, joins, or is refused for another body", async () => {
  const { app: one, simulator } = await app({ config: conversation(connected("p"), connected("q")) });
  const id = randomUUID();
  const [first, joined] = await Promise.all([post(one, order, { id }), post(one, order, { id })]);
  const again = await post(one, order, { id });
  assert.deepEqual([joined.text, again.text], [first.text, first.text]);
  assert.equal(first.body.outcome, "disconnected");
  assert.equal(simulator.log().length, 2);
  const other = await post(one, { ...order, participantId: "q" }, { id });
  assert.deepEqual([other.status, other.body.code], [422, "ID_REUSED"]);
  // A final refusal is repeated too.
  const unknown = { id: randomUUID() };
  const nobody = { ...order, participantId: "nobody" };
  assert.equal((await post(one, nobody, unknown)).status, 404);
  const before = simulator.log().length;
  assert.equal((await post(one, nobody, unknown)).status, 404);
  assert.equal(simulator.log().length, before);
});

test("an answer of 500 or above is not final: the next try with the same id is carried out", async () => {
  const { app: one, simulator } = await app({ config: conversation(connected("p")), client: { maxRetries: 0 } });
  simulator.addFault({ status: 503 });
  const id = randomUUID();
  assert.equal((await post(one, order, { id })).status, 502);
  const { status, body } = await post(one, order, { id });
  assert.deepEqual([status, body.outcome], [200, "disconnected"]);
  // A refusal that is not temporary is final.
  simulator.addFault({ status: 403 });
  const refused = { id: randomUUID() };
  assert.equal((await post(one, order, refused)).body.code, "FORBIDDEN");
  assert.equal((await post(one, order, refused)).body.code, "FORBIDDEN");
});

test("a long id has a status; an unknown path is a problem; the operator's mistake is not the sender's", async () => {
  const { app: one } = await app({ config: conversation(connected("p")) });
  const { headers } = await post(one, order, { id: "%".repeat(256), Prefer: "respond-async" });
  assert.equal((await ask(one, "GET", headers.location, { headers: signed("") })).status, 200);
  const bad = await ask(one, "GET", "/v1/removals/%E0", { headers: signed("") });
  assert.deepEqual([bad.status, bad.body.code], [400, "INVALID_ARGUMENT"]);
  const { app: wrong } = await app({ config: conversation(connected("p")), client: { accessToken: "no token" } });
  const answer = await post(wrong, order);
  assert.deepEqual([answer.status, answer.body.code], [502, "INTERNAL"]);
  assert.match(answer.body.detail, /configuration is wrong.*accessToken/);
});

// ---- Pending removals ----

test("a slow removal is a 202, and its path has the answer", async () => {
  const config = conversation(connected("p", { schedule: [{ at: -1e6, state: "alerting" }] }));
  const { app: one, simulator } = await app({
    config,
    answerWithinMs: 20,
    client: { settleMs: 20_000, timeoutMs: 30_000 },
  });
  const { status, headers, body } = await post(one, order, { id: "msg/1" });
  assert.deepEqual([status, body], [202, { id: "msg/1", status: "pending" }]);
  assert.deepEqual([headers.location, headers["retry-after"]], ["/v1/removals/msg%2F1", "1"]);
  const byToken = { headers: { Authorization: `Bearer ${statusToken}` } };
  const pending = await ask(one, "GET", headers.location, byToken);
  assert.deepEqual([pending.status, pending.body.status, pending.headers["retry-after"]], [200, "pending", "1"]);
  simulator.setState("c", "p", "connected");
  let done;
  do {
    await delay(20);
    done = await ask(one, "GET", headers.location, byToken);
  } while (done.body.status === "pending");
  assert.deepEqual([done.status, done.body.id, done.body.outcome], [200, "msg/1", "disconnected"]);
  // A GET that is signed like the POST, with an empty body; the POST itself now has the answer too.
  const bySignature = await ask(one, "GET", headers.location, { headers: signed("") });
  assert.equal(bySignature.text, done.text);
  assert.equal((await post(one, order, { id: "msg/1" })).text, done.text);
  for (const headers of [{}, { Authorization: "Bearer wrong" }, { Authorization: `Bearer ${statusToken}x` }]) {
    const refused = await ask(one, "GET", "/v1/removals/msg%2F1", { headers });
    assert.deepEqual([refused.status, refused.body.code], [401, "BAD_SIGNATURE"]);
    assert.match(
      refused.body.detail,
      headers.Authorization ? /the bearer token is not STATUS_TOKEN/ : /Missing: webhook-id/,
    );
  }
  const unknown = await ask(one, "GET", "/v1/removals/never", byToken);
  assert.deepEqual([unknown.status, unknown.body.code], [404, "NOT_FOUND"]);
});

test("Prefer: respond-async answers at once; the path has an error too", async () => {
  const { app: one } = await app({ config: conversation(connected("p")) });
  const nobody = { ...order, participantId: "nobody" };
  const { status, headers } = await post(one, nobody, { Prefer: "respond-async, wait=5" });
  assert.equal(status, 202);
  let answer;
  do {
    await delay(20);
    answer = await ask(one, "GET", headers.location, { headers: signed("") });
  } while (answer.status === 200);
  assert.deepEqual([answer.status, answer.body.code], [404, "PARTICIPANT_NOT_FOUND"]);
});

test("without a STATUS_TOKEN only a signature gives access to the status", async () => {
  const { app: one } = await app({ statusToken: undefined });
  for (const Authorization of ["Bearer undefined", "Bearer ", "Bearer null"]) {
    assert.equal((await ask(one, "GET", "/v1/removals/x", { headers: { Authorization } })).status, 401);
  }
});

test("a removal that waited longer than maxAgeMs is not carried out", async () => {
  const config = conversation(connected("p"), connected("q"));
  const { app: one, simulator } = await app({ config, maxAgeMs: 50, client: { requestsPerMinute: 2 } });
  assert.equal((await post(one, order)).body.outcome, "disconnected");
  const late = await post(one, { ...order, participantId: "q", timeoutMs: 120_000 });
  assert.deepEqual([late.status, late.body.code], [504, "EXPIRED"]);
  assert.equal(simulator.log().length, 2);
});

// ---- Shutting down ----

test("while the app closes, removals under way are answered, and new ones are refused", async () => {
  const config = conversation(connected("p", { schedule: [{ at: -1e6, state: "alerting" }] }), connected("q"));
  const { app: one, simulator } = await app({ config, client: { settleMs: 20_000, timeoutMs: 30_000 } });
  const url = await one.listen();
  const underWay = post(url, order, { id: "first" });
  while (simulator.log().length === 0) await delay(1);
  const closed = one.close();
  await delay(5);
  const refused = await post(url, { ...order, participantId: "q" });
  assert.deepEqual([refused.status, refused.body.code, refused.headers["retry-after"]], [503, "SHUTTING_DOWN", "1"]);
  assert.equal((await ask(url, "GET", "/readyz")).status, 503);
  simulator.setState("c", "p", "connected");
  assert.equal((await underWay).body.outcome, "disconnected");
  await closed;
  await assert.rejects(post(url, order));
});

// ---- Routes for operators ----

test("healthz, readyz, metrics and openapi.json", async () => {
  let token = async () => "tok-00000000";
  const { app: one } = await app({ config: conversation(connected("p")), isReady: () => token() });
  await post(one, order);
  await post(one, { ...order, participantId: "nobody" });
  await post(one, order, { by: `whsec_${Buffer.alloc(32).toString("base64")}` });
  assert.deepEqual((await ask(one, "GET", "/healthz")).body, { status: "ok" });
  assert.equal((await ask(one, "GET", "/readyz")).status, 200);
  token = () => Promise.reject(new Error(`no token: ${accessToken}`));
  const unready = await ask(one, "GET", "/readyz");
  assert.deepEqual([unready.status, unready.body.code], [503, "NOT_READY"]);
  assert.ok(!unready.text.includes(accessToken));

  const { text, headers } = await ask(one, "GET", "/metrics");
  assert.match(headers["content-type"], /^text\/plain/);
  for (const line of [
    'removals_total{outcome="disconnected"} 1',
    'errors_total{code="PARTICIPANT_NOT_FOUND"} 1',
    'errors_total{code="BAD_SIGNATURE"} 1',
    "removals_under_way 0",
    "removal_duration_seconds_count 2",
  ]) {
    assert.ok(text.split("\n").includes(line), line);
  }
  const { body: openapi } = await ask(one, "GET", "/openapi.json");
  assert.equal(openapi.openapi, "3.1.0");
  assert.deepEqual(Object.keys(openapi.paths), ["/v1/removals", "/v1/removals/{id}"]);
  const { properties } = openapi.paths["/v1/removals"].post.requestBody.content["application/json"].schema;
  assert.deepEqual(Object.keys(properties), [
    ...["conversationId", "participantId", "participant", "onBehalfOf", "confirm", "settleMs", "timeoutMs", "priority"],
  ]);
  const nothing = await ask(one, "GET", "/nothing");
  assert.deepEqual([nothing.status, nothing.body.code], [404, "NOT_FOUND"]);
});

test("each removal is a span with its outcome and the correlation id", async () => {
  const { trace } = require("@opentelemetry/api");
  const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-base");
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  const { app: one } = await app({ config: conversation(connected("p")) });
  await post(one, order);
  await post(one, { ...order, participantId: "nobody" });
  trace.disable();
  const [done, failed] = exporter.getFinishedSpans();
  assert.equal(done.attributes["removal.outcome"], "disconnected");
  assert.equal(done.attributes["conversation.id"], "c");
  assert.ok(done.attributes["platform.correlation_id"]);
  assert.equal(failed.attributes["error.type"], "PARTICIPANT_NOT_FOUND");
  assert.ok(!JSON.stringify([done.attributes, failed.attributes]).includes(accessToken));
});

test("the plugin does not change the app that registers it", async () => {
  const Fastify = require("fastify");
  const { client } = await app({ config: conversation(connected("p")) });
  const own = Fastify();
  own.post("/mine", { schema: { body: { type: "object", required: ["a"] } } }, async ({ body }) => body);
  own.register(removals, { client, secrets: [keyOf(secret)], prefix: "/hooks" });
  const headers = { "Content-Type": "application/json" };
  assert.deepEqual((await ask(own, "POST", "/mine", { headers, body: '{"a":1}' })).body, { a: 1 });
  assert.equal((await ask(own, "POST", "/mine", { headers, body: "{}" })).body.code, "FST_ERR_VALIDATION");
  const body = JSON.stringify(order);
  const done = await ask(own, "POST", "/hooks/v1/removals", { headers: signed(body), body });
  assert.equal(done.body.outcome, "disconnected");
  const later = await ask(own, "POST", "/hooks/v1/removals", {
    headers: signed(body, { Prefer: "respond-async" }),
    body,
  });
  assert.match(later.headers.location, /^\/hooks\/v1\/removals\//);
});
