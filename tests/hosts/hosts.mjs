// `npm run test:hosts`: the packed tarball in every JavaScript host, each a real one, against the simulator over HTTP.
// One line a cell, a closing table; a host that cannot run here is reported as skipped, with the reason. `npm run
// test:hosts -- deno bun` runs the cells whose names match.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { build, buildTraps, traps as trapsFolder } from "../../scripts/build.mjs";
import {
  bold,
  cache,
  green,
  installDependencies,
  installMiddleware,
  red,
  root,
  seconds,
  step,
  yellow,
} from "../../scripts/run.mjs";
import { openChromium, openFirefox, openWebKit, serve } from "./browsers.mjs";
import { TOLD as TRAPS_TOLD } from "./traps.mjs";

/** What story.mjs and context.mjs must tell. */
const TOLD = [
  "disconnected after 5 requests, confirmed true",
  "already-disconnected",
  "CONVERSATION_NOT_FOUND",
  "INVALID_ARGUMENT",
  "aborted",
  "already-disconnected after 0 requests, 2 participants",
  "CLOSED",
].join(" | ");
const OWN_CONTEXT = "each call in its own context";

const here = dirname(fileURLToPath(import.meta.url));
const windows = process.platform === "win32";

/** For a machine under load, not a measurement. */
const PATIENCE_MS = 300_000;

/** Runs a program and gives what it printed; fails with it where the program fails. */
async function ran(command, args, { cwd, env = {} } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: PATIENCE_MS,
  });
  let text = "";
  let stdout = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
    text += chunk;
  });
  child.stderr.on("data", (chunk) => (text += chunk));
  const [code, signal] = await once(child, "close");
  if (code !== 0)
    throw new Error(`${command} ${args.join(" ")} ended with ${signal ?? `code ${code}`}\n${text.slice(-2000)}`);
  return stdout.trim();
}

/** The hosts of package.json, installed once for all clones; the registry may lack packages for other platforms, so not by `npm ci`. */
async function installHosts() {
  const manifest = readFileSync(join(here, "package.json"));
  const lock = readFileSync(join(here, "package-lock.json"));
  const home = join(cache, `hosts-${createHash("sha256").update(manifest).update(lock).digest("hex").slice(0, 12)}`);
  if (!existsSync(join(home, "installed"))) {
    step("Installing the hosts from npm once for this machine (about 1.6 GB, two minutes) …");
    rmSync(home, { recursive: true, force: true });
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), manifest);
    writeFileSync(join(home, "package-lock.json"), lock);
    await ran(windows ? "npm.cmd" : "npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: home,
    });
    writeFileSync(join(home, "installed"), "");
  }
  return home;
}

