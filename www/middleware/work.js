// The worker of the queue: it carries out the removals of the jobs, and stores how they ended.
import { context, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import { UnrecoverableError, Worker } from "bullmq";
import { Problem } from "./problem.js";
import { failureOf, idOf, PREFIX, QUEUE } from "./queue.js";
import { refusalOf, whereOf } from "./telemetry.js";

/** The death of a worker is noticed after at most the sum of the two. */
const LOCK_MS = 8_000;
const STALLED_MS = 4_000;
/** High, because the age of a removal limits how often it is taken over. */
const MAX_STALLED = 100;
/** Codes of temporary causes: the removal is tried again while it is young enough. */
const RETRIED = ["NETWORK", "SERVER_ERROR", "RATE_LIMITED", "SHUTTING_DOWN"];
const RETRY_MS = 500;
const MAX_RETRY_MS = 5_000;

/** A problem as the reason of a failed job: see `failureOf`. */
function failed({ problem, requests }) {
  const Failure = RETRIED.includes(problem.code) ? Error : UnrecoverableError;
  const failure = new Failure(JSON.stringify({ ...problem.toJSON(), requests }));
  return Object.assign(failure, { retryAfterMs: problem.more.retryAfterMs });
}

/** The ending of a try that its worker cancelled: the next try starts at once, if this worker still has the job. */
function interrupted({ problem, requests }) {
  const mayHaveDisconnected = requests > 0 || problem.more.mayHaveDisconnected || undefined;
  const detail = "The worker ended before the removal did. Try again with the same webhook-id.";
  return { problem: new Problem("SHUTTING_DOWN", detail, { retryAfterMs: 0, mayHaveDisconnected }), requests };
}

/**
 * A worker of BullMQ.
 * @param {object} options
 * @param {import("ioredis").Redis} options.connection not a prompt one
 * @param {ReturnType<typeof import("./removal.js").remover>} options.remove
 * @param {number} options.maxAgeMs
 * @param {number} options.concurrency removals at a time
 * @param {object} options.log
 * @param {number} [options.lockMs] how long a worker has a job without a sign of life
 * @param {number} [options.stalledMs] how often jobs without a worker are looked for
 */
export function createWorker({
  connection,
  remove,
  maxAgeMs,
  concurrency,
  log,
  lockMs = LOCK_MS,
  stalledMs = STALLED_MS,
}) {
  /** In how many milliseconds a job is tried again; -1: not at all. */
  const backoffStrategy = (tries, _type, { retryAfterMs }, { timestamp }) => {
    const backoff = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** (tries - 1)) * (0.5 + Math.random() / 2);
    const ms = Math.ceil(retryAfterMs ?? backoff);
    return Date.now() + ms - timestamp > maxAgeMs ? -1 : ms;
  };

  const work = async (job, _token, signal) => {
    const { id, order, trace } = job.data;
    // A worker that died may have sent a disconnect.
    const earlier = job.failedReason ? failureOf(job.failedReason) : undefined;
    const mayHaveDisconnected = job.stalledCounter > 0 || earlier?.problem.more.mayHaveDisconnected || undefined;
    const ageMs = Date.now() - job.timestamp;
    // The error of the last try says more than that the removal is too old.
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
    const fields = { outcome, code: problem?.code, detail, conversationId, participantId, correlationId };
    const ms = Math.round(performance.now() - begun);
    log.info({ id, ...fields, requests, ms, try: job.attemptsStarted }, "worked");
    if (problem) throw failed(ending);
    return ending;
  };

  const worker = new Worker(QUEUE, work, {
    connection,
    prefix: PREFIX,
    concurrency,
    lockDuration: lockMs,
    stalledInterval: stalledMs,
    maxStalledCount: MAX_STALLED,
    settings: { backoffStrategy },
  });
  // Another worker may have the job by now: this one must not send anything more.
  worker.on("lockRenewalFailed", (ids) => {
    for (const id of ids) worker.cancelJob(id, "the lock is lost");
    log.warn({ jobs: ids.length }, "locks are lost");
  });
  // Without a connection, no event reports a lost lock; after `lockMs` all of them have ended.
  let away;
  connection.on("close", () => {
    away ??= setTimeout(() => worker.cancelAllJobs("Redis is away"), lockMs).unref();
  });
  connection.on("ready", () => {
    clearTimeout(away);
    away = undefined;
  });
  worker.on("stalled", (jobId) => log.warn({ id: idOf(jobId) }, "taken over: the lock of its worker ended"));
  // Errors of a command or a job; the connection logs its own.
  worker.on("error", (error) => log[refusalOf(error) ? "warn" : "debug"](whereOf(error), "the queue reports an error"));
  return worker;
}
