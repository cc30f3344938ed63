// What the processes of the middleware share: their log, their configuration, and how they end.
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import { configuration } from "./config.js";
import { whereOf } from "./telemetry.js";

/** How long the removals under way have to end after SIGTERM. */
const GRACE_MS = 30_000;
const SIGNALS = ["SIGTERM", "SIGINT"];

/** Ends the process with a message for its operator. */
export function fail(message) {
  console.error(message);
  process.exit(1);
}

/** The configuration of this process, or its end. */
export function configured(of) {
  try {
    return configuration(process.env, of);
  } catch (error) {
    return fail(error.message);
  }
}

export const logger = ({ logLevel }) => pino({ level: logLevel });

/** A log line that no LOG_LEVEL suppresses. */
export const announce = (fields) => console.log(JSON.stringify({ level: 30, time: Date.now(), ...fields }));

/** On SIGTERM, SIGINT or an error that nobody caught: `close()`, then the end. */
export function endOnSignal(log, close) {
  const grace = closeWithGrace({ delay: GRACE_MS, logger: false, skip: SIGNALS }, async ({ err }) => {
    if (err) log.fatal(whereOf(err), "the process failed");
    else log.info("no new work");
    await close();
    log.info("ended");
  });
  // The first one counts: a second one, as a process group gets it, must not cut off what the first one waits for.
  let isClosing = false;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (!isClosing) grace.close();
      isClosing = true;
    });
  }
}
