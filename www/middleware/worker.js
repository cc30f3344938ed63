// `npm run worker`: does the removals of the queue, with one budget for all workers of a token.
import { RedisBudget } from "./budget.js";
import { within } from "./deliveries.js";
import { platform } from "./platform.js";
import { announce, configured, endInPeace, logger } from "./process.js";
import { connect, openQueue } from "./queue.js";
import { remover } from "./removal.js";
import { createWorker } from "./work.js";

/** How often the workers are counted: each has its share of the budget while Redis is away. */
const COUNT_MS = 2_000;
/** How long the end waits for Redis while that is away. */
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
  queue.getWorkersCount().then(
    (workers) => budget.shareWith(workers),
    () => {},
  );
const counting = setInterval(count, COUNT_MS);
endInPeace(log, async () => {
  clearInterval(counting);
  // Without Redis, nothing that ends now can be kept; another worker takes it over.
  const closing = worker.close();
  await (connection.status === "ready" ? closing : within(closing, AWAY_MS));
  await within(queue.close(), AWAY_MS);
  client.close();
  for (const one of [prompt, connection]) one.disconnect();
});
await worker.waitUntilReady();
await count();
announce({ concurrency, msg: "working" });