/** Packs the package and puts the tarball's content into the hosts' node_modules, as an installation does. */
async function installTarball(home) {
  const folder = join(tmpdir(), `dic-tarball-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  try {
    const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
    await ran(windows ? "npm.cmd" : "npm", pack, { cwd: join(root, "pkg") });
    const [tarball] = readdirSync(folder);
    const target = join(home, "node_modules", "disconnect-if-connected");
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    await ran("tar", ["-xzf", join(folder, tarball), "-C", target, "--strip-components=1"]);
    cpSync(join(folder, tarball), join(home, "package.tgz"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await installDependencies();
await build();
await buildTraps();
const { createSimulator } = await import("../../pkg/simulator.js");
const home = await installHosts();
await installTarball(home);
const bin = (name) => join(home, "node_modules", ".bin", windows ? `${name}.cmd` : name);
const versionOf = (name) => JSON.parse(readFileSync(join(home, "node_modules", name, "package.json"), "utf8")).version;
const packageFolder = join(home, "node_modules", "disconnect-if-connected");

/** A fresh project beside the hosts' node_modules, so that the package resolves as it does for a user. */
function project(name, files) {
  const folder = join(home, "projects", name.replaceAll(/[^\w]+/g, "-"));
  rmSync(folder, { recursive: true, force: true });
  for (const [file, text] of Object.entries({ "package.json": '{ "private": true }', ...files })) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

const story = readFileSync(join(here, "story.mjs"), "utf8");
const context = `import { AsyncLocalStorage } from "node:async_hooks";
import * as imported from "disconnect-if-connected";
${readFileSync(join(here, "context.mjs"), "utf8").replace("export ", "")}`;
const storyFunction = story.replace("export ", "");
const esm = `import * as imported from "disconnect-if-connected";\n${storyFunction}`;
const cjs = `const imported = require("disconnect-if-connected");\n${storyFunction}`;
const SIMULATOR = "process.env.SIMULATOR";

// --- hosts that are programs: each cell is a project and a command, which prints what it was told
// -------------------------------------

const node = (version) => join(home, "node_modules", `node-${version}`, "bin", windows ? "node.exe" : "node");
const threads = `
import { isMainThread, Worker, parentPort } from "node:worker_threads";
import { fileURLToPath } from "node:url";
if (isMainThread) {
  const worker = new Worker(fileURLToPath(import.meta.url));
  worker.on("message", (told) => console.log(told));
} else parentPort.postMessage(await story(imported, ${SIMULATOR}));`;
const typescript = `
import {
  ConversationClient,
  disconnectIfConnected,
  DisconnectError,
  type DisconnectOptions,
} from "disconnect-if-connected";
// @ts-ignore: plain JavaScript
import { story } from "./story.mjs";
const typed: Pick<DisconnectOptions, "api"> = { api: "calls" };
if (typed.api === "calls") console.log(await story({ ConversationClient, disconnectIfConnected, DisconnectError }, ${SIMULATOR}));`;
const withInit = (source) => `
import * as imported from "disconnect-if-connected/wasm";
${storyFunction}
${source}
console.log(await story(imported, ${SIMULATOR}));`;
const fromFile = withInit(`
import { readFile } from "node:fs/promises";
await imported.init(readFile(new URL(import.meta.resolve("disconnect-if-connected/core.wasm"))));`);
const sourcePhase = withInit(
  `import source module from "disconnect-if-connected/core.wasm";\nawait imported.init(module);`,
);

/**
 * `tells` is what a cell must print; default: the story.
 * @type {Array<{ host: string, form: string, tells?: string, run?: (simulator: string) => Promise<string>, missing?: string }>}
 */
const cells = [];

function program(host, form, file, text, command, args = [], files = {}, tells = TOLD) {
  cells.push({
    host,
    form,
    tells,
    run: async (simulator) => {
      const cwd = project(`${host} ${form}`, { [file]: text, ...files });
      return ran(command, [...args, file], { cwd, env: { SIMULATOR: simulator } });
    },
  });
}

const print = `console.log(await story(imported, ${SIMULATOR}));`;
// As the environment of a test leaves it: the controller is jsdom's, fetch is Node's.
const jsdomController = `import { JSDOM } from "jsdom";
globalThis.AbortController = new JSDOM("").window.AbortController;
${esm}${print}`;
const printTraps = `import process from "node:process";
import * as imported from ${JSON.stringify(pathToFileURL(join(trapsFolder, "index.js")))};
import { setTrap } from ${JSON.stringify(pathToFileURL(join(trapsFolder, "core.js")))};
import { traps } from ${JSON.stringify(pathToFileURL(join(here, "traps.mjs")))};
const strays = [];
for (const event of ["uncaughtException", "unhandledRejection"])
  process.on(event, (error) => strays.push(String(error)));
console.log(await traps({ ...imported, setTrap }, strays));`;
const jitless = `import { disconnectIfConnected } from "disconnect-if-connected";
const options = { conversationId: "c", participantId: "p", accessToken: "t", region: "us-east-1" };
console.log(await disconnectIfConnected(options).catch(({ code }) => code));`;
const printContext = `${context}\nconsole.log(await context(imported, AsyncLocalStorage));`;
for (const version of [20, 22, 24]) {
  const host = `Node ${versionOf(`node-${version}`)}`;
  program(host, "import", "main.mjs", esm + print, node(version));
  program(host, "require", "main.cjs", `${cjs}story(imported, ${SIMULATOR}).then(console.log);`, node(version));
  program(host, "worker_threads", "main.mjs", esm + threads, node(version));
  program(host, "disconnect-if-connected/wasm", "main.mjs", fromFile, node(version));
  program(host, "AsyncLocalStorage", "main.mjs", printContext, node(version), [], {}, OWN_CONTEXT);
  program(host, "traps", "main.mjs", printTraps, node(version), [], {}, TRAPS_TOLD);
  program(host, "--jitless", "main.mjs", jitless, node(version), ["--jitless"], {}, "UNSUPPORTED");
  program(host, "jsdom's AbortController", "main.mjs", jsdomController, node(version));
  if (version === 20) cells.push({ host, form: "TypeScript", missing: "Node 20 has no --experimental-strip-types" });
  else
    program(
      host,
      "TypeScript",
      "main.mts",
      typescript,
      node(version),
      ["--experimental-strip-types", "--no-warnings"],
      {
        "story.mjs": story,
      },
    );
}
program(`Node ${versionOf("node-24")}`, "import source", "main.mjs", sourcePhase, node(24), ["--no-warnings"]);

const deno = `Deno ${versionOf("deno")}`;
const denoArguments = ["run", "--quiet", "--no-lock", "--allow-net", "--allow-env", "--allow-read"];
program(deno, "import", "main.mjs", esm + print, bin("deno"), denoArguments);
program(deno, "TypeScript", "main.ts", typescript, bin("deno"), denoArguments, { "story.mjs": story });
program(deno, "AsyncLocalStorage", "main.mjs", printContext, bin("deno"), denoArguments, {}, OWN_CONTEXT);
program(deno, "traps", "main.mjs", printTraps, bin("deno"), denoArguments, {}, TRAPS_TOLD);
program(deno, "import source", "main.mjs", sourcePhase, bin("deno"), denoArguments);

const bun = `Bun ${versionOf("bun")}`;
program(bun, "import", "main.mjs", esm + print, bin("bun"));
program(bun, "require", "main.cjs", `${cjs}story(imported, ${SIMULATOR}).then(console.log);`, bin("bun"));
program(bun, "AsyncLocalStorage", "main.mjs", printContext, bin("bun"), [], {}, OWN_CONTEXT);
program(bun, "traps", "main.mjs", printTraps, bin("bun"), [], {}, TRAPS_TOLD);
program(bun, "TypeScript", "main.ts", typescript, bin("bun"), [], { "story.mjs": story });

// Test runners swallow what a test prints, so the test itself compares.
const expectStory = `expect(await story(imported, ${SIMULATOR})).toBe(${JSON.stringify(TOLD)})`;
const jestTest = `${cjs}test("story", async () => ${expectStory}, 60_000);
const { createSimulator } = require("disconnect-if-connected/simulator");
test("the simulator listens", async () => {
  const participants = [{ id: "p", schedule: [{ state: "connected" }] }];
  const simulator = await createSimulator({ conversations: [{ id: "c", participants }] });
  const { baseUrl, close } = await simulator.listen();
  const ids = { conversationId: "c", participantId: "p", accessToken: "tok-00000000" };
  const { outcome } = await imported.disconnectIfConnected({ ...ids, baseUrl });
  await close();
  expect(outcome).toBe("disconnected");
});`;
// Plain response objects: jsdom has no Response, and the body streams of Node need queueMicrotask, which Jest replaces.
const jestDouble = `${cjs.split("\n")[0]}
const listed = (state) => ({ status: 200, headers: { get: () => null }, text: async () => JSON.stringify({ entities: [{ id: "p", state }] }) });
const ids = { conversationId: "c", participantId: "p", accessToken: "tok-00000000", region: "us-east-1" };
const fetch = async (_, { method }) => (method === "GET" ? listed("connected") : { status: 204, headers: { get: () => null } });`;
const jestTimers = `${jestDouble}
test("a call that needs no timer settles under fake timers, and the next one too", async () => {
  jest.useFakeTimers();
  const first = await imported.disconnectIfConnected({ ...ids, fetch });
  const waiting = imported.disconnectIfConnected({ ...ids, fetch: async () => listed("queued") });
  jest.useRealTimers();
  const second = await imported.disconnectIfConnected({ ...ids, fetch });
  expect([first.outcome, second.outcome]).toEqual(["disconnected", "disconnected"]);
});`;
const jestJsdom = `/** @jest-environment jsdom */
${jestDouble}
test("in a page", async () => {
  expect(typeof window.document).toBe("object");
  const { outcome } = await imported.disconnectIfConnected({ ...ids, fetch });
  const error = await imported.disconnectIfConnected({ ...ids, fetch, settleMs: -1 }).catch((error) => error);
  expect([outcome, error.code, error instanceof imported.DisconnectError]).toEqual(["disconnected", "INVALID_ARGUMENT", true]);
});`;
const jestElement = `/** @jest-environment jsdom */
require("disconnect-if-connected/element/define");
const listed = (state) => ({ status: 200, headers: { get: () => null }, text: async () => JSON.stringify({ entities: [{ id: "p", state }] }) });
test("the element", async () => {
  let state = "connected";
  const fetch = async (_, { method }) => {
    if (method === "GET") return listed(state);
    state = "disconnected";
    return { status: 204, headers: { get: () => null } };
  };
  const element = document.createElement("remove-caller");
  Object.assign(element, { conversationId: "c", pollMs: 0, options: { accessToken: "tok-00000000", region: "us-east-1", fetch } });
  document.body.append(element);
  await element.refresh();
  const part = (name) => element.shadowRoot.querySelector("[part=" + name + "]");
  const ended = new Promise((resolve) => element.addEventListener("remove-caller-outcome", ({ detail }) => resolve(detail.result.outcome)));
  part("button").click();
  part("confirm").click();
  expect([await ended, part("state").textContent]).toEqual(["disconnected", "gone"]);
  element.remove();
});`;
/** The blocks of code of docs/testing.md: a Jest or Vitest test, or a program. */
const documented = [...readFileSync(join(root, "docs", "testing.md"), "utf8").matchAll(/^```js\n(.*?)^```$/gms)].map(
  ([, text], index) => {
    const of = text.includes("vitest") ? "vitest" : /^(before|test)/m.test(text) ? "jest" : "node";
    return { of, form: `docs/testing.md, block ${index + 1}`, text };
  },
);
const vitestTest = `import { expect, test } from "vitest";\n${esm}test("story", async () => ${expectStory}, 60_000);`;
const jest = ["--ci", "--rootDir", "."];
for (const [of, form, text, args] of [
  ["jest", "defaults, and the simulator", jestTest, jest],
  ["jest", "fake timers", jestTimers, jest],
  ["jest", "jsdom", jestJsdom, jest],
  ["jest", "jsdom, the element", jestElement, jest],
  ["vitest", "defaults", vitestTest, ["run", "--root", "."]],
  ...documented
    .filter(({ of }) => of !== "node")
    .map(({ of, form, text }) => [of, form, text, of === "jest" ? jest : ["run", "--root", "."]]),
]) {
  cells.push({
    host: `${of[0].toUpperCase()}${of.slice(1)} ${versionOf(of)}`,
    form,
    run: async (simulator) => {
      const cwd = project(`${of} ${form}`, { "story.test.js": text });
      await ran(bin(of), args, { cwd, env: { SIMULATOR: simulator, CI: "1" } });
      return TOLD;
    },
  });
}

for (const { form, text } of documented.filter(({ of }) => of === "node")) {
  const told = `${text}\nconsole.log("done");`;
  program(`Node ${versionOf("node-24")}`, form, "main.mjs", told, node(24), [], {}, "done");
}

/** A worker by wrangler's bundle, in Miniflare; gives what it responds. */
async function worker(name, text, compatibility, simulator, files = {}) {
  const cwd = project(name, {
    "main.mjs": text,
    ...files,
    "wrangler.json": JSON.stringify({ name: "story", main: "main.mjs", send_metrics: false, ...compatibility }),
  });
  const env = { WRANGLER_SEND_METRICS: "false", XDG_CONFIG_HOME: cwd, CI: "1" };
  await ran(bin("wrangler"), ["deploy", "--dry-run", "--outdir", "out"], { cwd, env });
  const miniflareModule = await import(join(home, "node_modules", "miniflare", "dist", "src", "index.js"));
  const { Miniflare } = miniflareModule.default ?? miniflareModule;
  const out = join(cwd, "out");
  const modules = readdirSync(out)
    .filter((file) => /\.(m?js|wasm)$/.test(file))
    .sort((a) => (a.startsWith("main") ? -1 : 1))
    .map((file) => ({ type: file.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path: join(out, file) }));
  const { compatibility_date: compatibilityDate, compatibility_flags: compatibilityFlags } = compatibility;
  const miniflare = new Miniflare({ modules, modulesRoot: out, compatibilityDate, compatibilityFlags });
  try {
    const response = await miniflare.dispatchFetch(`http://worker/?simulator=${encodeURIComponent(simulator)}`);
    return await response.text();
  } finally {
    await miniflare.dispose();
  }
}
const WEBHOOKS = '"./webhooks.mjs"';
const responds = (told) => `export default { fetch: async (request) => new Response(await ${told}) };`;
const workerd = `workerd ${versionOf("workerd")}`;
cells.push({
  host: workerd,
  form: "wrangler's bundle in Miniflare",
  run: (simulator) => {
    const told = 'story(imported, new URL(request.url).searchParams.get("simulator"))';
    return worker("workerd", `${esm}${responds(told)}`, { compatibility_date: "2024-09-23" }, simulator);
  },
});
cells.push({
  host: workerd,
  form: "AsyncLocalStorage",
  tells: OWN_CONTEXT,
  run: (simulator) => {
    const compatibility = { compatibility_date: "2024-09-23", compatibility_flags: ["nodejs_als"] };
    return worker(
      "workerd context",
      `${context}${responds("context(imported, AsyncLocalStorage)")}`,
      compatibility,
      simulator,
    );
  },
});

