// The deliveries of webhooks by `webhook-id`, as jobs of BullMQ in Redis: any worker carries them out, any server
// reports them. A job holds the body of its webhook and how the removal ended, never a token.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { context, propagation } from "@opentelemetry/api";
import { Queue, QueueEvents } from "bullmq";
import { Redis } from "ioredis";
import { LRUCache } from "lru-cache";
import { KEPT_MS, within } from "./deliveries.js";
import { idReused, overloaded, Problem, shuttingDown } from "./problem.js";
import { answered } from "./removal.js";
import { refusalOf } from "./telemetry.js";
import { digestOf } from "./webhook.js";

export const QUEUE = "removals";
/** The prefix of all keys in Redis. */
export const PREFIX = "disconnect-if-connected";

/** How long Redis may take for a command of a prompt connection. */
const PROMPT_MS = 1_000;
/** How long jobs may wait, without any becoming active, before the server is not ready. */
const STANDSTILL_MS = 10_000;
/** How often the log reports that Redis is away. */
const LOG_AGAIN_MS = 60_000;
const LISTEN_AGAIN_MS = 1_000;
/** The highest number of waiting jobs. */
const MAX_WAITING = 10_000;
/** A job whose end is not reported within this time is not counted: events are lost in an outage. */
const ADDED_MS = 3_600_000;
/** The longest chain of jobs that joined one another. */
const MAX_STEPS = 10;
/** Jobs with lower numbers come first. */
const PRIORITY = { first: 1, others: 2 };

/** How long jobs are kept: as long as answers. */
const KEPT_S = KEPT_MS / 1_000;
const keep = { age: KEPT_S };
/** The options of a job. Its age limits its tries; see work.js. */
const JOB = {
  attempts: 100,
  backoff: { type: "custom" },
  removeOnComplete: keep,
  removeOnFail: keep,
  stackTraceLimit: 0,
};

/**
 * A connection to Redis that reconnects by itself. While Redis is away, commands of a prompt connection fail at once;
 * those of the other kind wait.
 * @param {string} url
 * @param {{ log: object, name: string, isPrompt?: boolean }} options
 */
export function connect(url, { log, name, isPrompt = false }) {
  const redis = new Redis(url, {
    connectTimeout: 2_000,
    retryStrategy: (times) => Math.min(100 * times, 1_000),
    // After a failover, the old primary refuses writes.
    reconnectOnError: ({ message }) => message.startsWith("READONLY"),
    maxRetriesPerRequest: isPrompt ? 0 : null,
    ...(isPrompt ? { enableOfflineQueue: false, commandTimeout: PROMPT_MS } : {}),
  });
  const about = { connection: name, host: redis.options.host, port: redis.options.port };
  let loggedAt = 0;
  redis.on("error", (error) => {
    const refusal = refusalOf(error);
    if (/DB index/.test(error.message)) {
      // Otherwise ioredis would use database 0, which belongs to another deployment.
      redis.disconnect();
      if (loggedAt < Infinity) log.fatal(about, "QUEUE_URL names a database that this Redis does not have");
      loggedAt = Infinity;
      // In a later task, because ioredis catches errors of its listeners.
      setImmediate(() => {
        throw new Error("no such database");
      });
      return;
    }
    if (Date.now() - loggedAt < LOG_AGAIN_MS) return;
    loggedAt = Date.now();
    if (refusal) log.error({ ...about, errorCode: refusal }, "Redis refuses the connection: check QUEUE_URL");
    else log.error({ ...about, errorCode: error.code ?? error.errorno }, "Redis cannot be reached: check QUEUE_URL");
  });
  redis.on("ready", () => {
    if (loggedAt > 0) log.info(about, "Redis is reached again");
    loggedAt = 0;
  });
  return redis;
}

/**
 * The queue, on a prompt connection. Connections log their errors themselves, so the queue's listener is empty. The
 * other connections check the version of Redis: here a check that times out would end the queue.
 */
export const openQueue = (connection) =>
  new Queue(QUEUE, { connection, prefix: PREFIX, defaultJobOptions: JOB, skipVersionCheck: true }).on(
    "error",
    () => {},
  );

/** The number of workers on this queue's database: BullMQ lists those of all databases. */
export async function countWorkers(queue, { options }) {
  const workers = await queue.getWorkers();
  return workers.filter(({ db }) => Number(db) === options.db).length;
}

/** The `webhook-id` as the id of a job, which may not have a colon nor be a number; and back. */
const jobIdOf = (id) => `w-${encodeURIComponent(id)}`;
export const idOf = (jobId) => decodeURIComponent(jobId.slice(2));

