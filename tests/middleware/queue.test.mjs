// The middleware on BullMQ and Redis: the same answers as in one process, from any server, by any worker.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { redis, withoutRedis } from "./redis.mjs";
import {
  app,
  ask,
  atTheEnd,
  configuration,
  connect,
  connected,
  createSimulator,
  createWorker,
  delay,
  folder,
  Problem,
  post,
  QueuedDeliveries,
  remover,
  require,
  secret,
  send,
  start,
  startWorker,
  statusToken,
} from "./support.mjs";

const { Redis } = require("ioredis");
const { parse } = require("yaml");

/** Waits until a process has printed a line, which may come later than the answer. */
async function printedBy(running, pattern) {
  for (let waits = 0; waits < 400 && !pattern.test(running.printed); waits++) await delay(25);
  assert.match(running.printed, pattern);
}
const skip = withoutRedis;
const headers = { Authorization: `Bearer ${statusToken}` };
const token = "tok-of-the-platform-0123456789";
const silent = { debug() {}, info() {}, warn() {}, error() {} };

let store;
let databases = 0;
before(async () => {
  if (!skip) store = await redis();
});
after(() => store?.close());

/** A platform with these conversations, and the environment of processes that use it, with their own queue. */
async function platformed(conversations, more) {
  const simulator = await createSimulator({ conversations });
  const platform = await simulator.listen();
  atTheEnd(() => platform.close());
  const env = {
    WEBHOOK_SECRET: secret,
    STATUS_TOKEN: statusToken,
    GENESYS_CLOUD_BASE_URL: platform.baseUrl,
    GENESYS_CLOUD_ACCESS_TOKEN: token,
    QUEUE_URL: `${store.url}/${databases++}`,
    ...more,
  };
  return { simulator, platform, env };
}

const one = (id, ...participants) => ({ id, participants: participants.map((name) => connected(name)) });
const order = (conversationId, more) => ({ conversationId, participantId: "p", ...more });
const status = (server, id) => ask(server.url, "GET", `/v1/removals/${encodeURIComponent(id)}`, { headers });
const accepted = (simulator) => simulator.log().filter(({ isWrite, accepted }) => isWrite && accepted).length;

/** Polls a pending removal until it has ended. */
async function ended(server, id) {
  for (;;) {
    const answer = await status(server, id);
    if (answer.body.status !== "pending") return answer;
    await delay(50);
  }
}

/** Ends processes by SIGTERM; each has to exit with 0. */
async function stopped(...processes) {
  for (const { child } of processes) child.kill("SIGTERM");
  assert.deepEqual(
    await Promise.all(processes.map(({ exited }) => exited)),
    processes.map(() => 0),
  );
}

// ---- Configuration, without Redis ----

test("mistakes in the configuration of a queue are reported at start", () => {
  const good = { WEBHOOK_SECRET: secret, GENESYS_CLOUD_REGION: "us-east-1", GENESYS_CLOUD_ACCESS_TOKEN: "tok" };
  for (const QUEUE_URL of [
    "redis://",
    "amqp://host",
    "localhost:6379",
    "redis://host/queue",
    "redis://h?x=1",
    "redis://:%zz@h",
  ]) {
    assert.throws(() => configuration({ ...good, QUEUE_URL }), { message: /QUEUE_URL must be like redis:/ });
  }
  for (const QUEUE_URL of ["redis://host", "rediss://user:hush@host:6380/2", "redis://[::1]:6379/"]) {
    assert.equal(configuration({ ...good, QUEUE_URL }).queueUrl, QUEUE_URL);
  }
  const { WEBHOOK_SECRET, ...worker } = good;
  assert.throws(() => configuration(worker, { isWorker: true }), { message: /QUEUE_URL is missing/ });
  const QUEUE_URL = "redis://host";
  assert.equal(configuration({ ...worker, QUEUE_URL }, { isWorker: true }).concurrency, 50);
  assert.throws(() => configuration({ ...good, QUEUE_URL, WORKER_CONCURRENCY: "0" }), {
    message: /WORKER_CONCURRENCY/,
  });
  for (const more of [{ QUEUE_URL }, { STATUS_TOKEN: "t" }]) {
    assert.throws(() => configuration({ ...good, ...more, BULL_BOARD: "on" }), { message: /BULL_BOARD needs/ });
  }
  // The name of a token's budget does not reveal the token; it depends on the OAuth client if there is one.
  const keys = ["tok", "tik"].map((one) => configuration({ ...good, GENESYS_CLOUD_ACCESS_TOKEN: one }).tokenKey);
  assert.ok(keys[0] !== keys[1] && /^[0-9a-f]{32}$/.test(keys[0]), keys.join());
});

