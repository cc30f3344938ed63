// The benchmark of the client, `npm run bench:client`: beside bare fetch and by hand, in one run; medians and ratios,
// and the growth of the cost as tables and as the chart docs/client-cost.svg.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { build } from "../scripts/build.mjs";
import { root, step } from "../scripts/run.mjs";
import { byHandClient } from "./by-hand-client.mjs";
import { accessToken, ids } from "./platform.mjs";
import { median, rounds, timed } from "./rounds.mjs";

await build();
const { bare, clientOf, event } = await import("./client-contenders.mjs");
const { createSimulator } = await import("../pkg/simulator.js");

/** Prints the medians of what the contenders measured, and what `more` tells of each. */
function table(samples, more = () => ({})) {
  const names = Object.keys(samples);
  const base = median(samples[names[0]]);
  const row = (name) => {
    const ms = median(samples[name]);
    return { ms: +ms.toFixed(2), ratio: +(ms / base).toFixed(3), ...more(name) };
  };
  console.table(Object.fromEntries(names.map((name) => [name, row(name)])));
}

const servers = [];
process.on("exit", () => {
  for (const server of servers) server.kill();
});
async function serve(latencyMs) {
  const args = [fileURLToPath(new URL("server.mjs", import.meta.url)), "serve", tmpdir(), String(latencyMs)];
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  servers.push(server);
  return `http://127.0.0.1:${String((await once(server.stdout, "data"))[0]).trim()}`;
}

// ---- Requests per removal ----

step("Requests per removal");
{
  const schedule = [{ at: -1e6, state: "connected" }];
  const counted = async (work, count = 1) => {
    const participants = Array.from({ length: count }, (_, index) => ({ id: `p-${index}`, schedule }));
    const simulator = await createSimulator({ conversations: [{ id: "c", participants }] });
    const client = clientOf("https://api.example.test", { fetch: simulator.fetch });
    await work(client, simulator);
    return simulator.log().length;
  };
  const remove = (client) => client.disconnectIfConnected({ conversationId: "c", participantId: "p-0" });
  const rows = {
    cold: await counted(remove),
    "observed connected": await counted((client, simulator) => {
      client.observe(simulator.notification("c"));
      return remove(client);
    }),
    "observed gone": await counted((client, simulator) => {
      simulator.setState("c", "p-0", "disconnected");
      client.observe(simulator.notification("c"));
      return remove(client);
    }),
    "a double click": await counted((client) => Promise.all([remove(client), remove(client)])),
    "disconnectAll of 3": await counted((client) => client.disconnectAll({ conversationId: "c" }), 3),
    "disconnectAll of 300": await counted((client) => client.disconnectAll({ conversationId: "c" }), 300),
  };
  console.table(Object.fromEntries(Object.entries(rows).map(([name, requests]) => [name, { requests }])));
}

// ---- Time of one removal ----

for (const latencyMs of [0, 10, 40]) {
  const origin = await serve(latencyMs);
  const client = clientOf(origin);
  const sketch = byHandClient(origin);
  const one = event(ids.conversationId);
  const { conversationId, participantId } = ids;
  step(`One removal at ${latencyMs} ms of latency`);
  const contenders = {
    "bare fetch, read and write": timed(() => bare(origin)),
    "by hand, observed": timed(() => {
      sketch.observe(one);
      return sketch.remove(conversationId, participantId);
    }),
    "client, observed": timed(() => {
      client.observe(one);
      return client.disconnectIfConnected(ids);
    }),
    "client, cold": timed(() => client.disconnectIfConnected({ ...ids })),
    "client, a double click": timed(() =>
      Promise.all([client.disconnectIfConnected(ids), client.disconnectIfConnected(ids)]),
    ),
  };
  const count = latencyMs === 0 ? 400 : 60;
  table(await rounds(contenders, count, count / 5));
}

// ---- Many at once ----

// One process differs from the next by a tenth. So there are several.
const PROCESSES = 7;
const ROUNDS = 9;
step(`1,000 at once over loopback HTTP, ${PROCESSES} processes of ${ROUNDS} rounds each`);
{
  const program = fileURLToPath(new URL("at-once.mjs", import.meta.url));
  const runs = [];
  while (runs.length < PROCESSES) {
    const args = [program, await serve(0), String(ROUNDS)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 600_000 });
    runs.push(JSON.parse(stdout));
    servers.pop().kill();
  }
  const names = Object.keys(runs[0]);
  const all = Object.fromEntries(names.map((name) => [name, runs.flatMap((run) => run[name])]));
  table(all, (name) => {
    if (name === names[0]) return {};
    const ratios = runs.map((run) => median(run[name]) / median(run[names[0]]));
    return { "of each process": `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}` };
  });
}

// ---- From connected to the accepted write ----