/** The key of webhooks that one removal serves: those with the same participant, `onBehalfOf` and `confirm`. */
function flightOf({ conversationId, participantId, participant = {}, onBehalfOf, confirm }) {
  const described = Object.entries(participant).sort(([one], [other]) => (one < other ? -1 : 1));
  const parts = [conversationId, participantId ?? described, onBehalfOf, Boolean(confirm)];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** How the removal of a job ended, if it has. @returns {import("./removal.js").Ending | undefined} */
function endingOf({ finishedOn, returnvalue, failedReason }) {
  if (finishedOn === undefined) return undefined;
  if (returnvalue) return returnvalue;
  return failureOf(failedReason);
}

/** The ending in the failed reason of a job: its problem as JSON, or a text of BullMQ's own. */
export function failureOf(reason) {
  try {
    const { requests, ...problem } = JSON.parse(reason);
    return { problem: Problem.of(problem), requests };
  } catch {
    return { problem: new Problem("INTERNAL", "The worker failed; its log has the reason."), requests: 0 };
  }
}

export class QueuedDeliveries {
  #redis;
  #queue;
  #events;
  #connections;
  #standstillMs;
  #maxAgeMs;
  #isDraining = false;
  #isClosed = false;
  #lastActive = Date.now();
  /** The functions to call when a job ends, by its id. */
  #waiting = new Map();
  /** The jobs that this process added, and when. */
  #added = new LRUCache({ max: 2 * MAX_WAITING, ttl: ADDED_MS });
  /** Jobs whose worker was gone. */
  takeovers = 0;
  /** Called for each removal that ended. @type {(ending: import("./removal.js").Ending, seconds: number) => void} */
  onEnded = () => {};

  /** @param {{ url: string, log: object, maxAgeMs?: number, standstillMs?: number }} options maxAgeMs as of workers */
  constructor({ url, log, maxAgeMs = 30_000, standstillMs = STANDSTILL_MS }) {
    this.#standstillMs = standstillMs;
    this.#maxAgeMs = maxAgeMs;
    this.#redis = connect(url, { log, name: "queue", isPrompt: true });
    const listening = connect(url, { log, name: "events" });
    this.#connections = [this.#redis, listening];
    this.#queue = openQueue(this.#redis);
    this.#events = new QueueEvents(QUEUE, { connection: listening, prefix: PREFIX, autorun: false });
    this.#events.on("error", () => {});
    this.#events.on("active", () => {
      this.#lastActive = Date.now();
    });
    this.#events.on("stalled", () => {
      this.takeovers += 1;
    });
    this.#events.on("completed", ({ jobId, returnvalue }) => this.#ended(jobId, returnvalue));
    this.#events.on("failed", ({ jobId, failedReason }) => this.#ended(jobId, failureOf(failedReason)));
    this.#listen();
  }

  /** Listens to the events of the queue, and again after an error of Redis has ended that. */
  async #listen() {
    while (!this.#isClosed) {
      await this.#events.run().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, LISTEN_AGAIN_MS).unref());
    }
  }

  get queue() {
    return this.#queue;
  }

  get underWay() {
    this.#added.purgeStale();
    return this.#added.size;
  }

  get isDraining() {
    return this.#isDraining;
  }

  /** @returns {Promise<import("./deliveries.js").Delivery | undefined>} */
  async get(id) {
    return this.#ask(async () => {
      const job = await this.#known(jobIdOf(id));
      return job && this.#delivery(job, id);
    });
  }

  /**
   * The delivery of this id; a new one becomes a job.
   * @param {{ id: string, bytes: Buffer, body: object }} request
   * @returns {Promise<import("./deliveries.js").Delivery>}
   */
  async accept({ id, bytes, body }) {
    const digest = digestOf(bytes);
    const jobId = jobIdOf(id);
    return this.#ask(async () => {
      const isNew = await this.#claim(jobId, digest);
      const known = isNew ? undefined : await this.#known(jobId);
      const delivery = known && this.#delivery(known, id);
      if (delivery && delivery.answer?.isFinal !== false) return delivery;
      if (this.#isDraining) throw shuttingDown();
      const { waiting } = await this.#counts();
      if (waiting >= MAX_WAITING) throw overloaded(`${MAX_WAITING} removals wait.`);
      if (known) await this.#forget(known, jobId);
      return this.#delivery(await this.#add(id, body), id);
    });
  }

  /** Binds a `webhook-id` to its body; returns whether it is new, and throws if it has another body. */
  async #claim(jobId, digest) {
    const key = `${PREFIX}:body:${jobId}`;
    if (await this.#redis.set(key, digest, "EX", KEPT_S, "NX")) return true;
    if ((await this.#redis.get(key)) !== digest) throw idReused(idOf(jobId));
    return false;
  }

  /** Adds the job of a removal, or joins a job that removes the same participant and is young enough. */
  async #add(id, order, isAgain = false) {
    const trace = {};
    propagation.inject(context.active(), trace);
    const jobId = jobIdOf(id);
    const flight = flightOf(order);
    const added = await this.#queue.add(
      "removal",
      { id, order, trace },
      { jobId, deduplication: { id: flight }, priority: order.priority ? PRIORITY.first : PRIORITY.others },
    );
    const job = await this.#queue.getJob(added.id);
    if (!job) throw new Problem("NOT_READY", "Another server changed this removal at the same time. Try again.");
    if (job.id === jobId) {
      if (!job.finishedOn) this.#added.set(jobId, Date.now());
      return job;
    }
    const isOld = Date.now() - job.timestamp > this.#maxAgeMs && (await job.getState()) !== "active";
    if (isOld && !isAgain) {
      await this.#queue.removeDeduplicationKey(flight);
      return this.#add(id, order, true);
    }
    await this.#redis.set(this.#joined(jobId), job.id, "EX", KEPT_S);
    return job;
  }

  /** The key that holds which job this one has joined. */
  #joined(jobId) {
    return `${PREFIX}:joined:${jobId}`;
  }

  /** The job of a `webhook-id`, or the one that it has joined, directly or through others. */
  async #known(jobId) {
    for (let id = jobId, steps = 0; id && steps < MAX_STEPS; steps++) {
      const job = await this.#queue.getJob(id);
      if (job) return job;
      id = await this.#redis.get(this.#joined(id));
    }
    return undefined;
  }

  /** Removes a finished job before its removal is tried again, unless another server has already replaced it. */
  async #forget(job, jobId) {
    const now = job.id === jobId ? await this.#queue.getJob(jobId) : undefined;
    if (now?.finishedOn === job.finishedOn) await now.remove().catch(() => {});
    await this.#redis.del(this.#joined(jobId));
  }

  #delivery(job, id) {
    const ending = endingOf(job);
    if (ending) {
      const answer = answered(id, ending);
      return { answer, within: async () => answer };
    }
    return { answer: undefined, within: (ms) => this.#within(job.id, id, ms) };
  }

  /** The answer of a job that ends within `ms`. */
  async #within(jobId, id, ms) {
    const waiting = this.#waiting.get(jobId) ?? new Set();
    this.#waiting.set(jobId, waiting);
    let wake;
    const ended = new Promise((resolve) => {
      wake = resolve;
    });
    waiting.add(wake);
    try {
      // The job may have ended before this listener was added.
      const job = await this.#queue.getJob(jobId);
      const ending = (job && endingOf(job)) ?? (await within(ended, this.#isDraining ? 0 : ms));
      return ending && answered(id, ending);
    } catch {
      // The queue is away: the answer is that the removal is pending.
      return undefined;
    } finally {
      waiting.delete(wake);
      if (waiting.size === 0) this.#waiting.delete(jobId);
    }
  }

  #ended(jobId, ending) {
    const added = this.#added.get(jobId);
    if (added !== undefined) this.onEnded(ending, (Date.now() - added) / 1_000);
    this.#added.delete(jobId);
    for (const wake of this.#waiting.get(jobId) ?? []) wake(ending);
  }

  /** Throws a problem if the queue cannot be reached, or no worker takes jobs. */
  async check() {
    const { jobs, oldestMs } = await this.#ask(() => this.#state());
    if (oldestMs > this.#standstillMs && Date.now() - this.#lastActive > this.#standstillMs) {
      const detail = `Removals that wait: ${jobs.waiting}. None was begun for ${this.#standstillMs / 1_000} s.`;
      throw new Problem("NOT_READY", `${detail} Does a worker run (npm run worker)?`);
    }
  }

  /** The number of jobs by state, the number of workers, and how long the oldest job has waited. */
  async #state() {
    const jobs = await this.#counts();
    const { [PRIORITY.first]: first } = await this.#queue.getCountsPerPriority([PRIORITY.first]);
    const heads = await Promise.all([
      this.#queue.getJobs(["wait"], 0, 0, true),
      this.#queue.getJobs(["prioritized"], 0, 0, true),
      this.#queue.getJobs(["prioritized"], first, first, true),
    ]);
    const oldest = Math.min(...heads.flat().map(({ timestamp }) => timestamp));
    const workers = await countWorkers(this.#queue, this.#redis);
    return { jobs, workers, oldestMs: oldest === Infinity ? 0 : Date.now() - oldest };
  }

  state() {
    return this.#ask(() => this.#state());
  }

  async #counts() {
    const { wait, prioritized, ...others } = await this.#queue.getJobCounts(
      ...["wait", "prioritized", "delayed", "active", "completed", "failed"],
    );
    return { waiting: wait + prioritized, ...others };
  }

  /** Does `work` with Redis, or throws a problem at once. */
  async #ask(work) {
    const away = (cause) => new Problem("NOT_READY", "The queue cannot be reached. Try again.", { cause });
    if (this.#redis.status !== "ready") throw away();
    try {
      return await work();
    } catch (error) {
      throw error instanceof Problem ? error : away(error);
    }
  }

  /** Waits a while for the queue; the server starts without it too. */
  async opened() {
    if (this.#redis.status !== "ready") await within(once(this.#redis, "ready"), PROMPT_MS).catch(() => {});
  }

  /** Refuses new deliveries from now on. The workers go on; requests that wait are answered as pending. */
  async drain() {
    this.#isDraining = true;
    for (const waiting of this.#waiting.values()) for (const wake of waiting) wake(undefined);
  }

  async close() {
    this.#isClosed = true;
    // While Redis is away, closing would wait for it.
    await within(Promise.allSettled([this.#queue.close(), this.#events.close()]), PROMPT_MS);
    for (const connection of this.#connections) connection.disconnect();
  }
}