test("compose.yaml has a Redis, a server and three workers", () => {
  const { services } = parse(readFileSync(join(folder, "compose.yaml"), "utf8"), { merge: true });
  assert.deepEqual(Object.keys(services), ["redis", "server", "worker"]);
  assert.equal(services.worker.deploy.replicas, 3);
  assert.match(services.redis.command, /--appendonly yes/);
  assert.match(services.redis.command, /--maxmemory-policy noeviction/);
  for (const { environment } of [services.server, services.worker]) {
    assert.equal(environment.QUEUE_URL, "redis://redis:6379");
    // The configuration has all other variables.
    const known = readFileSync(join(folder, "config.js"), "utf8");
    for (const name of Object.keys(environment)) assert.ok(known.includes(` ${name}: `), name);
  }
  assert.deepEqual([services.server.command, services.worker.command], ["node server.js", "node worker.js"]);
});

test("a worker without a queue ends with its message", async () => {
  const worker = await startWorker({ PLATFORM: "simulator" });
  assert.equal(await worker.exited, 1);
  assert.match(worker.printed, /The configuration is wrong:\n- QUEUE_URL is missing/);
});

// ---- One queue, several processes ----

test("any server answers what any worker did, once for each webhook-id", { skip }, async () => {
  const { simulator, platform, env } = await platformed([one("a", "p", "q"), one("b", "p"), one("c", "p")]);
  const servers = [await start(env), await start(env)];
  const workers = [await startWorker(env), await startWorker(env)];
  const [here, there] = servers;
  const id = "1234";
  const first = await send(here.url, order("a"), { id });
  assert.deepEqual([first.status, first.body.id, first.body.outcome], [200, id, "disconnected"]);
  assert.equal(first.body.timeline, undefined);
  // The other server gives the same answer by POST and by GET, and refuses another body.
  assert.deepEqual((await send(there.url, order("a"), { id })).body, first.body);
  assert.deepEqual((await status(there, id)).body, first.body);
  assert.equal((await send(there.url, order("a", { confirm: true }), { id })).body.code, "ID_REUSED");
  assert.equal((await status(there, "unknown")).status, 404);

  // Two clicks at two servers are one removal, with an answer for each.
  const clicks = ["click:1", "click:2"];
  const both = await Promise.all(servers.map(({ url }, index) => send(url, order("b"), { id: clicks[index] })));
  assert.deepEqual(
    both.map(({ status, body: { id, outcome } }) => [status, id, outcome]),
    clicks.map((id) => [200, id, "disconnected"]),
  );
  assert.equal(both[0].body.correlationId, both[1].body.correlationId);
  for (const [index, id] of clicks.entries()) {
    assert.deepEqual((await status(servers[1 - index], id)).body, both[index].body);
    assert.equal((await send(here.url, order("c"), { id })).body.code, "ID_REUSED");
  }
  assert.equal(accepted(simulator), 2);

  // Prefer: respond-async, and the path of its answer.
  const async = await send(here.url, order("c"), { id: "später".normalize(), Prefer: "respond-async" });
  assert.equal(async.status, 401, "an id is visible ASCII");
  const pending = await send(here.url, order("c"), { id: "x%/y", Prefer: "respond-async" });
  assert.deepEqual([pending.status, pending.body.status], [202, "pending"]);
  assert.equal(pending.headers.location, "/v1/removals/x%25%2Fy");
  assert.equal((await ended(there, "x%/y")).body.outcome, "disconnected");

  // A final problem is kept, with its fields, and not tried again.
  const refused = await send(here.url, order("a", { participantId: "nobody", settleMs: 0 }), { id: "nobody" });
  assert.deepEqual([refused.status, refused.body.code], [404, "PARTICIPANT_NOT_FOUND"]);
  assert.deepEqual((await status(there, "nobody")).body, refused.body);
  const requests = simulator.log().length;
  await send(there.url, order("a", { participantId: "nobody", settleMs: 0 }), { id: "nobody" });
  assert.equal(simulator.log().length, requests);

  const { text } = await ask(here.url, "GET", "/metrics");
  assert.match(text, /^queue_up 1$/m);
  assert.match(text, /^queue_jobs\{state="completed"\} 3$/m);
  assert.match(text, /^queue_jobs\{state="failed"\} 1$/m);
  assert.match(text, /^queue_oldest_seconds 0$/m);
  assert.match(text, /^queue_workers 2$/m);
  assert.match(text, /^queue_takeovers_total 0$/m);
  // Each removal is counted by the server that took it.
  const counts = await Promise.all(servers.map(({ url }) => ask(url, "GET", "/metrics")));
  const total = counts.map(({ text }) =>
    Number(/^removals_total\{outcome="disconnected"\} (\d+)/m.exec(text)?.[1] ?? 0),
  );
  assert.equal(total[0] + total[1], 3);
  await stopped(...servers, ...workers);
  await platform.close();
});

