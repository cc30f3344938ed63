// The package in a worker thread: the main thread prints the worker's result.
import { Worker } from "node:worker_threads";

const worker = new Worker(new URL("./worker.mjs", import.meta.url));
worker.on("message", (result) => console.log(result));
