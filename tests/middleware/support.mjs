// Shared parts of the middleware's tests: its modules, an independent signer, apps and processes.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after } from "node:test";
import { pathToFileURL } from "node:url";
import { root } from "../../scripts/run.mjs";

export const folder = join(root, "www", "middleware");
/** A file or a dependency of the middleware. */
export const require = createRequire(join(folder, "package.json"));
const file = (name) => import(pathToFileURL(join(folder, name)).href);

export const { createApp, removals } = await file("app.js");
export const { configuration, REGIONS } = await file("config.js");
export const { Problem } = await file("problem.js");
export const { connect, QueuedDeliveries } = await file("queue.js");
export const { remover } = await file("removal.js");
export const { createWorker } = await file("work.js");
export const { RedisBudget } = await file("budget.js");
export const { clientCredentials } = await file("platform.js");
export const { ConversationClient } = require("disconnect-if-connected");
export const { createSimulator } = require("disconnect-if-connected/simulator");
const { Webhook } = require("standardwebhooks");

export const secret = `whsec_${Buffer.from("a secret of 32 bytes, in Base64.").toString("base64")}`;
export const keyOf = (one) => Buffer.from(one.slice(6), "base64");
export const statusToken = "a-token-for-the-status";
export const accessToken = "a-secret-token-of-the-platform";

export const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const schedule = [{ at: -1e6, state: "connected" }];
export const connected = (id, more) => ({ id, purpose: "customer", schedule, ...more });

/** The headers of a body, signed by the package `standardwebhooks`. */
export function signed(body, { id = randomUUID(), by = secret, at = new Date(), ...more } = {}) {
  return {
    "Content-Type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at / 1_000)),
    "webhook-signature": new Webhook(by).sign(id, at, body),
    ...more,
  };
}

/** Sends a removal to an app or a URL; returns status, headers, text and parsed body. */
export async function post(target, order, options = {}) {
  const body = typeof order === "string" ? order : JSON.stringify(order);
  return ask(target, "POST", "/v1/removals", { headers: signed(body, options), body });
}

/** As `post`, by a sender who tries again while Redis is away, or takes too long for a command. */
export async function send(target, order, options) {
  const one = { id: randomUUID(), ...options };
  for (;;) {
    const answer = await post(target, order, one);
    if (answer.body?.code !== "NOT_READY") return answer;
    await delay(100);
  }
}

/** Sends a request to an app or a URL. */
export async function ask(target, method, path, { headers = {}, body } = {}) {
  if (typeof target === "string") {
    const response = await fetch(target + path, { method, headers, body });
    return answer(response.status, Object.fromEntries(response.headers), await response.text());
  }
  const response = await target.inject({ method, url: path, headers, payload: body });
  return answer(response.statusCode, response.headers, response.body);
}

const answer = (status, headers, text) => ({
  status,
  headers,
  text,
  body: /json/.test(headers["content-type"]) ? JSON.parse(text) : undefined,
});

/** An app on a simulator, or on a `fetch`. */
export async function app({ config, fetch, client: more, ...options } = {}) {
  const simulator = fetch ? undefined : await createSimulator({ conversations: [], ...config });
  const client = new ConversationClient({
    accessToken,
    api: "calls",
    baseUrl: "https://api.example.test",
    settleMs: 100,
    fetch: fetch ?? simulator.fetch,
    ...more,
  });
  const app = await createApp({ client, secrets: [keyOf(secret)], statusToken, ...options });
  return { app, simulator, client };
}

/** How long the process of a test file may go on after its tests. */
const LINGER_MS = 5_000;
/** Functions to call after the tests. */
const left = new Set();
if (process.env.NODE_TEST_CONTEXT) {
  after(async () => {
    await Promise.all([...left].map((end) => end()));
    // What else a failed test leaves behind, such as a connection, would keep the process alive.
    setTimeout(() => process.exit(), LINGER_MS).unref();
  });
}

/** Calls `end` after the tests of the file, unless the returned function is called before. */
export function atTheEnd(end) {
  left.add(end);
  return () => left.delete(end);
}

/**
 * Starts a process of the middleware; settles when it has printed a JSON line with this field, whose fields the result
 * then has, or when it has ended. `printed` is all its output.
 */
async function started(file, field, env) {
  const child = spawn(process.execPath, [file], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const running = { child, printed: "" };
  child.on(
    "close",
    atTheEnd(() => child.kill("SIGKILL")),
  );
  running.exited = new Promise((resolve) => child.on("close", (code, signal) => resolve(code ?? signal)));
  await new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        running.printed += text;
        const line = running.printed.split("\n").find((one) => one.startsWith("{") && one.includes(`"${field}"`));
        if (line) Object.assign(running, JSON.parse(line));
        if (running[field]) resolve();
      });
    }
    running.exited.then(resolve);
  });
  return running;
}

/** Starts the server, until it listens or ends; the result has its `url`. */
export const start = (env) => started("server.js", "url", env);

/** Starts a worker, until it works or ends; the result has its `concurrency`. */
export const startWorker = (env) => started("worker.js", "concurrency", env);