step("From connected to the accepted write: the mean of 200, at random moments of settleMs");
{
  const waited = async (byEvent) => {
    const participants = [{ id: "p", schedule: [{ at: -1e6, state: "alerting" }] }];
    const simulator = await createSimulator({ conversations: [{ id: "c", participants }] });
    const client = clientOf("https://api.example.test", { fetch: simulator.fetch });
    const call = client.disconnectIfConnected({ conversationId: "c", participantId: "p" });
    await new Promise((resolve) => setTimeout(resolve, 1_300 * Math.random()));
    simulator.setState("c", "p", "connected");
    const connectedAt = simulator.now();
    if (byEvent) client.observe(simulator.notification("c"));
    await call;
    return simulator.log().find(({ accepted }) => accepted).at - connectedAt;
  };
  const mean = async (byEvent) => {
    const all = await Promise.all(Array.from({ length: 200 }, () => waited(byEvent)));
    return all.reduce((sum, one) => sum + one, 0) / all.length;
  };
  console.table({
    polled: { ms: +(await mean(false)).toFixed(1) },
    "woken by an event": { ms: +(await mean(true)).toFixed(1) },
  });
}

// ---- How cost grows ----

const accepted = () => new Response(null, { status: 202 });
const inProcess =
  (body) =>
  async (_, { method = "GET" }) =>
    method === "GET" ? new Response(body) : accepted();
const growth = {};
async function grows(title, unit, sizes, measure) {
  step(title);
  const rows = {};
  for (const size of sizes) {
    const samples = await rounds(await measure(size), size >= 3_000 ? 5 : 15, 2);
    rows[size] = Object.fromEntries(
      Object.entries(samples).map(([name, values]) => [name, +median(values).toFixed(1)]),
    );
  }
  console.table(rows);
  growth[title] = { unit, rows };
}
const perOne = (times, work) => async () => {
  const started = performance.now();
  for (let left = times; left > 0; left--) await work();
  return ((performance.now() - started) * 1_000) / times;
};

await grows("A cold removal, by participants in the conversation", "µs", [5, 50, 300, 1_000, 3_000], (count) => {
  const body = Buffer.from(JSON.stringify(event(ids.conversationId, count)));
  const fetch = inProcess(body);
  const client = clientOf("https://api.example.test", { fetch });
  const sketch = byHandClient("https://api.example.test", fetch);
  const times = Math.max(5, Math.ceil(2_000 / count));
  return {
    "by hand": perOne(times, () => sketch.remove(ids.conversationId, ids.participantId)),
    client: perOne(times, () => client.disconnectIfConnected(ids)),
  };
});
await grows("An event and the removal after it, by participants", "µs", [5, 50, 300, 1_000, 3_000], (count) => {
  const one = event(ids.conversationId, count);
  const client = clientOf("https://api.example.test", { fetch: async () => accepted() });
  const sketch = byHandClient("https://api.example.test", async () => accepted());
  const times = Math.max(5, Math.ceil(2_000 / count));
  return {
    "by hand": perOne(times, () => {
      sketch.observe(one);
      return sketch.remove(ids.conversationId, ids.participantId);
    }),
    client: perOne(times, () => {
      client.observe(one);
      return client.disconnectIfConnected(ids);
    }),
  };
});
await grows("One call, by calls at once", "µs", [1, 10, 100, 1_000, 10_000], (count) => {
  const fetch = inProcess(Buffer.from(JSON.stringify(event("c"))));
  const client = clientOf("https://api.example.test", { fetch });
  const sketch = byHandClient("https://api.example.test", fetch);
  const { participantId } = ids;
  const all = (work) => async () => {
    const times = Math.max(1, 300 / count);
    const started = performance.now();
    for (let left = times; left > 0; left--) {
      await Promise.all(Array.from({ length: count }, (_, index) => work(`c-${index}`)));
    }
    return ((performance.now() - started) * 1_000) / times / count;
  };
  return {
    "by hand": all((id) => sketch.remove(id, participantId)),
    client: all((conversationId) => client.disconnectIfConnected({ conversationId, participantId })),
  };
});
await grows("An event, by conversations observed", "µs", [1, 100, 2_000, 10_000, 100_000], (count) => {
  const client = clientOf("https://api.example.test", { fetch: async () => accepted() });
  const sketch = byHandClient("https://api.example.test", async () => accepted());
  const events = Array.from({ length: count }, (_, index) => event(`c-${index}`));
  for (const one of events) sketch.observe(one);
  const all = (observe) => async () => {
    await client.disconnectIfConnected({ ...ids, fetch: inProcess("[]") }).catch(() => {});
    const started = performance.now();
    const times = Math.max(count, 300);
    for (let index = 0; index < times; index++) observe(events[index % count]);
    return ((performance.now() - started) * 1_000) / times;
  };
  return { "by hand": all((one) => sketch.observe(one)), client: all((one) => client.observe(one)) };
});

