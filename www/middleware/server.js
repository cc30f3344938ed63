// The server, `npm start`: it listens as configured, and ends on SIGTERM.
import { createApp } from "./app.js";
import { platform } from "./platform.js";
import { announce, configured, endOnSignal, fail, logger } from "./process.js";

const config = configured();
const { port, host, secrets, statusToken, answerWithinMs, maxAgeMs, queueUrl, hasBoard } = config;
const log = logger(config);
const { client, isReady } = await platform(config);
// The modules of the queue are loaded only if there is one.
const queued = queueUrl
  ? new (await import("./queue.js")).QueuedDeliveries({ url: queueUrl, log, maxAgeMs })
  : undefined;
const app = await createApp({
  ...{ client, deliveries: queued, isReady, secrets, statusToken, answerWithinMs, maxAgeMs, log },
  board: hasBoard ? (await import("./board.js")).board : undefined,
});
endOnSignal(log, async () => {
  await app.close();
  await queued?.close();
  client.close();
});
await queued?.opened();
const url = await app
  .listen({ port, host })
  .catch(({ code }) => fail(`PORT ${port} of HOST ${host} cannot be listened to: ${code}`));
announce({ url, ...config.generated, msg: "listening" });
