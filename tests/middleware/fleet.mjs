// A fleet of real processes: one server, workers, a Redis, and a platform with a limit of requests. For fleet.test.mjs
// and for `npm run bench:queue`.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { redis } from "./redis.mjs";
import {
  ask,
  connected,
  createSimulator,
  delay,
  post,
  require,
  secret,
  start,
  startWorker,
  statusToken,
} from "./support.mjs";

const { Redis } = require("ioredis");
/** The platform's latency, the lag of its reads, and the delay of its disconnects. */
const PLATFORM = { readLagMs: 120, effectDelayMs: 80, faults: [{ delayMs: 15, times: 1e9 }] };

/** The counts of the platform's log. */
function counted(log) {
  const accepted = log.filter(({ isWrite, accepted }) => isWrite && accepted);
  return {
    requests: log.length,
    limited: log.filter(({ status }) => status === 429).length,
    accepted: accepted.length,
    /** Participants whose disconnect was accepted. */
    removed: new Set(accepted.map(({ path }) => path)).size,
    /** From the first request to the last. */
    ms: log.length === 0 ? 0 : log.at(-1).at - log[0].at,
  };
}

export const REMOVALS = 500;
export const REQUESTS_PER_SECOND = 120;
/** The numbers of accepted disconnects after which a worker is killed, and Redis restarted. */
export const FAULTS = { killWorkerAt: 100, restartRedisAt: 200 };
/** The number of senders that wait until Redis is away. */
const LATE = 50;

/** Waits for a condition; fails after five minutes. */
async function until(condition, what) {
  const started = performance.now();
  while (!condition()) {
    if (performance.now() - started > 300_000) throw new Error(`not within 5 minutes: ${what}`);
    await delay(5);
  }
}

/** The processor time that a process has used, in milliseconds; on Linux only. */
function cpuMs(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return Number.NaN;
  }
}

/** The memory that a Redis uses, in bytes. */
async function memoryOf({ url }) {
  const connection = new Redis(url);
  const [, bytes] = /^used_memory:(\d+)/m.exec(await connection.info("memory"));
  connection.disconnect();
  return Number(bytes);
}

/**
 * Removes one participant of each of `removals` conversations; returns each sender's outcome and the platform's counts.
 * @param {object} options
 * @param {number} options.workers
 * @param {number} options.removals
 * @param {number} options.requestsPerSecond the platform's limit
 * @param {{ killWorkerAt?: number, restartRedisAt?: number }} [options.faults] after so many accepted disconnects
 */
export async function removeByFleet({ workers, removals, requestsPerSecond, faults = {} }) {
  const store = await redis();
  const ids = Array.from({ length: removals }, (_, index) => `c-${index}`);
  const conversations = ids.map((id) => ({ id, participants: [connected("p")] }));
  const limit = { requestsPerMinute: requestsPerSecond, rateWindowMs: 1_000 };
  const simulator = await createSimulator({ conversations, ...PLATFORM, ...limit });
  const platform = await simulator.listen();
  const env = {
    WEBHOOK_SECRET: secret,
    STATUS_TOKEN: statusToken,
    GENESYS_CLOUD_BASE_URL: platform.baseUrl,
    GENESYS_CLOUD_ACCESS_TOKEN: "tok-00000000",
    QUEUE_URL: store.url,
    // Enough for a slow machine.
    MAX_AGE_MS: "300000",
  };
  const server = await start(env);
  const working = await Promise.all(Array.from({ length: workers }, () => startWorker(env)));
  const pids = () => [store.pid(), ...[server, ...working].map(({ child }) => child.pid)];
  const idle = pids().map(cpuMs);
  const empty = await memoryOf(store);
  const headers = { Authorization: `Bearer ${statusToken}` };
  const statuses = new Map();
  let waitedMs = 0;
  let resolveRedisStopped;
  const redisStopped = new Promise((resolve) => {
    resolveRedisStopped = resolve;
  });

  async function send(conversationId, index) {
    if (faults.restartRedisAt !== undefined && index >= removals - LATE) await redisStopped;
    const begun = performance.now();
    const outcome = await ordered(conversationId);
    waitedMs = Math.max(waitedMs, performance.now() - begun);
    return outcome;
  }

  /** Sends a removal as a good sender: polls while it is pending, and tries again after a 503. */
  async function ordered(conversationId) {
    const id = randomUUID();
    for (;;) {
      let answer = await post(server.url, { conversationId, participantId: "p", timeoutMs: 60_000 }, { id });
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      while (answer.body.status === "pending") {
        await delay(250);
        const polled = await ask(server.url, "GET", `/v1/removals/${id}`, { headers });
        // While Redis is away, the answer is unknown.
        if (polled.body.code !== "NOT_READY") answer = polled;
      }
      if (answer.status !== 503) return answer.body.outcome ?? answer.body.code;
      await delay(Number(answer.headers["retry-after"]) * 1_000);
    }
  }

  const accepted = () => counted(simulator.log()).accepted;
  const events = [];
  async function fail() {
    const { killWorkerAt, restartRedisAt } = faults;
    if (killWorkerAt !== undefined) {
      await until(() => accepted() >= killWorkerAt, `${killWorkerAt} accepted disconnects`);
      working[0].child.kill("SIGKILL");
      events.push(`a worker killed after ${accepted()} accepted disconnects`);
    }
    if (restartRedisAt !== undefined) {
      await until(() => accepted() >= restartRedisAt, `${restartRedisAt} accepted disconnects`);
      await store.stop();
      events.push(`Redis stopped after ${accepted()}`);
      resolveRedisStopped();
      await until(() => statuses.has(503), "a 503");
      await delay(1_000);
      await store.start();
    }
  }

  const [outcomes] = await Promise.all([Promise.all(ids.map(send)), fail()]);
  const { text } = await ask(server.url, "GET", "/metrics");
  const takeovers = Number(/^queue_takeovers_total (\d+)/m.exec(text)[1]);
  const log = simulator.log();
  const gone = await Promise.all(ids.map((id) => isGone(platform.baseUrl, id)));
  const memory = (await memoryOf(store)) - empty;
  const used = pids().map((pid, index) => cpuMs(pid) - idle[index]);
  for (const { child } of [server, ...working]) child.kill("SIGTERM");
  const exits = await Promise.all([server, ...working].map(({ exited }) => exited));
  await platform.close();
  await store.close();
  const printed = [server, ...working].map(({ printed }) => printed);
  const [ofRedis, ofServer, ...ofWorkers] = used;
  const cpu = { redis: ofRedis, server: ofServer, workers: ofWorkers.reduce((sum, ms) => sum + ms, 0) };
  return { outcomes, statuses, takeovers, gone, exits, events, printed, waitedMs, cpu, memory, ...counted(log) };
}

async function isGone(baseUrl, id) {
  // With its own token, because the limit applies to each token.
  const headers = { Authorization: `Bearer another-token-of-${id}` };
  const response = await fetch(`${baseUrl}/api/v2/conversations/calls/${id}`, { headers });
  const { participants } = await response.json();
  return /^(disconnected|terminated)$/.test(participants[0].state);
}