// The recipe of docs/recipes.md; what it imports beside the package is a dependency of the middleware.
cells.push({
  host: workerd,
  form: "docs/recipes.md",
  tells: "200 disconnected",
  run: async (simulator) => {
    await installMiddleware();
    const { build: bundle } = await import("esbuild");
    const resolveDir = join(root, "www", "middleware");
    const signer = { contents: 'export { Webhook } from "standardwebhooks";', resolveDir };
    const { outputFiles } = await bundle({ stdin: signer, bundle: true, format: "esm", write: false });
    const recipe = (name) =>
      readFileSync(join(root, "www", "recipes", name), "utf8").replace('"standardwebhooks"', WEBHOOKS);
    const asks = `import recipe from "./worker.mjs"; import { Webhook } from ${WEBHOOKS};
      const secret = "whsec_YSBzZWNyZXQgb2YgMzIgYnl0ZXMsIGluIEJhc2U2NC4=";
      export default { async fetch(request) {
        const env = { WEBHOOK_SECRET: secret, GENESYS_CLOUD_ACCESS_TOKEN: "a-secret-token" };
        env.GENESYS_CLOUD_BASE_URL = new URL(request.url).searchParams.get("simulator");
        const body = JSON.stringify({ conversationId: "c", participantId: "p" });
        const at = new Date();
        const headers = { "webhook-id": "msg_1", "webhook-timestamp": String(Math.floor(at / 1000)) };
        headers["webhook-signature"] = new Webhook(secret).sign("msg_1", at, body);
        const response = await recipe.fetch(new Request("http://worker/", { method: "POST", headers, body }), env);
        return new Response(response.status + " " + (await response.json()).outcome);
      } };`;
    const files = {
      "worker.mjs": recipe("worker.mjs"),
      "web.mjs": recipe("web.mjs"),
      "webhooks.mjs": outputFiles[0].text,
    };
    return worker("workerd recipe", asks, { compatibility_date: "2024-09-23" }, simulator, files);
  },
});