test("jobs hold the order and its ending, never a token, and are kept for a day", { skip }, async () => {
  const { platform, env } = await platformed([one("a", "p")]);
  const [server, worker] = [await start(env), await startWorker(env)];
  await send(server.url, order("a", { onBehalfOf: "u-ada" }), { id: "kept" });
  await send(server.url, order("a", { participantId: "x", settleMs: 0 }), { id: "lost" });
  const connection = new Redis(env.QUEUE_URL);
  let held = "";
  for (const key of await connection.keys("*")) {
    assert.match(key, /^disconnect-if-connected:/);
    const read = { hash: "hgetall", string: "get", stream: "xrange", zset: "zrange", list: "lrange", set: "smembers" };
    const range = { stream: ["-", "+"], zset: [0, -1], list: [0, -1] };
    const type = await connection.type(key);
    held += `${key} ${JSON.stringify(await connection[read[type]](key, ...(range[type] ?? [])))}\n`;
  }
  for (const hidden of [token, secret, secret.slice(6), statusToken]) assert.ok(!held.includes(hidden), held);
  assert.ok(held.includes("u-ada"), held);
  const { opts, data } = await connection.hgetall("disconnect-if-connected:removals:w-kept");
  assert.deepEqual(Object.keys(JSON.parse(data)).sort(), ["id", "order", "trace"]);
  const { removeOnComplete, removeOnFail } = JSON.parse(opts);
  assert.deepEqual([removeOnComplete, removeOnFail], Array(2).fill({ age: 86_400 }));
  connection.disconnect();
  await stopped(server, worker);
  // The output of the processes has no token either.
  for (const { printed } of [server, worker]) assert.ok(!printed.includes(token) && !printed.includes(statusToken));
  await platform.close();
});

