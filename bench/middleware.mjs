// The benchmark of the middleware, `npm run bench:middleware`: beside a bare Fastify route that does the two fetches,
// without signature, checks and idempotency. Both in one process, autocannon in another, in turn, in one run.
import { spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../scripts/build.mjs";
import { installMiddleware, root } from "../scripts/run.mjs";
import { accessToken, ids, readUrl, write, writeUrl } from "./platform.mjs";
import { median } from "./rounds.mjs";

const require = createRequire(join(root, "www", "middleware", "package.json"));
const key = Buffer.alloc(32, 7);
const SECONDS = 4;
const ROUNDS = 3;

/** The two apps; prints their URLs. */
async function serve(origin) {
  const { createApp } = await import("../www/middleware/app.js");
  const { ConversationClient } = require("disconnect-if-connected");
  const client = new ConversationClient({ accessToken, api: "calls", baseUrl: origin, requestsPerMinute: 1e9 });
  const ours = await createApp({ client, secrets: [key] });
  const bare = require("fastify")();
  bare.post("/v1/removals", async () => {
    const headers = { Authorization: `Bearer ${accessToken}` };
    const { participants } = await (await fetch(readUrl(origin), { headers })).json();
    const { state } = participants.find(({ id }) => id === ids.participantId);
    if (state !== "connected") return { outcome: "not-connected", state };
    const { status } = await fetch(writeUrl(origin), write);
    return { outcome: status === 202 ? "disconnected" : "refused" };
  });
  console.log(JSON.stringify({ ours: await ours.listen(), bare: await bare.listen() }));
}

/** A new request each time, with another conversation, id and signature. */
const prefix = randomBytes(4).toString("hex");
let count = 0;
function order(request) {
  const body = JSON.stringify({ conversationId: `c-${prefix}-${count}`, participantId: ids.participantId });
  const id = `${prefix}-${count++}`;
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  const signature = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${mac}` };
  return { ...request, body, headers: { "content-type": "application/json", ...signature } };
}

async function started(...args) {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  return { child, line: String((await once(child.stdout, "data"))[0]).trim() };
}

if (process.argv[2] === "serve") await serve(process.argv[3]);
else {
  await build();
  await installMiddleware();
  const autocannon = require("autocannon");
  for (const latencyMs of [0, 40]) {
    const platform = await started(join(root, "bench", "server.mjs"), "serve", tmpdir(), String(latencyMs));
    const apps = await started(join(root, "bench", "middleware.mjs"), "serve", `http://127.0.0.1:${platform.line}`);
    const urls = JSON.parse(apps.line);
    for (const connections of [1, 50]) {
      const results = { bare: [], ours: [] };
      for (let round = -1; round < ROUNDS; round++) {
        for (const name of round % 2 ? ["ours", "bare"] : ["bare", "ours"]) {
          const requests = [{ method: "POST", path: "/v1/removals", setupRequest: order }];
          const duration = round < 0 ? 1 : SECONDS;
          const {
            latency,
            requests: done,
            non2xx,
            errors,
          } = await autocannon({ url: urls[name], connections, duration, requests });
          if (non2xx + errors > 0) throw new Error(`${name}: ${non2xx} other answers, ${errors} errors`);
          // autocannon rounds latencies to milliseconds; the number of requests is exact.
          const ms = (connections * 1_000) / done.average;
          if (round >= 0) results[name].push({ ms, p99: latency.p99, perSecond: done.average });
        }
      }
      const of = (name, field) => median(results[name].map((one) => one[field]));
      const row = (name) => ({
        "mean ms": of(name, "ms").toFixed(2),
        "p99 ms": of(name, "p99"),
        "per second": of(name, "perSecond").toFixed(0),
        "mean / bare": (of(name, "ms") / of("bare", "ms")).toFixed(2),
        "per second / bare": (of(name, "perSecond") / of("bare", "perSecond")).toFixed(2),
      });
      console.log(`\n${latencyMs} ms of latency to the platform, ${connections} at a time:`);
      console.table({ "bare Fastify route, two fetches": row("bare"), "the middleware": row("ours") });
    }
    apps.child.kill();
    platform.child.kill();
  }
}