// --- browsers: the package as it is, without a bundler, under the strict Content-Security-Policy
// --------------------------------------

const forms = [
  "module script",
  "classic worker",
  "module worker",
  "service worker",
  "cross-origin iframe",
  "disconnect-if-connected/wasm",
];
const closers = [];
const chromium = await openChromium();
for (const browser of [chromium, await openFirefox(), await openWebKit()]) {
  if (browser.close) closers.push(browser.close);
  for (const form of forms) {
    const run = async (simulator) => {
      const server = await serve({
        "/package/": `${packageFolder}/`,
        "/pages/": join(here, "pages"),
        "/story.mjs": join(here, "story.mjs"),
      });
      try {
        const query = new URLSearchParams({ form, simulator, report: "/report" });
        return await browser.report(`${server.url}/pages/page.html?${query}`, server);
      } finally {
        await server.close();
      }
    };
    cells.push({ host: browser.name, form, ...(browser.missing ? { missing: browser.missing } : { run }) });
  }
  const trapped = async () => {
    const server = await serve({
      "/traps/": `${trapsFolder}/`,
      "/pages/": join(here, "pages"),
      "/traps.mjs": join(here, "traps.mjs"),
    });
    try {
      return await browser.report(`${server.url}/pages/traps.html`, server);
    } finally {
      await server.close();
    }
  };
  const missing = browser.missing ? { missing: browser.missing } : { run: trapped };
  cells.push({ host: browser.name, form: "traps", tells: TRAPS_TOLD, ...missing });
}

