// The worker of worker-threads.mjs.
import { parentPort } from "node:worker_threads";
import * as imported from "disconnect-if-connected";
import { story } from "./story.mjs";

parentPort.postMessage(await story(imported, process.env.SIMULATOR));
