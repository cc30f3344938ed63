// The benchmark of one call, `npm run bench`: the package beside its alternatives, interleaved in one run; medians,
// quartiles and ratios.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build as bundle } from "esbuild";
import { browser, launch } from "../scripts/browser.mjs";
import { build } from "../scripts/build.mjs";
import { root, step } from "../scripts/run.mjs";
import { barChart } from "./chart.mjs";
import { median, rounds } from "./rounds.mjs";

await build();
const { bareFetch, byHand, officialSdk, ours, readCheckPost, accessToken } = await import("./contenders.mjs");
const { callBody } = await import("./server.mjs");
const { ids } = await import("./platform.mjs");

/** The medians and quartiles of each contender, by title. */
const results = {};
const spread = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return [at(0.25), at(0.75)];
};
const microseconds = () => Number(process.hrtime.bigint()) / 1_000;

/** Runs the contenders in rounds, and keeps the values of `measure`. */
async function interleaved(title, contenders, count, measure) {
  step(title);
  const names = Object.keys(contenders);
  const measured = Object.fromEntries(names.map((name) => [name, () => measure(contenders[name])]));
  const samples = await rounds(measured, count, Math.ceil(count / 10));
  results[title] = Object.fromEntries(
    names.map((name) => [name, { median: median(samples[name]), quartiles: spread(samples[name]) }]),
  );
  console.table(
    Object.fromEntries(
      names.map((name) => {
        const { median: middle, quartiles } = results[title][name];
        const base = results[title][names[0]].median;
        return [
          name,
          {
            median: +middle.toFixed(1),
            from: +quartiles[0].toFixed(1),
            to: +quartiles[1].toFixed(1),
            ratio: +(middle / base).toFixed(3),
          },
        ];
      }),
    ),
  );
}

const pages = mkdtempSync(join(tmpdir(), "dic-bench-"));
const servers = [];
async function serve(latencyMs) {
  const args = [fileURLToPath(new URL("server.mjs", import.meta.url)), "serve", pages, String(latencyMs)];
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  servers.push(server);
  return String((await once(server.stdout, "data"))[0]).trim();
}
const LATENCY_MS = 40;
const port = await serve(0);
const small = `http://127.0.0.1:${port}`;
const distant = `http://127.0.0.1:${await serve(LATENCY_MS)}`;
const large = `http://localhost:${port}`;
const timed = (origin) => async (contender) => {
  const started = microseconds();
  await contender(origin);
  return microseconds() - started;
};

await interleaved(
  "One removal over loopback HTTP, body of 5 participants (µs)",
  {
    "bare fetch": bareFetch,
    "read, check, post": readCheckPost,
    "by hand": byHand,
    "official SDK": officialSdk,
    ours: (origin) => ours(origin),
  },
  1_000,
  timed(small),
);
await interleaved(
  "One removal over loopback HTTP, body of 1 MB, 300 participants (µs)",
  {
    "read, check, post": readCheckPost,
    "bare fetch": bareFetch,
    "by hand": byHand,
    "official SDK": officialSdk,
    ours: (origin) => ours(origin),
  },
  100,
  timed(large),
);

await interleaved(
  `One removal at ${LATENCY_MS} ms of latency, body of 5 participants (µs)`,
  {
    "bare fetch": bareFetch,
    "read, check, post": readCheckPost,
    "by hand": byHand,
    "official SDK": officialSdk,
    ours: (origin) => ours(origin),
  },
  60,
  timed(distant),
);

const BATCH = 1_000;
await interleaved(
  "1,000 at once over loopback HTTP (ms for all)",
  { "bare fetch": bareFetch, "by hand": byHand, ours: (origin) => ours(origin) },
  5,
  async (contender) => {
    const started = performance.now();
    await Promise.all(Array.from({ length: BATCH }, () => contender(small)));
    return performance.now() - started;
  },
);

const bodies = { small: Buffer.from(await callBody(5)), large: Buffer.from(await callBody(300, 2_600)) };
const inProcess = (body) => async (_, init) =>
  (init.method ?? "GET") === "GET"
    ? new Response(body)
    : new Response(null, { status: 202, headers: { "ININ-Correlation-Id": "x" } });