// --- bundlers: their defaults, the output opened in Chromium
// -----------------------------------------------------------------------------

const tell = `
const told = await story(imported, new URLSearchParams(location.search).get("simulator")).catch(String);
await fetch("/report", { method: "POST", body: told });`;
const page = esm + tell;
// Without top-level await, which the default formats of some do not have.
const script = `${esm}(async () => {${tell}})();`;
const html = (src) =>
  `<!doctype html><meta charset="utf-8"><title>story</title><script type="module" src="${src}"></script>`;
const rollupConfig = `import { nodeResolve } from "@rollup/plugin-node-resolve"; export default { plugins: [nodeResolve()] };`;
/** What the bundler is given, what is typed, and which folder is then served. */
const bundlers = [
  ["Vite", "vite", "vite", { "index.html": html("./main.js"), "main.js": page }, ["build"], "dist"],
  ["webpack", "webpack", "webpack", { "src/index.js": script }, ["--mode", "production"], "dist", "main.js"],
  [
    "Rspack",
    "@rspack/core",
    "rspack",
    { "src/index.js": script },
    ["build", "--mode", "production"],
    "dist",
    "main.js",
  ],
  [
    "Rollup",
    "rollup",
    "rollup",
    { "main.js": page, "rollup.config.mjs": rollupConfig },
    ["-c", "-i", "main.js", "-d", "dist"],
    "dist",
    "main.js",
  ],
  [
    "esbuild",
    "esbuild",
    "esbuild",
    { "main.js": script },
    ["main.js", "--bundle", "--minify", "--outdir=dist"],
    "dist",
    "main.js",
  ],
  [
    "Parcel",
    "parcel",
    "parcel",
    { "index.html": html("./main.js"), "main.js": script },
    ["build", "index.html", "--no-cache"],
    "dist",
  ],
];

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));

