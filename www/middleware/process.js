// The parts that all processes of the middleware share: configuration, log and shutdown.
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import { configuration } from "./config.js";
import { whereOf } from "./telemetry.js";

/** How long the shutdown may take, with the removals under way. */
const GRACE_MS = 30_000;
const SIGNALS = ["SIGTERM", "SIGINT"];

/** Ends the process with a message for its operator. */
export function fail(message) {
  console.error(message);
  process.exit(1);
}

/** The configuration of this process; ends it if there are mistakes. */
export function configured(of) {
  try {
    return configuration(process.env, of);
  } catch (error) {
    return fail(error.message);
  }
}

export const logger = ({ logLevel }) => pino({ level: logLevel });

/** Prints a log line that no LOG_LEVEL suppresses. */
export const announce = (fields) => console.log(JSON.stringify({ level: 30, time: Date.now(), ...fields }));

/** Calls `close` on SIGTERM, SIGINT or an uncaught error, then ends the process. */
export function endOnSignal(log, close) {
  const grace = closeWithGrace({ delay: GRACE_MS, logger: false, skip: SIGNALS }, async ({ err }) => {
    if (err) log.fatal(whereOf(err), "the process failed");
    else log.info("no new work");
    await close();
    log.info("ended");
  });
  // A second signal, as a process group may get it, must not cut off what the first one waits for.
  let isClosing = false;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (!isClosing) grace.close();
      isClosing = true;
    });
  }
}
