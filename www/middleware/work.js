// What a worker does: it takes jobs from the queue, removes by the client, and keeps how that ended.
import { context, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import { UnrecoverableError, Worker } from "bullmq";
import { failureOf, PREFIX, QUEUE } from "./queue.js";
import { whereOf } from "./telemetry.js";

/** A worker that died is noticed after at most the sum of the two. */
const LOCK_MS = 8_000;
const STALLED_MS = 4_000;
/** A removal is taken over as often as its age allows. */
const MAX_STALLED = 100;
/** What may pass by itself: it is tried again for as long as the removal is young enough. */
const RETRIED = ["NETWORK", "SERVER_ERROR", "RATE_LIMITED"];
const RETRY_MS = 500;
const MAX_RETRY_MS = 5_000;

/** A problem as the reason of a failed job: see `failureOf`. */
function failed({ problem, requests }) {
  const Failure = RETRIED.includes(problem.code) ? Error : UnrecoverableError;
  const failure = new Failure(JSON.stringify({ ...problem.toJSON(), requests }));
  return Object.assign(failure, { retryAfterMs: problem.more.retryAfterMs });
}

/**
 * @param {object} options
 * @param {import("ioredis").Redis} options.connection one that waits for Redis
 * @param {ReturnType<typeof import("./removal.js").remover>} options.remove
 * @param {number} options.maxAgeMs
 * @param {number} options.concurrency removals at a time
 * @param {object} options.log
 */
export function createWorker({ connection, remove, maxAgeMs, concurrency, log }) {
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
    if (earlier && ageMs > maxAgeMs) throw failed(earlier);
    const about = { id, log, signal, ageMs, mayHaveDisconnected };
    const begun = performance.now();
    const ending = await context.with(propagation.extract(ROOT_CONTEXT, trace), () => remove(order, about));
    ending.requests += earlier?.requests ?? 0;
    const { result, problem, requests } = ending;
    const { outcome, correlationId, participantId } = result ?? { ...problem.more, participantId: order.participantId };
    const told = { outcome, code: problem?.code, conversationId: order.conversationId, participantId, correlationId };
    const ms = Math.round(performance.now() - begun);
    log.info({ id, ...told, requests, ms, try: job.attemptsStarted }, "worked");
    if (problem) throw failed(ending);
    return ending;
  };

  const worker = new Worker(QUEUE, work, {
    connection,
    prefix: PREFIX,
    concurrency,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_MS,
    maxStalledCount: MAX_STALLED,
    settings: { backoffStrategy },
  });
  // Somebody else has the job by now: what is not sent yet, is not sent.
  worker.on("lockRenewalFailed", (ids) => {
    for (const id of ids) worker.cancelJob(id, "the lock is lost");
    log.warn({ jobs: ids.length }, "locks are lost");
  });
  worker.on("stalled", (jobId) => log.warn({ jobId }, "taken over from a worker that is gone"));
  // The connection tells of its own errors.
  worker.on("error", (error) => log.debug(whereOf(error), "the worker reports"));
  return worker;
}