for (const [name, of, command, files, args, out, entry] of bundlers) {
  const host = `${name} ${versionOf(of)}`;
  const bundle = async (label, given) => {
    const cwd = project(`${name} ${label}`, given);
    await ran(bin(command), args, { cwd, env: { CI: "1", NO_UPDATE_NOTIFIER: "1" } });
    return join(cwd, out);
  };
  const run = async (simulator) => {
    const folder = await bundle("page", files);
    if (entry) writeFileSync(join(folder, "index.html"), html(`./${entry}`));
    const modules = filesIn(folder).filter((file) => file.endsWith(".wasm")).length;
    if (modules > 0) throw new Error(`${modules} .wasm files beside the bundle, which has the module inlined`);
    const server = await serve({ "/": `${folder}/` });
    try {
      return await chromium.report(`${server.url}/?${new URLSearchParams({ simulator })}`, server);
    } finally {
      await server.close();
    }
  };
  cells.push({ host, form: "a page, in Chromium", ...(chromium.missing ? { missing: chromium.missing } : { run }) });
  cells.push({
    host,
    form: "tree-shaken when unused",
    run: async () => {
      const unused = `import { DisconnectError, disconnectIfConnected } from "disconnect-if-connected"; console.log("a page without the call");`;
      const given = Object.fromEntries(
        Object.entries(files).map(([file, text]) => [file, /(main|index)\.js$/.test(file) ? unused : text]),
      );
      const folder = await bundle("unused", given);
      const code = filesIn(folder)
        .filter((file) => /\.m?js$/.test(file))
        .map((file) => readFileSync(file, "utf8"))
        .join("");
      if (!code.includes("a page without the call")) throw new Error("the bundle is not the page's");
      if (code.length > 4000 || /DisconnectError|Retry-After/.test(code))
        throw new Error(`${code.length} characters are left of the package`);
      return TOLD;
    },
  });
}

/** A page of an own that a bundler or the package's global build fills, opened in Chromium. */
const classic = (src, charset, rest = "") =>
  `<!doctype html>${charset ? `<meta charset="${charset}">` : ""}<title>story</title><script src="${src}"></script>${rest}`;
async function opened(folders, simulator) {
  const server = await serve(folders);
  try {
    return await chromium.report(`${server.url}/?${new URLSearchParams({ simulator })}`, server);
  } finally {
    await server.close();
  }
}
function pageCell(host, form, run) {
  cells.push({ host, form, ...(chromium.missing ? { missing: chromium.missing } : { run }) });
}

// `require` in a bundle for browsers: there is no Buffer.
const requiring = `${cjs}(async () => {${tell}})();`;
for (const [of, command, files, args, out] of [
  ["webpack", "webpack", { "src/index.js": requiring }, ["--mode", "production"], "dist"],
  ["esbuild", "esbuild", { "main.js": requiring }, ["main.js", "--bundle", "--outdir=dist"], "dist"],
]) {
  pageCell(`${of} ${versionOf(of)}`, "require, a page, in Chromium", async (simulator) => {
    const cwd = project(`${of} require`, files);
    await ran(bin(command), args, { cwd, env: { CI: "1" } });
    writeFileSync(join(cwd, out, "index.html"), html("./main.js"));
    return opened({ "/": `${join(cwd, out)}/` }, simulator);
  });
}