test("temporary failures are tried again by the worker; others are reported at once", { skip }, async () => {
  const { simulator, platform, env } = await platformed([one("a", "p"), one("b", "p", "q")]);
  const [server, worker] = [await start(env), await startWorker(env)];
  // The call fails at its fourth attempt; the worker's next try succeeds.
  simulator.addFault({ status: 503, times: 5 });
  await send(server.url, order("a"), { id: "passes", Prefer: "respond-async" });
  const passed = await ended(server, "passes");
  assert.deepEqual([passed.status, passed.body.outcome], [200, "disconnected"]);
  assert.equal(simulator.log().length, 7);
  await printedBy(worker, /"code":"SERVER_ERROR".*"try":1/);
  await printedBy(worker, /"outcome":"disconnected".*"requests":7.*"try":2/);
  const participant = { purpose: "customer" };
  for (const [fault, more, code] of [
    [{ status: 403 }, {}, "FORBIDDEN"],
    [{ on: "write", status: 400 }, {}, "REJECTED"],
    [undefined, { participantId: undefined, participant }, "AMBIGUOUS_PARTICIPANT"],
    [undefined, { conversationId: " " }, "INVALID_ARGUMENT"],
  ]) {
    if (fault) simulator.addFault(fault);
    const { body } = await send(server.url, order("b", { settleMs: 0, ...more }), { id: code });
    assert.equal(body.code, code);
    await printedBy(worker, new RegExp(`"code":"${code}"`));
    assert.equal(worker.printed.split(`"code":"${code}"`).length, 2, worker.printed);
  }
  await stopped(server, worker);
  await platform.close();
});

test("a 503 is not final: the next try with the same webhook-id is carried out, also of one that joined", {
  skip,
}, async () => {
  // The removal is too old for a second try.
  const { simulator, platform, env } = await platformed([one("a", "p")], { MAX_AGE_MS: "1500" });
  const [server, worker] = [await start(env), await startWorker(env)];
  const ids = ["first", "joined"];
  simulator.addFault({ status: 503, times: 1e6 });
  await Promise.all(ids.map((id) => send(server.url, order("a"), { id, Prefer: "respond-async" })));
  const failed = await Promise.all(ids.map((id) => ended(server, id)));
  for (const { body } of failed) assert.equal(body.code, "SERVER_ERROR", JSON.stringify(body));
  await stopped(worker);
  await platform.close();
  // Another platform, on which the removal succeeds.
  const other = await createSimulator({ conversations: [one("a", "p")] });
  const listening = await other.listen();
  const patient = { ...env, MAX_AGE_MS: "30000", GENESYS_CLOUD_BASE_URL: listening.baseUrl };
  const again = await startWorker(patient);
  for (const id of ids) {
    await send(server.url, order("a"), { id });
    const { status, body } = await ended(server, id);
    assert.deepEqual([status, body.outcome], [200, "disconnected"]);
  }
  await stopped(server, again);
  await listening.close();
});

test("a removal that waited for longer than MAX_AGE_MS is not carried out", { skip }, async () => {
  const { simulator, platform, env } = await platformed([one("a", "p")]);
  const server = await start(env);
  const { status } = await send(server.url, order("a"), { id: "old", Prefer: "respond-async" });
  assert.equal(status, 202);
  await delay(300);
  const impatient = await startWorker({ ...env, MAX_AGE_MS: "200" });
  const { status: late, body } = await ended(server, "old");
  assert.deepEqual([late, body.code, body.mayHaveDisconnected], [504, "EXPIRED", undefined]);
  assert.match(body.detail, /No request was sent within 200 ms \(MAX_AGE_MS\)/);
  assert.deepEqual(simulator.log(), []);
  await stopped(impatient);
  // The sender's next try is a new removal.
  const worker = await startWorker(env);
  await send(server.url, order("a"), { id: "old" });
  assert.equal((await ended(server, "old")).body.outcome, "disconnected");
  await stopped(server, worker);
  await platform.close();
});

test("priority goes first", { skip }, async () => {
  const ids = ["a", "b", "c", "d"];
  const { simulator, platform, env } = await platformed(ids.map((id) => one(id, "p")));
  const server = await start(env);
  for (const id of ids) {
    await send(server.url, order(id, { priority: id > "b" }), { id, Prefer: "respond-async" });
  }
  const worker = await startWorker({ ...env, WORKER_CONCURRENCY: "1" });
  for (const id of ids) {
    const { body } = await ended(server, id);
    assert.equal(body.outcome, "disconnected", JSON.stringify(body));
  }
  const written = simulator.log().filter(({ isWrite }) => isWrite);
  assert.equal(written.map(({ path }) => path.split("/").at(-3)).join(""), "cdab");
  await stopped(server, worker);
  await platform.close();
});

