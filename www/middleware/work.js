// What a worker does: it takes jobs from the queue, removes by the client, and keeps how that ended.
import { context, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import { UnrecoverableError, Worker } from "bullmq";
import { Problem } from "./problem.js";
import { failureOf, idOf, PREFIX, QUEUE } from "./queue.js";
import { refusalOf, whereOf } from "./telemetry.js";

/** A worker that died is noticed after at most the sum of the two. */
const LOCK_MS = 8_000;
const STALLED_MS = 4_000;
/** A removal is taken over as often as its age allows. */
const MAX_STALLED = 100;
/** What may pass by itself: it is tried again for as long as the removal is young enough. */
const RETRIED = ["NETWORK", "SERVER_ERROR", "RATE_LIMITED", "SHUTTING_DOWN"];
const RETRY_MS = 500;
const MAX_RETRY_MS = 5_000;

/** A problem as the reason of a failed job: see `failureOf`. */
function failed({ problem, requests }) {
  const Failure = RETRIED.includes(problem.code) ? Error : UnrecoverableError;
  const failure = new Failure(JSON.stringify({ ...problem.toJSON(), requests }));
  return Object.assign(failure, { retryAfterMs: problem.more.retryAfterMs });
}

/** A try that was ended by its worker: the next one begins at once, if this worker still has the job. */
function interrupted({ problem, requests }) {
  const mayHaveDisconnected = requests > 0 || problem.more.mayHaveDisconnected || undefined;
  const detail = "The worker ended before the removal did. Try again with the same webhook-id.";
  return { problem: new Problem("SHUTTING_DOWN", detail, { retryAfterMs: 0, mayHaveDisconnected }), requests };
}

/**
 * @param {object} options
 * @param {import("ioredis").Redis} options.connection one that waits for Redis
 * @param {ReturnType<typeof import("./removal.js").remover>} options.remove
 * @param {number} options.maxAgeMs
 * @param {number} options.concurrency removals at a time
 * @param {object} options.log
 * @param {number} [options.lockMs]
 */
export function createWorker({ connection, remove, maxAgeMs, concurrency, log, lockMs = LOCK_MS }) {
  /** In how many milliseconds a job is tried again; -1: not at all. */
  const backoffStrategy = (tries, _type, { retryAfterMs }, { timestamp }) => {
    const backoff = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** (tries - 1)) * (0.5 + Math.random() / 2);
    const ms = Math.ceil(retryAfterMs ?? backoff);
    return Date.now() + ms - timestamp > maxAgeMs ? -1 : ms;
  };

  const work = async (job, _token, signal) => {
    const { id, order, trace } = job.data;
    // Of a worker that died nobody knows what it had sent.
    const earlier = job.failedReason ? failureOf(job.failedReason) : undefined;
    const mayHaveDisconnected = job.stalledCounter > 0 || earlier?.problem.more.mayHaveDisconnected || undefined;
    const ageMs = Date.now() - job.timestamp;
    // Its last try has told why more than its age does.
    if (earlier && ageMs > maxAgeMs) {
      if (mayHaveDisconnected) earlier.problem.more.mayHaveDisconnected = true;
      throw failed(earlier);
    }
    const about = { id, log, signal, ageMs, mayHaveDisconnected };
    const begun = performance.now();
    const ending = await context.with(propagation.extract(ROOT_CONTEXT, trace), () => remove(order, about));
    ending.requests += earlier?.requests ?? 0;
    if (signal.aborted && ending.problem) throw failed(interrupted(ending));
    const { result, problem, requests } = ending;
    const { outcome, correlationId, participantId } = result ?? { ...problem.more, participantId: order.participantId };
    const detail = problem?.status >= 500 ? problem.message : undefined;
    const { conversationId } = order;
    const told = { outcome, code: problem?.code, detail, conversationId, participantId, correlationId };
    const ms = Math.round(performance.now() - begun);
    log.info({ id, ...told, requests, ms, try: job.attemptsStarted }, "worked");
    if (problem) throw failed(ending);
    return ending;
  };

  const worker = new Worker(QUEUE, work, {
    connection,
    prefix: PREFIX,
    concurrency,
    lockDuration: lockMs,
    stalledInterval: STALLED_MS,
    maxStalledCount: MAX_STALLED,
    settings: { backoffStrategy },
  });
  // Somebody else has the job by now: what is not sent yet, is not sent.
  worker.on("lockRenewalFailed", (ids) => {
    for (const id of ids) worker.cancelJob(id, "the lock is lost");
    log.warn({ jobs: ids.length }, "locks are lost");
  });
  // Cut off from Redis, a worker cannot hear of that: its locks have ended by then.
  let away;
  connection.on("close", () => {
    away ??= setTimeout(() => worker.cancelAllJobs("Redis is away"), lockMs).unref();
  });
  connection.on("ready", () => {
    clearTimeout(away);
    away = undefined;
  });
  worker.on("stalled", (jobId) => log.warn({ id: idOf(jobId) }, "taken over: the lock of its worker ended"));
  // The connection tells of its own errors; this is what Redis says of a command, or BullMQ of a job.
  worker.on("error", (error) => log[refusalOf(error) ? "warn" : "debug"](whereOf(error), "the queue reports an error"));
  return worker;
}