// A classic script is read in the encoding of its page: the inlined module is ASCII.
for (const charset of ["windows-1252", "shift_jis", ""]) {
  pageCell(
    `Rollup ${versionOf("rollup")}`,
    `a classic script on a page ${charset ? `in ${charset}` : "without charset"}`,
    async (simulator) => {
      const cwd = project(`rollup ${charset}`, { "main.js": script, "rollup.config.mjs": rollupConfig });
      await ran(bin("rollup"), ["-c", "-i", "main.js", "-o", "dist/main.js", "-f", "iife"], { cwd });
      writeFileSync(join(cwd, "dist", "index.html"), classic("./main.js", charset));
      return opened({ "/": `${join(cwd, "dist")}/` }, simulator);
    },
  );
}
pageCell(chromium.name, "index.iife.js on a page in windows-1252", async (simulator) => {
  const main = `const imported = DisconnectIfConnected;\n${storyFunction}\n(async () => {${tell}})();`;
  const cwd = project("iife", { "main.js": main });
  const rest = '<script src="./main.js"></script>';
  writeFileSync(join(cwd, "index.html"), classic("/package/index.iife.js", "windows-1252", rest));
  return opened({ "/package/": `${packageFolder}/`, "/": `${cwd}/` }, simulator);
});

// A bundle for a server or a function: one file, elsewhere, without node_modules.
cells.push({
  host: `esbuild ${versionOf("esbuild")}`,
  form: "a bundle for Node",
  run: async (simulator) => {
    const cwd = project("esbuild node", { "main.mjs": `${esm}story(imported, ${SIMULATOR}).then(console.log);` });
    const alone = join(tmpdir(), `dic-bundle-${process.pid}`);
    try {
      await ran(bin("esbuild"), ["main.mjs", "--bundle", "--platform=node", `--outfile=${join(alone, "main.cjs")}`], {
        cwd,
      });
      return await ran(node(20), [join(alone, "main.cjs")], { cwd: alone, env: { SIMULATOR: simulator } });
    } finally {
      rmSync(alone, { recursive: true, force: true });
    }
  },
});

cells.push({
  host: `Next.js ${versionOf("next")}`,
  form: "a Node route, an edge route and a client component",
  ...(chromium.missing ? { missing: chromium.missing } : { run: next }),
});

/** Starts a server of the project's and gives its address, and what stops it. */
async function serving(command, args, { cwd, env, ready }) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
    detached: !windows,
  });
  const url = await new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += stripVTControlCharacters(String(chunk));
      const [found] = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(text) ?? [];
      if (found && ready.test(text)) resolve(found);
    });
    child.once("exit", (code) => reject(new Error(`${command} ended with code ${code}: ${text}`)));
  });
  const stop = () => (windows ? child.kill() : process.kill(-child.pid, "SIGKILL"));
  return { url, stop };
}

cells.push({
  host: `Vite ${versionOf("vite")}`,
  form: "its development server, in Chromium",
  ...(chromium.missing ? { missing: chromium.missing } : { run: viteServer }),
});

async function viteServer(simulator) {
  const elsewhere = page
    .replace('"/report"', 'new URLSearchParams(location.search).get("report")')
    .replace('method: "POST"', 'method: "POST", mode: "no-cors"');
  const cwd = project("Vite server", { "index.html": html("./main.js"), "main.js": elsewhere });
  const { url, stop } = await serving(bin("vite"), ["--host", "127.0.0.1"], { cwd, env: { CI: "1" }, ready: /Local/ });
  const server = await serve({});
  try {
    return await chromium.report(
      `${url}/?${new URLSearchParams({ simulator, report: `${server.url}/report` })}`,
      server,
    );
  } finally {
    stop();
    await server.close();
  }
}