test("a worker that lost its lock sends nothing more", { skip }, async () => {
  const dialing = { id: "p", purpose: "customer", schedule: [{ at: -1e6, state: "dialing" }] };
  const { simulator, platform, env } = await platformed([{ id: "a", participants: [dialing] }]);
  const server = await start(env);
  const first = await startWorker(env);
  await send(server.url, order("a", { settleMs: 60_000, timeoutMs: 60_000 }), { id: "held", Prefer: "respond-async" });
  while (simulator.log().length === 0) await delay(10);
  const connection = new Redis(env.QUEUE_URL);
  await connection.del("disconnect-if-connected:removals:w-held:lock");
  while (!first.printed.includes("locks are lost")) await delay(50);
  const sent = simulator.log().length;
  await delay(500);
  assert.equal(simulator.log().length, sent);
  // The next worker takes it over, and cannot know what the first one sent.
  simulator.setState("a", "p", "connected");
  const answer = await ended(server, "held");
  assert.equal(answer.body.outcome, "disconnected");
  assert.equal(accepted(simulator), 1);
  connection.disconnect();
  await stopped(server, first);
  await platform.close();
});

// ---- Redis away, and shutdown ----

test("without Redis a sender gets a 503 at once; when Redis is back, all goes on", { skip }, async () => {
  const own = await redis();
  await own.stop();
  const { simulator, platform, env } = await platformed([one("a", "p")], { QUEUE_URL: own.url });
  const server = await start(env);
  const starting = startWorker(env);
  const refused = async () => {
    const { status, body, headers } = await post(server.url, order("a"), { id: "patient" });
    assert.deepEqual([status, body.code, headers["retry-after"]], [503, "NOT_READY", "1"]);
    assert.equal((await ask(server.url, "GET", "/readyz")).status, 503);
    assert.match((await ask(server.url, "GET", "/metrics")).text, /^queue_up 0$/m);
    assert.equal((await ask(server.url, "GET", "/healthz")).status, 200);
  };
  await refused();
  await own.start();
  const worker = await starting;
  while ((await ask(server.url, "GET", "/readyz")).status !== 200) await delay(50);
  assert.equal((await send(server.url, order("a"), { id: "patient" })).body.outcome, "disconnected");
  // A Redis that hangs counts as away.
  own.pause();
  await refused();
  own.resume();
  while ((await ask(server.url, "GET", "/readyz")).status !== 200) await delay(50);
  assert.equal((await send(server.url, order("a"), { id: "patient" })).body.outcome, "disconnected");
  // The processes end without Redis too.
  await own.stop();
  await refused();
  await stopped(server, worker);
  await platform.close();
  await own.start();
  await own.close();
  assert.equal(accepted(simulator), 1);
});

test("/readyz fails where jobs wait and none becomes active", { skip }, async () => {
  const url = `${store.url}/${databases++}`;
  const deliveries = new QueuedDeliveries({ url, log: silent, maxAgeMs: 30_000, standstillMs: 300 });
  const { app: server } = await app({ fetch() {}, deliveries });
  while ((await ask(server, "GET", "/readyz")).status !== 200) await delay(20);
  assert.equal((await send(server, order("a"), { Prefer: "respond-async" })).status, 202);
  await delay(400);
  const { status, body } = await ask(server, "GET", "/readyz");
  assert.deepEqual([status, body.code], [503, "NOT_READY"]);
  assert.match(
    body.detail,
    /^Removals that wait: 1\. None was begun for 0\.3 s\. Does a worker run \(npm run worker\)\?$/,
  );
  const { text } = await ask(server, "GET", "/metrics");
  assert.match(text, /^queue_jobs\{state="waiting"\} 1$/m);
  assert.match(text, /^queue_oldest_seconds 0\.[3-9]|^queue_oldest_seconds [1-9]/m);
  await server.close();
  await deliveries.close();
});