const cpu = (body, times) => async (contender) => {
  const fetch = inProcess(body);
  const before = process.cpuUsage();
  for (let left = times; left > 0; left--) await contender("https://api.mypurecloud.com", fetch);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
};
await interleaved(
  "CPU of one removal, in-process fetch, body of 5 participants (µs)",
  { "bare fetch": bareFetch, "read, check, post": readCheckPost, "by hand": byHand, ours },
  15,
  cpu(bodies.small, 1_000),
);
await interleaved(
  "CPU of one removal, in-process fetch, body of 1 MB (µs)",
  { "read, check, post": readCheckPost, "by hand": byHand, ours },
  15,
  cpu(bodies.large, 20),
);

const sdkPath = (file) => join(root, "node_modules/purecloud-platform-client-v2/dist", file);
const gateway = `{ host: "127.0.0.1", protocol: "http", port: ${port}, path_params_login: "", path_params_api: "" }`;
const { conversationId, participantId } = ids;
/** One removal by the SDK, as source, for `client` and `api`. */
const sdkCalls = `client.setGateway(${gateway});
    client.setAccessToken("${accessToken}");
    const api = new platformClient.ConversationsApi();
    await api.getConversationsCall("${conversationId}");
    await api.patchConversationsCallParticipant("${conversationId}", "${participantId}", { state: "disconnected" });`;
const fresh = {
  "bare fetch": `const { bareFetch } = { bareFetch: ${bareFetch.toString()} };
    const ids = ${JSON.stringify(ids)};
    const headers = {};
    const write = { method: "PATCH", headers, body: '{"state":"disconnected"}' };
    const readUrl = (origin) => origin + "/api/v2/conversations/calls/" + ids.conversationId;
    const writeUrl = (origin) => readUrl(origin) + "/participants/x";
    await bareFetch("${small}");`,
  ours: `import { disconnectIfConnected } from ${JSON.stringify(join(root, "pkg", "index.node.mjs"))};
    await disconnectIfConnected({ ...${JSON.stringify({ ...ids, accessToken, baseUrl: small, api: "calls" })} });`,
  "official SDK": `import platformClient from ${JSON.stringify(sdkPath("node/purecloud-platform-client-v2.js"))};
    const client = platformClient.ApiClient.instance;
    ${sdkCalls}
    process.exit(0);`,
};
const inFreshProcess = (read) => (source) => {
  const cpuMs = "const { user, system } = process.cpuUsage(); const cpuMs = (user + system) / 1000;";
  const report = `process.on("exit", () => { ${cpuMs} process.stdout.write("\\n" + cpuMs); });`;
  const started = performance.now();
  const { stdout } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", source.replace(/^((?:import .*\n)*)/, `$1${report}\n`)],
    {
      encoding: "utf8",
    },
  );
  return read({ wall: performance.now() - started, cpu: Number(stdout.trim().split("\n").at(-1)) });
};
await interleaved(
  "Import and first removal in a fresh Node process (ms of wall)",
  fresh,
  40,
  inFreshProcess(({ wall }) => wall),
);
await interleaved(
  "Import and first removal in a fresh Node process (ms of CPU)",
  fresh,
  40,
  inFreshProcess(({ cpu }) => cpu),
);

