// A worker process, `npm run worker`: it carries out the removals of the queue, with one budget for all workers of a
// token.
import { once } from "node:events";
import { RedisBudget } from "./budget.js";
import { within } from "./deliveries.js";
import { platform } from "./platform.js";
import { announce, configured, endOnSignal, logger } from "./process.js";
import { connect, countWorkers, openQueue } from "./queue.js";
import { remover } from "./removal.js";
import { createWorker } from "./work.js";

/** How often the workers are counted: each may use its share of the budget while Redis is away. */
const COUNT_MS = 2_000;
/** How long the shutdown waits for removals under way: less than the process has for it (GRACE_MS). */
const END_MS = 25_000;
/** How long the shutdown waits for a Redis that is away. */
const AWAY_MS = 1_000;

const config = configured({ isWorker: true });
const { queueUrl, maxAgeMs, concurrency } = config;
const log = logger(config);
const prompt = connect(queueUrl, { log, name: "budget", isPrompt: true });
const connection = connect(queueUrl, { log, name: "worker" });
const queue = openQueue(prompt);
const budget = new RedisBudget({ redis: prompt, key: config.tokenKey });
const { client } = await platform(config, { budget });
const worker = createWorker({ connection, remove: remover({ client, maxAgeMs }), maxAgeMs, concurrency, log });
const count = () =>
  countWorkers(queue, prompt).then(
    (workers) => budget.shareWith(workers),
    () => {},
  );
const counting = setInterval(count, COUNT_MS);
endOnSignal(log, async () => {
  clearInterval(counting);
  // Removals that take too long, or whose ending cannot be stored because Redis is away, are left to other workers.
  const closing = worker.close();
  const isAway = connection.status === "ready" ? once(connection, "close").catch(() => {}) : undefined;
  await Promise.race([within(closing, END_MS), isAway]);
  worker.cancelAllJobs("the worker ends");
  await within(closing, AWAY_MS);
  await within(queue.close(), AWAY_MS);
  client.close();
  for (const one of [prompt, connection]) one.disconnect();
});
await worker.waitUntilReady();
await count();
announce({ concurrency, msg: "working" });