test("SIGTERM: the worker ends its removals and takes no new ones; the server answers 202", {
  skip,
}, async () => {
  const conversations = Array.from({ length: 20 }, (_, index) => one(`c-${index}`, "p"));
  const { simulator, platform, env } = await platformed(conversations);
  simulator.addFault({ delayMs: 300, times: 1e6 });
  const server = await start(env);
  const worker = await startWorker({ ...env, WORKER_CONCURRENCY: "4" });
  const answers = conversations.map(({ id }) => post(server.url, order(id), { id }));
  while (simulator.log().length < 4) await delay(10);
  await stopped(worker);
  const done = accepted(simulator);
  assert.ok(done >= 4 && done < 20, done);
  // The other removals wait for the next worker; waiting requests are answered.
  await stopped(server);
  for (const { status } of await Promise.all(answers)) assert.ok([200, 202].includes(status));
  const next = [await start(env), await startWorker(env)];
  for (const { id } of conversations) assert.equal((await ended(next[0], id)).body.outcome, "disconnected");
  assert.equal(accepted(simulator), 20);
  await stopped(...next);
  await platform.close();
});

test("Bull Board is off by default, and asks for STATUS_TOKEN", { skip }, async () => {
  const env = { PLATFORM: "simulator", STATUS_TOKEN: statusToken, QUEUE_URL: `${store.url}/${databases++}` };
  const without = await start(env);
  assert.equal((await ask(without.url, "GET", "/queue", { headers })).status, 404);
  const server = await start({ ...env, BULL_BOARD: "on" });
  const basic = (password) => ({ Authorization: `Basic ${Buffer.from(`me:${password}`).toString("base64")}` });
  for (const path of ["/queue", "/queue/", "/queue/api/queues", "/queue/static/main.js"]) {
    for (const more of [{}, basic("guess"), { Authorization: "Bearer guess" }, basic("")]) {
      const { status, headers } = await ask(server.url, "GET", path, { headers: more });
      assert.deepEqual([status, /^Basic/.test(headers["www-authenticate"])], [401, true], path);
    }
  }
  const page = await ask(server.url, "GET", "/queue", { headers: basic(statusToken) });
  assert.match(page.text, /<title>Removals/);
  await send(server.url, order("demo-1", { participantId: "customer" }), {
    ...{ id: "seen", by: server.webhookSecret, Prefer: "respond-async" },
  });
  const { body } = await ask(server.url, "GET", "/queue/api/queues?activeQueue=removals", { headers });
  assert.equal(body.queues[0].counts.prioritized, 1);
  assert.equal(body.queues[0].readOnlyMode, true);
  for (const method of ["PUT", "POST", "DELETE"]) {
    const path = "/queue/api/queues/removals/w-seen/clean";
    assert.ok((await ask(server.url, method, path, { headers })).status >= 400);
  }
  await stopped(without, server);
});

test("OpenTelemetry's context travels with the job", { skip }, async () => {
  const { context, propagation, SpanKind, trace } = require("@opentelemetry/api");
  const { AsyncLocalStorageContextManager } = require("@opentelemetry/context-async-hooks");
  const { W3CTraceContextPropagator } = require("@opentelemetry/core");
  const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-base");
  const exporter = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  const url = `${store.url}/${databases++}`;
  const deliveries = new QueuedDeliveries({ url, log: silent, maxAgeMs: 30_000 });
  const { client } = await app({ config: { conversations: [one("a", "p")] } });
  const { app: server } = await app({ fetch() {}, deliveries });
  const connection = connect(url, { log: silent, name: "worker" });
  const maxAgeMs = 30_000;
  const worker = createWorker({
    ...{ connection, remove: remover({ client, maxAgeMs }), maxAgeMs, concurrency: 1, log: silent },
  });
  await deliveries.opened();
  const webhook = trace.getTracer("a test").startSpan("the webhook", { kind: SpanKind.SERVER });
  const answer = await context.with(trace.setSpan(context.active(), webhook), () => post(server, order("a")));
  webhook.end();
  assert.equal(answer.body.outcome, "disconnected");
  const [removal] = exporter.getFinishedSpans();
  assert.deepEqual(
    [removal.name, removal.spanContext().traceId, removal.parentSpanContext.spanId],
    ["remove participant", webhook.spanContext().traceId, webhook.spanContext().spanId],
  );
  for (const one of [trace, propagation, context]) one.disable();
  await worker.close();
  connection.disconnect();
  await server.close();
  await deliveries.close();
});