// ---- Memory ----

step("Memory");
{
  const { default: init, ConversationClient: Client } = await import("../pkg/core.js");
  const { memory } = await init({ module_or_path: readFileSync(join(root, "pkg", "core.wasm")) });
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc");
  const fetch = inProcess(JSON.stringify({ participants: [{ id: ids.participantId, state: "terminated" }] }));
  const client = new Client({ accessToken, api: "calls", region: "us-east-1", requestsPerMinute: 1e9, fetch });
  const now = () => {
    collectGarbage();
    return [memory.buffer.byteLength, process.memoryUsage().heapUsed];
  };
  /** Observes a number of conversations, and makes a number of calls in others, 1,000 at a time. */
  const use = async (conversations, calls) => {
    for (let index = 0; index < conversations; index++) client.observe(event(`observed-${index}`));
    for (let done = 0; done < calls; done += 1_000) {
      await Promise.all(
        Array.from({ length: 1_000 }, (_, index) =>
          client.disconnectIfConnected({ ...ids, conversationId: `called-${done + index}` }),
        ),
      );
    }
  };
  const calls = Number(process.env.BENCH_CALLS ?? 1_000_000);
  await use(10_000, 20_000);
  const [linear, heap] = now();
  await use(100_000, calls);
  const [linearAfter, heapAfter] = now();
  const heapMb = ((heapAfter - heap) / 1e6).toFixed(1);
  const grown = `linear memory by ${linearAfter - linear} bytes, the heap by ${heapMb} MB`;
  console.log(`100000 conversations observed and ${calls} calls: ${grown}`);
}

// ---- The chart ----

/** The SVG of the chart: each table as a panel with two logarithmic axes. */
function chart(panels) {
  const [width, height, left, top, plotWidth, plotHeight] = [450, 250, 84, 40, 330, 160];
  const colours = { "by hand": "#8a8f98", client: "#0b6bcb" };
  const text = (x, y, content, more = "") => `<text x="${x}" y="${y}" ${more}>${content}</text>`;
  const parts = Object.entries(panels).map(([title, { unit, rows }], index) => {
    const sizes = Object.keys(rows).map(Number);
    const values = Object.values(rows).flatMap((row) => Object.values(row));
    const [low, high] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
    const x = (at) => left + (plotWidth * at) / (sizes.length - 1);
    const y = (value) => top + plotHeight - (plotHeight * (Math.log10(value) - low)) / Math.max(1, high - low);
    const lines = [text(left, 20, title, 'class="title"')];
    for (let power = low; power <= high; power++) {
      lines.push(
        `<line x1="${left}" x2="${left + plotWidth}" y1="${y(10 ** power)}" y2="${y(10 ** power)}" class="grid"/>`,
      );
      lines.push(text(left - 6, y(10 ** power) + 4, `${(10 ** power).toLocaleString("en")} ${unit}`, 'class="end"'));
    }
    sizes.forEach((size, at) => {
      lines.push(text(x(at), top + plotHeight + 16, size.toLocaleString("en"), 'class="middle"'));
    });
    for (const [name, colour] of Object.entries(colours)) {
      const points = sizes.map((size, at) => `${x(at).toFixed(1)},${y(rows[size][name]).toFixed(1)}`);
      lines.push(`<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`);
      lines.push(
        ...points.map(
          (point) => `<circle cx="${point.split(",")[0]}" cy="${point.split(",")[1]}" r="3" fill="${colour}"/>`,
        ),
      );
    }
    return `<g transform="translate(${(index % 2) * width}, ${Math.floor(index / 2) * height})">${lines.join("")}</g>`;
  });
  const rowsOfPanels = Math.ceil(parts.length / 2);
  const legend = Object.entries(colours).map(
    ([name, colour], at) =>
      `<rect x="${84 + at * 90}" y="${rowsOfPanels * height + 4}" width="12" height="12" fill="${colour}"/>` +
      text(102 + at * 90, rowsOfPanels * height + 14, name),
  );
  const style =
    "text{font:11px system-ui,sans-serif;fill:#444}.title{font-weight:600;font-size:12px}" +
    ".grid{stroke:#ddd}.end{text-anchor:end}.middle{text-anchor:middle}";
  const size = `width="${2 * width}" height="${rowsOfPanels * height + 28}"`;
  const label = "How the cost of the client grows, beside the same by hand";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${label}"><style>${style}</style>`,
    `<rect width="100%" height="100%" fill="#fff"/>${parts.join("")}${legend.join("")}</svg>\n`,
  ].join("");
}
writeFileSync(join(root, "docs", "client-cost.svg"), chart(growth));
step("docs/client-cost.svg is written");
process.exit(0);