async function next(simulator) {
  const client = `"use client";
    import * as imported from "disconnect-if-connected";
    import { useEffect } from "react";
    ${storyFunction}
    export default function Page() {
      useEffect(() => {
        const { searchParams } = new URL(location.href);
        story(imported, searchParams.get("simulator")).catch(String).then((told) => fetch(searchParams.get("report"), { method: "POST", mode: "no-cors", body: told }));
      }, []);
      return null;
    }`;
  const route = `${esm}
    export const dynamic = "force-dynamic";
    export const GET = async (request) => new Response(await story(imported, new URL(request.url).searchParams.get("simulator")).catch(String));`;
  const cwd = project("next", {
    "app/layout.js": "export default ({ children }) => <html lang='en'><body>{children}</body></html>;",
    "app/page.js": client,
    "app/node/route.js": route,
    "app/edge/route.js": `${route}\nexport const runtime = "edge";`,
    "next.config.mjs": `export default { turbopack: { root: ${JSON.stringify(home)} } };`,
  });
  const env = { NEXT_TELEMETRY_DISABLED: "1", CI: "1" };
  await ran(bin("next"), ["build"], { cwd, env });
  const { url, stop } = await serving(bin("next"), ["start", "-H", "127.0.0.1", "-p", "0"], {
    cwd,
    env,
    ready: /Ready/,
  });
  const server = await serve({});
  try {
    for (const route of ["node", "edge"]) {
      const own = await simulated();
      const told = await fetch(`${url}/${route}?${new URLSearchParams({ simulator: own.baseUrl })}`).then((response) =>
        response.text(),
      );
      await own.close();
      if (told !== TOLD) throw new Error(`the ${route} route told: ${told}`);
    }
    return await chromium.report(
      `${url}/?${new URLSearchParams({ simulator, report: `${server.url}/report` })}`,
      server,
    );
  } finally {
    stop();
    await server.close();
  }
}

// --- the package's own manners
// ------------------------------------------------------------------------------------------------------------

const tool = (host, form, check) => cells.push({ host, form, run: check });
tool(`publint ${versionOf("publint")}`, "the tarball", async () => {
  await ran(bin("publint"), ["run", join(home, "package.tgz"), "--strict"], { cwd: packageFolder });
  return TOLD;
});
tool(`are-the-types-wrong ${versionOf("@arethetypeswrong/cli")}`, "all resolution modes", async () => {
  // `core.wasm` and the classic scripts are no modules of JavaScript, and have no types; `node10` cannot see subpaths,
  // which is the one rule not asked for.
  const args = [
    join(home, "package.tgz"),
    "--exclude-entrypoints",
    "core.wasm",
    "index.iife.js",
    "element.iife.js",
    "--profile",
    "node16",
  ];
  await ran(bin("attw"), args, { cwd: packageFolder });
  return TOLD;
});

// --- run them
// -----------------------------------------------------------------------------------------------------------------------------

/** The platform for one cell: the first write is refused once, as it is for a leg that changes. */
async function simulated() {
  const schedule = (state) => [{ at: -1e6, state }];
  const participants = [
    { id: "p", schedule: schedule("connected") },
    { id: "queued", schedule: schedule("queued") },
  ];
  const simulator = await createSimulator({
    conversations: [{ id: "c", participants }],
    accessToken: "a-secret-token",
  });
  simulator.addFault({ on: "write", status: 409 });
  return { ...(await simulator.listen()), simulator };
}

const started = performance.now();
const wanted = process.argv.slice(2).map((word) => word.toLowerCase());
const chosen = cells.filter(
  ({ host, form }) => wanted.length === 0 || wanted.some((word) => `${host} ${form}`.toLowerCase().includes(word)),
);
const ended = [];
for (const { host, form, tells = TOLD, run, missing } of chosen) {
  const since = performance.now();
  const end = { host, form, mark: "–", why: missing };
  if (run) {
    const { baseUrl, close } = await simulated();
    end.why = await run(baseUrl).then(
      (told) => (told === tells ? undefined : `told: ${told}`),
      (error) => error.message,
    );
    end.mark = end.why === undefined ? "✓" : "✗";
    await close();
  }
  ended.push(end);
  const paint = { "✓": green, "✗": red, "–": yellow }[end.mark];
  console.log(
    `${paint(end.mark)} ${host} · ${form}${run ? ` (${seconds(since)})` : ""}${end.why ? `: ${end.why}` : ""}`,
  );
}
for (const close of closers) await close();

console.log(`\n${bold("Hosts")}`);
const hosts = [...new Set(ended.map(({ host }) => host))];
const width = Math.max(...hosts.map((host) => host.length));
for (const host of hosts) {
  const row = ended.filter((end) => end.host === host).map(({ form, mark }) => `${mark} ${form}`);
  console.log(`${host.padEnd(width)}  ${row.join("   ")}`);
}
const count = (mark) => ended.filter((end) => end.mark === mark).length;
console.log(`\nin ${seconds(started)}`);
console.log(`hosts: ${count("✓")} passed, ${count("✗")} failed, ${count("–")} skipped`);
process.exitCode = count("✗") > 0 || ended.length === 0 ? 1 : 0;