// ---- In this process, with simulated removals ----

/** A queue, and workers on it that call `remove`. */
async function queued({ maxAgeMs = 30_000, url = `${store.url}/${databases++}` } = {}) {
  const open = () => new QueuedDeliveries({ url, log: silent, maxAgeMs });
  const deliveries = open();
  const redis = new Redis(url);
  await deliveries.opened();
  const all = [];
  const work = (remove, more) => {
    const connection = connect(url, { log: silent, name: "worker" });
    const worker = createWorker({ connection, remove, maxAgeMs, concurrency: 5, log: silent, ...more });
    all.push(async () => {
      await worker.close();
      connection.disconnect();
    });
    return worker;
  };
  const accept = (id, body = order("a"), to = deliveries) =>
    to.accept({ id, bytes: Buffer.from(JSON.stringify(body)), body });
  const close = async () => {
    for (const end of all) await end();
    redis.disconnect();
    await deliveries.close();
  };
  return { deliveries, open, redis, work, accept, close };
}

const done = async () => ({ result: { outcome: "disconnected" }, requests: 2 });
const fails = (code) => async () => ({ problem: new Problem(code, "It failed."), requests: 2 });
const answerOf = async (delivery) => delivery.answer ?? (await delivery.within(10_000));

test("a removal too old for another try has the last reason, and what a dead worker may have done", {
  skip,
}, async () => {
  const { redis, work, accept, close } = await queued({ maxAgeMs: 700 });
  const first = work(fails("NETWORK"));
  const delivery = await accept("old");
  await new Promise((resolve) => first.once("failed", resolve));
  await first.close();
  await redis.hset("disconnect-if-connected:removals:w-old", "stc", 1);
  await delay(800);
  work(done);
  const { status, body } = await answerOf(delivery);
  assert.deepEqual([status, body.code, body.mayHaveDisconnected], [502, "NETWORK", true]);
  await close();
});

test("after a takeover, a problem says that the participant may be gone", { skip }, async () => {
  const { redis, work, accept, close } = await queued({ maxAgeMs: 300 });
  const delivery = await accept("dead");
  await redis.hset("disconnect-if-connected:removals:w-dead", "stc", 1);
  await delay(400);
  work(remover({ client: undefined, maxAgeMs: 300 }));
  const { body } = await answerOf(delivery);
  assert.deepEqual([body.code, body.mayHaveDisconnected], ["EXPIRED", true]);
  await close();
});

test("a webhook does not join a removal that waited for too long", { skip }, async () => {
  const { work, accept, close } = await queued({ maxAgeMs: 400 });
  const dead = await accept("dead");
  await delay(500);
  const young = await accept("young");
  work(async (_order, { ageMs }) => (ageMs > 400 ? { problem: new Problem("EXPIRED", "Old."), requests: 0 } : done()));
  assert.equal((await answerOf(young)).body.outcome, "disconnected");
  assert.equal((await answerOf(dead)).body.code, "EXPIRED");
  await close();
});

test("of two bodies with one webhook-id at two servers, one is refused", { skip }, async () => {
  const { open, accept, close, work } = await queued();
  const other = open();
  await other.opened();
  await accept("flight", order("a"));
  for (let index = 0; index < 30; index++) {
    // One body joins what is under way, the other one becomes a job.
    const both = await Promise.allSettled([
      accept(`id-${index}`, order("a")),
      accept(`id-${index}`, order("b"), other),
    ]);
    assert.deepEqual(both.map(({ reason }) => reason?.code).sort(), ["ID_REUSED", undefined]);
  }
  work(done);
  await other.close();
  await close();
});