// Chromium: each contender as one minified script, in a context without a cache; the page's title is the time of the
// end.
const { chrome, missing } = await browser();
if (chrome) {
  const options = `{ ...${JSON.stringify({ ...ids, accessToken, api: "calls" })}, baseUrl: location.origin }`;
  const done = "document.title = performance.now();";
  const bundled = async (name, contents) => {
    const { outputFiles } = await bundle({
      stdin: { contents, resolveDir: join(root, "bench") },
      bundle: true,
      minify: true,
      write: false,
      format: "esm",
    });
    writeFileSync(join(pages, `${name}.js`), outputFiles[0].contents);
    writeFileSync(
      join(pages, `${name}.html`),
      `<!doctype html><title></title><script type="module" src="${name}.js"></script>`,
    );
  };
  await bundled(
    "bare",
    `import { headers, readUrl, write, writeUrl } from "./platform.mjs"; const origin = location.origin;
    await (await fetch(readUrl(origin), { headers })).arrayBuffer(); await fetch(writeUrl(origin), write); ${done}`,
  );
  await bundled("hand", `import { byHand } from "./by-hand.mjs"; await byHand(location.origin); ${done}`);
  await bundled(
    "ours",
    `import { disconnectIfConnected } from "../pkg/index.js"; await disconnectIfConnected(${options}); ${done}`,
  );
  copyFileSync(join(root, "pkg", "core.wasm"), join(pages, "core.wasm"));
  await bundled(
    "init",
    `import { disconnectIfConnected, init } from "../pkg/wasm.js"; init("/pages/core.wasm");
    await disconnectIfConnected(${options}); ${done}`,
  );
  copyFileSync(sdkPath("web-cjs/purecloud-platform-client-v2.min.js"), join(pages, "platform.js"));
  writeFileSync(
    join(pages, "run-sdk.js"),
    `const platformClient = require("platformClient"); const client = platformClient.ApiClient.instance;
    (async () => { ${sdkCalls} ${done} })();`,
  );
  writeFileSync(
    join(pages, "sdk.html"),
    `<!doctype html><title></title><script src="platform.js"></script><script src="run-sdk.js"></script>`,
  );
  const instance = await launch("chrome", chrome);
  await interleaved(
    "First removal in a fresh Chromium page, from the navigation on (ms)",
    { "official SDK": "sdk", "bare fetch": "bare", "by hand": "hand", ours: "ours", "ours, core.wasm served": "init" },
    15,
    async (name) => {
      const context = await instance.createBrowserContext();
      const page = await context.newPage();
      await page.goto(`${small}/pages/${name}.html`);
      await page.waitForFunction(() => document.title);
      const ms = Number(await page.title());
      await context.close();
      return ms;
    },
  );
  await instance.close();
} else console.log(`skipped: first removal in Chromium: ${missing}`);

step("Linear memory of calls in flight");
const { default: init, disconnectIfConnected: call } = await import("../pkg/core.js");
const { memory } = await init({ module_or_path: readFileSync(join(root, "pkg", "core.wasm")) });
const silent = () => new Promise(() => {});
const before = memory.buffer.byteLength;
const FLIGHT = 20_000;
const controller = new AbortController();
const { setMaxListeners } = await import("node:events");
setMaxListeners(0, controller.signal);
const flying = Array.from({ length: FLIGHT }, () =>
  call({ ...ids, accessToken, region: "us-east-1", fetch: silent, signal: controller.signal }).catch(() => {}),
);
await new Promise((resolve) => setTimeout(resolve, 100));
results["Linear memory for each call in flight (bytes)"] = Math.round((memory.buffer.byteLength - before) / FLIGHT);
controller.abort();
await Promise.all(flying);
const held = memory.buffer.byteLength;
const MANY = Number(process.env.BENCH_CALLS ?? 1_000_000);
const goneBody = `{"entities":[{"id":"${ids.participantId}","state":"terminated"}]}`;
for (let done = 0; done < MANY; done += 1_000) {
  await Promise.all(
    Array.from({ length: 1_000 }, () =>
      call({ ...ids, accessToken, region: "us-east-1", fetch: async () => new Response(goneBody) }),
    ),
  );
}
results[`Growth of linear memory over ${MANY} calls more (bytes)`] = memory.buffer.byteLength - held;
for (const [name, value] of Object.entries(results).slice(-2)) console.log(`${name}: ${value}`);

// The chart of docs/performance.md: medians, each group on its own scale.
const groups = Object.entries(results).filter(([, group]) => typeof group === "object");
const bars = (group) =>
  Object.entries(group).map(([name, { median }]) => ({
    name,
    value: median,
    label: median.toFixed(median < 1_000 ? 1 : 0),
    isOwn: name.startsWith("ours"),
  }));
const chart = groups.map(([title, group]) => ({ title, bars: bars(group) }));
writeFileSync(join(root, "docs", "performance.svg"), barChart("Times of this package beside others", chart));

for (const server of servers) server.kill();
rmSync(pages, { recursive: true });
const about = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  cpu: cpus()[0].model,
  cores: cpus().length,
};
writeFileSync(join(root, "bench", "results.json"), `${JSON.stringify({ about, results }, undefined, 2)}\n`);
console.log(`\n${JSON.stringify(about)}; bench/results.json and docs/performance.svg are written`);
process.exit(0);
