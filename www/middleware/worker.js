// `npm run worker`: does the removals of the queue, with one budget for all workers of a token.
import { RedisBudget } from "./budget.js";
import { platform } from "./platform.js";
import { announce, configured, endInPeace, logger } from "./process.js";
import { connect, openQueue } from "./queue.js";
import { remover } from "./removal.js";
import { createWorker } from "./work.js";

/** How often the workers are counted: each has its share of the budget while Redis is away. */
const COUNT_MS = 10_000;

const config = configured({ isWorker: true });
const { queueUrl, maxAgeMs, concurrency } = config;
const log = logger(config);
const prompt = connect(queueUrl, { log, name: "budget", isPrompt: true });
const connection = connect(queueUrl, { log, name: "worker" });
const queue = openQueue(prompt);
const budget = new RedisBudget({ redis: prompt, key: config.tokenKey });
const { client } = await platform(config, { budget });
const worker = createWorker({ connection, remove: remover({ client, maxAgeMs }), maxAgeMs, concurrency, log });
const counting = setInterval(async () => {
  const count = await queue.getWorkersCount().catch(() => undefined);
  if (count) budget.workers = count;
}, COUNT_MS);
endInPeace(log, async () => {
  clearInterval(counting);
  await worker.close();
  await queue.close();
  client.close();
  for (const one of [prompt, connection]) one.disconnect();
});
await worker.waitUntilReady();
announce({ concurrency, msg: "working" });