test("a webhook gets its answer through a chain of joined removals", { skip }, async () => {
  const { deliveries, work, accept, close } = await queued();
  const failing = work(fails("TIMEOUT"));
  await failing.pause();
  await accept("a");
  await accept("x");
  failing.resume();
  assert.equal((await answerOf(await deliveries.get("x"))).body.code, "TIMEOUT");
  await failing.close();
  // Another one begins; the sender of `a` tries again, and joins it.
  await accept("b");
  await accept("a");
  work(done);
  for (const id of ["x", "a", "b"]) {
    const { body } = await answerOf(await deliveries.get(id));
    assert.deepEqual([body.id, body.outcome], [id, "disconnected"]);
  }
  await assert.rejects(accept("x", order("other")), { code: "ID_REUSED" });
  await close();
});

test("a try that its worker cancelled is repeated at once", { skip }, async () => {
  const { work, accept, close } = await queued();
  let tries = 0;
  const worker = work(async (_order, { signal }) => {
    tries += 1;
    if (tries > 1) return done();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return fails("INTERNAL")();
  });
  const delivery = await accept("interrupted");
  while (tries === 0) await delay(5);
  worker.cancelAllJobs("the worker ends");
  assert.equal((await answerOf(delivery)).body.outcome, "disconnected");
  assert.equal(tries, 2);
  await close();
});

test("a worker that is cut off from Redis stops when its locks have ended", { skip }, async () => {
  const own = await redis();
  const { deliveries, work, accept, close } = await queued(own);
  const reasons = [];
  const remove = async (_order, { signal }) => {
    if (reasons.length > 0) return done();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    reasons.push(signal.reason);
    return fails("INTERNAL")();
  };
  const worker = work(remove, { lockMs: 1_000, stalledMs: 500 });
  const begun = new Promise((resolve) => worker.once("active", resolve));
  await accept("cut off");
  await begun;
  await own.stop();
  while (reasons.length === 0) await delay(20);
  assert.deepEqual(reasons, ["Redis is away"]);
  await own.start();
  const known = () => deliveries.get("cut off").catch(() => undefined);
  let delivery = await known();
  for (; !delivery?.answer; delivery = await known()) await delay(50);
  assert.equal(delivery.answer.body.outcome, "disconnected");
  await close();
  await own.close();
});

test("a database that Redis does not have ends the process: it is another deployment's", { skip }, async () => {
  for (const begin of [start, startWorker]) {
    const { exited, printed } = await begin({ PLATFORM: "simulator", QUEUE_URL: `${store.url}/99` });
    assert.equal(await exited, 1);
    assert.match(printed, /"level":60.*QUEUE_URL names a database that this Redis does not have/);
  }
});

test("the log names the error code of Redis, and never a password", { skip }, async () => {
  const own = await redis();
  const connection = new Redis(own.url);
  await connection.config("SET", "requirepass", "the-right-password");
  const url = own.url.replace("redis://", "redis://:a-wrong-password@");
  const server = await start({ PLATFORM: "simulator", QUEUE_URL: url });
  assert.equal((await ask(server.url, "GET", "/readyz")).status, 503);
  await stopped(server);
  const { port } = new URL(url);
  const line = server.printed.split("\n").find((one) => one.includes("Redis refuses the connection"));
  assert.match(line, new RegExp(`"host":"127.0.0.1","port":${port},"errorCode":"WRONGPASS"`));
  assert.ok(!server.printed.includes("a-wrong-password"), server.printed);
  connection.disconnect();
  await own.close();
});

test("a full Redis refuses the removal, and the log says why", { skip }, async () => {
  const own = await redis();
  const connection = new Redis(own.url);
  const server = await start({ PLATFORM: "simulator", QUEUE_URL: own.url });
  await connection.config("SET", "maxmemory", "1mb");
  const { status, body } = await post(server.url, order("demo-1"), { by: server.webhookSecret });
  assert.deepEqual([status, body.code], [503, "NOT_READY"]);
  connection.disconnect();
  await stopped(server);
  await printedBy(server, /"cause":\{"name":"ReplyError","errorCode":"OOM"/);
  await own.close();
});
