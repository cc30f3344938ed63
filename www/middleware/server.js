// `npm start`: reads the configuration, listens, and ends in peace.
import closeWithGrace from "close-with-grace";
import { createApp } from "./app.js";
import { configuration } from "./config.js";
import { platform } from "./platform.js";
import { whereOf } from "./telemetry.js";

/** How long the removals under way have to end after SIGTERM. */
const GRACE_MS = 30_000;

/** A log line that no LOG_LEVEL suppresses. */
const announce = (fields) => console.log(JSON.stringify({ level: 30, time: Date.now(), ...fields }));

let config;
try {
  config = configuration(process.env);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const { client, isReady } = await platform(config);
const app = await createApp({
  client,
  isReady,
  secrets: config.secrets,
  statusToken: config.statusToken,
  answerWithinMs: config.answerWithinMs,
  maxAgeMs: config.maxAgeMs,
  logger: { level: config.logLevel },
});
const signals = ["SIGTERM", "SIGINT"];
const { close } = closeWithGrace({ delay: GRACE_MS, logger: false, skip: signals }, async ({ err }) => {
  if (err) app.log.fatal(whereOf(err), "the process failed");
  else app.log.info("no new work");
  await app.close();
  client.close();
});
// The first one counts: a second one, as a process group gets it, must not cut off what the first one waits for.
let isClosing = false;
for (const signal of signals) {
  process.on(signal, () => {
    if (!isClosing) close();
    isClosing = true;
  });
}
const { port, host } = config;
const url = await app.listen({ port, host }).catch(({ code }) => {
  console.error(`PORT ${port} of HOST ${host} cannot be listened to: ${code}`);
  process.exit(1);
});
announce({ url, ...config.generated, msg: "listening" });
