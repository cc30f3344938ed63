// The published package: packed, installed in an empty project, and called over real sockets from Node ESM, `require`,
// strict TypeScript, and its command.
import "./support/package.mjs";
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { root } from "../../scripts/run.mjs";

const exec = promisify(execFile);
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
let project;
let packed;

before(async () => {
  project = await mkdtemp(join(tmpdir(), "dic-package-"));
  const { stdout } = await exec(npm, ["pack", "--json", "--ignore-scripts", "--pack-destination", project], {
    cwd: join(root, "pkg"),
  });
  const report = JSON.parse(stdout);
  packed = Array.isArray(report) ? report[0] : Object.values(report)[0];
  await writeFile(join(project, "package.json"), JSON.stringify({ private: true }));
  await exec(npm, ["install", "--no-audit", "--no-fund", "--offline", join(project, packed.filename)], {
    cwd: project,
  });
});
after(() => rm(project, { recursive: true, force: true }));

/** A script for each module system: a participant alerts, then is connected; over a socket. */
const story = `
  const schedule = [{ at: -1e6, state: "alerting" }, { at: 30, state: "connected" }];
  const simulator = await createSimulator({
    readLagMs: 50,
    conversations: [{ id: "c", participants: [{ id: "p", schedule }] }],
  });
  const server = await simulator.listen();
  const options = { conversationId: "c", participantId: "p", accessToken: "a-secret-token", baseUrl: server.baseUrl };
  const first = await disconnectIfConnected({ ...options, api: "calls" });
  const second = await disconnectIfConnected(options);
  const error = await disconnectIfConnected({ ...options, conversationId: "nobody" }).catch((error) => error);
  await server.close();
  console.log([first.outcome, second.outcome, error instanceof DisconnectError, error.code, error.name].join(" "));
`;
const storyOutput = "disconnected already-disconnected true CONVERSATION_NOT_FOUND DisconnectError";

/** Runs a script in the project; returns what it prints. */
async function node(file, source) {
  await writeFile(join(project, file), source);
  const { stdout, stderr } = await exec(process.execPath, [file], { cwd: project });
  assert.equal(stderr, "");
  return stdout.trim();
}

/** Checks the types of files of the project. */
async function checkTypes(files, ...flags) {
  const tsc = join(root, "node_modules", ".bin", "tsc");
  const strict = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022", "--types", ""];
  await exec(tsc, [...strict, ...flags, ...files], { cwd: project }).catch(({ stdout, message }) =>
    assert.fail(`${files.join(" ")}: ${stdout || message}`),
  );
}

test("Node ESM", async () => {
  const imports = `import { DisconnectError, disconnectIfConnected } from "disconnect-if-connected";
    import { createSimulator } from "disconnect-if-connected/simulator";`;
  assert.equal(await node("story.mjs", imports + story), storyOutput);
});

test("Node require", async () => {
  const source = `const { DisconnectError, disconnectIfConnected } = require("disconnect-if-connected");
    const { createSimulator } = require("disconnect-if-connected/simulator");
    (async () => { ${story} })();`;
  assert.equal(await node("story.cjs", source), storyOutput);
});

test("import and require are one module, loaded lazily and once", async () => {
  const source = `
    import { createRequire } from "node:module";
    let loaded = 0;
    const { instantiate } = WebAssembly;
    // Node itself instantiates another module, for fetch.
    WebAssembly.instantiate = (source, imports) => {
      if ("./core_bg.js" in imports) loaded++;
      return instantiate(source, imports);
    };
    const imported = await import("disconnect-if-connected");
    const required = createRequire(import.meta.url)("disconnect-if-connected");
    const before = loaded;
    const call = () => imported.disconnectIfConnected().catch((error) => error.code);
    const codes = await Promise.all([call(), call(), required.disconnectIfConnected().catch((error) => error.code)]);
    console.log(imported.DisconnectError === required.DisconnectError, before, loaded, codes.join());`;
  assert.equal(await node("once.mjs", source), "true 0 1 INVALID_ARGUMENT,INVALID_ARGUMENT,INVALID_ARGUMENT");
});

test("a failed load is tried again", async () => {
  const source = `
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = () => Promise.reject(new Error("no memory today"));
    const { disconnectIfConnected } = await import("disconnect-if-connected");
    const first = await disconnectIfConnected({}).catch((error) => error.message);
    WebAssembly.instantiate = instantiate;
    const second = await disconnectIfConnected({}).catch((error) => error.code);
    console.log(first + " | " + second);`;
  assert.equal(await node("again.mjs", source), "no memory today | INVALID_ARGUMENT");
});

test("disconnect-if-connected/wasm: init with a source, before the first call, and again after a failure", async () => {
  const source = `
    import { createRequire } from "node:module";
    import { readFile } from "node:fs/promises";
    import { disconnectIfConnected, DisconnectError, init } from "disconnect-if-connected/wasm";
    import * as inlined from "disconnect-if-connected";
    const end = (promise) => promise.then(() => "loaded", (error) => error.code ?? error.name);
    const bytes = () => readFile(new URL(import.meta.resolve("disconnect-if-connected/core.wasm")));
    console.log(
      await end(disconnectIfConnected({})),
      await end(init(new Uint8Array(8))),
      await end(init(bytes)),
      await end(init(new Uint8Array(8))),
      await end(disconnectIfConnected({})),
      DisconnectError === inlined.DisconnectError,
      createRequire(import.meta.url)("disconnect-if-connected/wasm").init === init,
    );`;
  assert.equal(await node("own.mjs", source), "TypeError CompileError loaded loaded INVALID_ARGUMENT true true");
});

test("the first call, too, uses the options as they were at its start", async () => {
  const source = (body, change) => `
    import { disconnectIfConnected } from "disconnect-if-connected";
    const participants = ["agent", "customer"].map((purpose) => ({ id: purpose, purpose, state: "connected" }));
    const fetch = async (_, { method }) =>
      method === "GET" ? Response.json({ participants }) : new Response(null, { status: 202 });
    const options = { conversationId: "c", accessToken: "t", region: "us-east-1", fetch };
    Object.assign(options, { participant: { purpose: "customer" }, goneStates: ["over"] });
    const route = "/api/v2/conversations/calls/{conversationId}";
    const read = { path: route, participants: "participants" };
    options.api = { read, write: { method: "PATCH", path: route + "/{participantId}", body: ${body} } };
    const call = disconnectIfConnected(options);
    options.participant.purpose = "agent";
    options.goneStates[0] = "connected";
    ${change}
    const { outcome, participantId } = await call;
    console.log(outcome, participantId);`;
  const change = 'options.api.read.participants = "nothing";';
  assert.equal(await node("first.mjs", source("{}", change)), "disconnected customer");
  // An option that cannot be copied does not prevent the copies of the others.
  assert.equal(await node("first.mjs", source("{ left: () => 1 }", "")), "disconnected customer");
});

test("the process ends by itself, and no timer is left", async () => {
  const source = `
    import { disconnectIfConnected } from "disconnect-if-connected";
    const fetch = () => new Promise(() => {});
    const options = { conversationId: "c", participantId: "p", accessToken: "t", region: "us-east-1", fetch };
    await disconnectIfConnected({ ...options, timeoutMs: 20 }).catch((error) => console.log(error.code));
    console.log(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length);`;
  assert.equal(await node("ends.mjs", source), "TIMEOUT\n0");
});

const types = `
  const accessToken: DisconnectOptions["accessToken"] = async ({ refresh }) => String(refresh);
  const options: DisconnectOptions = { conversationId: "c", participantId: "p", accessToken, region: "us-east-1" };
  async function use(): Promise<string> {
    const result: DisconnectResult = await disconnectIfConnected({
      ...options,
      onEvent: (event) => { if (event.type === "wait") event.ms.toFixed(); },
    });
    switch (result.outcome) {
      case "disconnected": { const confirmed: boolean = result.confirmed; return String(confirmed); }
      case "already-disconnected": { const confirmed: true = result.confirmed; return String(confirmed); }
      case "not-connected": return result.state ?? "";
      default: { const never: never = result; return never; }
    }
  }
  function explain(error: unknown): DisconnectErrorCode | undefined {
    if (!(error instanceof DisconnectError)) return undefined;
    const status: number | undefined = error.status;
    void status;
    return error.code;
  }
  const fields = { userId: "user.id" };
  const read = { path: "/", participants: "x", fields };
  const api: ApiDialect = { read, write: { method: "PUT", path: "/{participantId}", body: { a: [1, null] } } };
  void [use, explain, api];
  // @ts-expect-error a dialect that does not exist
  void disconnectIfConnected({ ...options, api: "chats" });
  // @ts-expect-error a misspelt option
  void disconnectIfConnected({ ...options, settlems: 1 });
  // @ts-expect-error the ids are required
  void disconnectIfConnected({ accessToken: "t", region: "us-east-1" });
  const whoever: CallOptions = { conversationId: "c", accessToken: "t", region: "us-east-1" };
  void disconnectIfConnected({ ...whoever, participant: { purpose: ["customer", "external"], userId: undefined } });
  void disconnectIfConnected({ ...whoever, participantId: "p", participant: undefined });
  // @ts-expect-error the participant is required
  void disconnectIfConnected(whoever);
  // @ts-expect-error either its id or a description
  void disconnectIfConnected({ ...whoever, participantId: "p", participant: { purpose: "customer" } });
  // @ts-expect-error a field that does not exist
  void disconnectIfConnected({ ...whoever, participant: { role: "customer" } });
  // @ts-expect-error a code that does not exist
  const code: DisconnectErrorCode = "OOPS"; void code;
  // For tests of applications.
  const made = new DisconnectError({ code: "CONFLICT", message: "for a test" });
  const text: string = made.toJSON().message; void text;
  const guarded = (error: unknown): string => (isDisconnectError(error) ? error.code : ""); void guarded;
  // @ts-expect-error an error has a code
  new DisconnectError({ message: "for a test" });
  // undefined counts as not given.
  void disconnectIfConnected({ ...options, api: undefined, settleMs: undefined, signal: undefined });
  void disconnectIfConnected({ ...options, fetch: undefined, onEvent: undefined });
`;
const names = "ApiDialect, CallOptions, DisconnectErrorCode, DisconnectOptions, DisconnectResult";

test("TypeScript strict: ESM, CommonJS and bundlers", async () => {
  const esm = `import { DisconnectError, disconnectIfConnected, isDisconnectError } from "disconnect-if-connected";
    import type { ${names} } from "disconnect-if-connected";
    import { createSimulator, type Fault } from "disconnect-if-connected/simulator";
    import { init, disconnectIfConnected as own } from "disconnect-if-connected/wasm";
    const loaded: Promise<void> = init(new Uint8Array());
    void [loaded, init("/core.wasm"), init(() => fetch("/core.wasm")), own];
    // @ts-expect-error no source of the module
    void init();
    const fault: Fault = { on: "write", lost: "after" }; void [createSimulator, fault];`;
  const cjs = `import module = require("disconnect-if-connected");
    const { disconnectIfConnected, DisconnectError, isDisconnectError } = module;
    import simulator = require("disconnect-if-connected/simulator"); void simulator.createSimulator;
    import wasm = require("disconnect-if-connected/wasm"); void wasm.init(new URL("https://example.org/core.wasm"));
    ${names
      .split(", ")
      .map((name) => `type ${name} = module.${name};`)
      .join("\n")}`;
  await writeFile(join(project, "esm.mts"), esm + types);
  await writeFile(
    join(project, "cjs.cts"),
    cjs + types.replaceAll("instanceof DisconnectError", "instanceof module.DisconnectError"),
  );
  const flags = ["--noUncheckedIndexedAccess", "--lib", "ES2022,DOM"];
  await checkTypes(["esm.mts", "cjs.cts"], ...flags, "--module", "nodenext");
  await checkTypes(["esm.mts"], ...flags, "--module", "esnext", "--moduleResolution", "bundler");
});

test("the element in Node: importable on a server, registered nowhere; its types", async () => {
  const shown = "console.log(typeof RemoveCallerElement, Object.keys(RemoveCallerElement.languages).join());";
  const importing = (path) => `import { RemoveCallerElement } from "${path}"; ${shown}`;
  for (const path of ["element", "element/define", "element/react"]) {
    assert.equal(await node("element.mjs", importing(`disconnect-if-connected/${path}`)), "function en,de", path);
    const requiring = `const { RemoveCallerElement } = require("disconnect-if-connected/${path}"); ${shown}`;
    assert.equal(await node("element.cjs", requiring), "function en,de", path);
  }
  await writeFile(
    join(project, "element.mts"),
    `import "disconnect-if-connected/element/define";
    import { ConversationClient } from "disconnect-if-connected";
    import { RemoveCallerElement, type ConfirmMode } from "disconnect-if-connected/element";
    const element = document.createElement("remove-caller");
    const same: RemoveCallerElement | null = document.querySelector("remove-caller"); void same;
    element.client = new ConversationClient({ region: "us-east-1" });
    element.options = undefined;
    element.where = { purpose: ["customer"] };
    element.messages = { remove: "Drop" };
    const mode: ConfirmMode = element.confirmMode; void mode;
    element.addEventListener("remove-caller-before", (event) => event.detail.participant.id && event.preventDefault());
    element.addEventListener("remove-caller-outcome", ({ detail }) => detail.result.outcome);
    element.addEventListener("remove-caller-error", ({ detail: { participant, error } }) => [participant?.name, error]);
    element.addEventListener("click", (event) => event.preventDefault());
    const read: Promise<void> = element.refresh(); void read;
    // @ts-expect-error a mode that does not exist
    element.confirmMode = "sometimes";
    // @ts-expect-error a field that does not exist
    element.where = { role: "customer" };`,
  );
  await checkTypes(["element.mts"], "--module", "nodenext", "--lib", "ES2022,DOM");
});

test("the types of the WebAssembly module itself", async () => {
  const glue = join(root, "target", "wasm32-unknown-unknown", "release", "bindgen", "pkg", "core", "core.js");
  await writeFile(
    join(project, "module.mts"),
    `import init, { disconnectIfConnected, DisconnectError, type DisconnectResult } from ${JSON.stringify(glue)};
    await init({ module_or_path: new Uint8Array() });
    const options = { conversationId: "c", participantId: "p", accessToken: "t" };
    const result: DisconnectResult = await disconnectIfConnected(options);
    const error = new DisconnectError({ code: "CONFLICT" });
    void [result.outcome, error.toJSON()];
    // @ts-expect-error the ids are required
    void disconnectIfConnected({ accessToken: "t" });`,
  );
  await checkTypes(["module.mts"], "--skipLibCheck", "false", "--module", "nodenext", "--lib", "ES2022,DOM");
});

test("types without lib dom, and every kind of fetch and signal", async () => {
  await writeFile(
    join(project, "no-dom.mts"),
    `import { disconnectIfConnected, type DisconnectOptions } from "disconnect-if-connected";
    import { init } from "disconnect-if-connected/wasm";
    void [init(new Uint8Array()), init(new ArrayBuffer(8)), init("/core.wasm"), init(async () => "/core.wasm")];
    const ids = { conversationId: "c", participantId: "p", accessToken: "t", region: "us-east-1" };
    // A mock with only the parameters that it needs.
    const mock = async (_: string, { method }: { method: string }) => ({
      status: method === "GET" ? 200 : 204,
      headers: new Map<string, string>(),
    });
    const foreign: DisconnectOptions["fetch"] = async (url: string) => ({
      status: url.length,
      headers: { get: () => null },
      text: async () => "",
    });
    const signal = { aborted: false, addEventListener() {}, removeEventListener() {} };
    void [disconnectIfConnected({ ...ids, fetch: mock, signal }), foreign];
    // @ts-expect-error no fetch
    void disconnectIfConnected({ ...ids, fetch: 1 });`,
  );
  await writeFile(
    join(project, "dom.mts"),
    `import { disconnectIfConnected } from "disconnect-if-connected";
    import { init } from "disconnect-if-connected/wasm";
    const ids = { conversationId: "c", participantId: "p", accessToken: async () => "t", region: "us-east-1" };
    void disconnectIfConnected({ ...ids, fetch, signal: new AbortController().signal });
    void disconnectIfConnected({ ...ids, fetch: (url, init) => fetch(url, { ...init, keepalive: true }) });
    void [init(fetch("/core.wasm")), init(new URL("https://example.org")), init({} as WebAssembly.Module)];
    // @ts-expect-error no source
    void init();`,
  );
  await checkTypes(["no-dom.mts"], "--module", "nodenext", "--lib", "ES2022");
  await checkTypes(["dom.mts"], "--module", "nodenext", "--lib", "ES2022,DOM");
});

test("every export has a doc comment", async () => {
  for (const file of ["index.d.cts", "wasm.d.cts", "simulator.d.cts"]) {
    const types = await readFile(join(root, "pkg", file), "utf8");
    const names = [...types.matchAll(/^export (?:declare )?(?:function|interface|type|class|const) (\w+)/gm)];
    assert.ok(names.length > 0, file);
    for (const { 1: name, index } of names)
      assert.match(types.slice(0, index), /\*\/\n$/, `${name} of ${file} has no doc comment`);
  }
});

function command(args, { token, input, baseUrl } = {}) {
  const bin = join(project, "node_modules", ".bin", "disconnect-if-connected");
  const env = { ...process.env, GENESYS_CLOUD_ACCESS_TOKEN: token };
  if (token === undefined) delete env.GENESYS_CLOUD_ACCESS_TOKEN;
  return new Promise((resolve) => {
    const child = spawn(bin, baseUrl ? [...args, "--base-url", baseUrl] : args, { cwd: project, env });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(input ?? "");
  });
}

test("the command prints a timeline or JSON, and has an exit code for each outcome and error", async () => {
  const { createSimulator } = await import("./support/package.mjs");
  const schedule = (state) => [{ at: -1e6, state }];
  const participants = ["connected", "terminated", "queued"].map((state) => ({ id: state, schedule: schedule(state) }));
  const simulator = await createSimulator({
    conversations: [{ id: "c", participants }],
    accessToken: "a-secret-token",
  });
  const { baseUrl, close } = await simulator.listen();
  const token = "a-secret-token";
  try {
    const person = await command(["c", "connected", "--api", "calls", "--confirm"], { token, baseUrl });
    assert.equal(person.code, 0, person.stderr);
    assert.match(person.stdout, /→ PATCH .*participants\/connected\n.*← 202.*\n(.*\n)*.*= disconnected/);
    const piped = await command(["c", "terminated", "--json"], { input: `${token}\n`, baseUrl });
    assert.equal(piped.code, 0, piped.stderr);
    assert.equal(JSON.parse(piped.stdout).outcome, "already-disconnected");
    assert.equal((await command(["c", "queued", "--settle-ms", "20"], { token, baseUrl })).code, 3);
    const unknown = await command(["nobody", "x", "--json"], { token, baseUrl });
    assert.equal(unknown.code, 5);
    assert.equal(JSON.parse(unknown.stdout).error.code, "CONVERSATION_NOT_FOUND");
    assert.equal((await command(["c", "nobody", "--settle-ms", "20"], { token, baseUrl })).code, 4);
    const unauthorized = await command(["c", "queued"], { token: "not-the-token-0123", baseUrl });
    assert.equal(unauthorized.code, 6);
    assert.ok(!(unauthorized.stdout + unauthorized.stderr).includes("not-the-token-0123"));
    for (const option of ["--settle-ms", "--timeout-ms", "--request-timeout-ms", "--max-retries"]) {
      for (const value of ["soon", ""]) {
        const { code, stderr } = await command(["c", "queued", option, value], { token, baseUrl });
        assert.deepEqual([code, stderr.trim()], [2, `${option} takes a number, got "${value}"`]);
      }
    }
    assert.equal((await command(["c"], { token, baseUrl })).code, 2);
    assert.equal((await command(["c", "p", "--token", "x"], { token, baseUrl })).code, 2);
    assert.match((await command(["--help"])).stdout, /^Usage: disconnect-if-connected CONVERSATION \[PARTICIPANT\]/);
    const { version } = JSON.parse(await readFile(join(root, "pkg", "package.json"), "utf8"));
    assert.equal((await command(["--version"])).stdout.trim(), version);
  } finally {
    await close();
  }
});

test("the command completes when its output is closed", async () => {
  const { createSimulator } = await import("./support/package.mjs");
  const participants = [{ id: "p", schedule: [{ at: -1e6, state: "connected" }] }];
  const simulator = await createSimulator({
    conversations: [{ id: "c", participants }],
    // So that the reader is gone before the disconnect.
    faults: [{ on: "read", delayMs: 300 }],
  });
  const { baseUrl, close } = await simulator.listen();
  try {
    const cli = join(root, "pkg", "cli.js");
    const child = spawn(process.execPath, [cli, "c", "p", "--base-url", baseUrl], {
      env: { ...process.env, GENESYS_CLOUD_ACCESS_TOKEN: "a-secret-token" },
    });
    let errors = "";
    child.stderr.on("data", (text) => {
      errors += text;
    });
    child.stdout.once("data", () => child.stdout.destroy());
    const [code] = await once(child, "close");
    assert.deepEqual([code, errors], [0, ""]);
    assert.equal(simulator.state("c", "p"), "disconnected");
  } finally {
    await close();
  }
});

test("the tarball is complete, and the version is in one place", async () => {
  const files = packed.files.map(({ path }) => path).sort();
  assert.ok(
    files.includes("core.wasm") && files.includes("LICENSE-MIT") && files.includes("README.md"),
    files.join(" "),
  );
  assert.ok(!files.some((file) => /test|\.stamp|\.ts\.map|node_modules/.test(file)), files.join(" "));
  assert.ok(!files.some((file) => /^(error|encoding)\.js$/.test(file)), files.join(" "));
  const manifest = JSON.parse(await readFile(join(root, "pkg", "package.json"), "utf8"));
  const [, version] = /^version = "(.*)"$/m.exec(await readFile(join(root, "Cargo.toml"), "utf8"));
  assert.equal(packed.version, version);
  assert.equal(JSON.parse(await readFile(join(root, "js", "package.json"), "utf8")).version, undefined);
  assert.match(manifest.repository.url, /^git\+https:.*\.git$/);
  for (const field of ["description", "homepage", "bugs", "license"]) assert.ok(manifest[field], field);
  assert.equal(await readFile(join(root, "pkg", "README.md"), "utf8"), await readFile(join(root, "README.md"), "utf8"));
});

test("all code that a page may load is ASCII, so that a bundle works on a page of any encoding", async () => {
  for (const file of packed.files
    .map(({ path }) => path)
    .filter((path) => /\.[cm]?js$/.test(path) && path !== "cli.js")) {
    const text = await readFile(join(root, "pkg", file), "utf8");
    const other = [...text].find((character) => character.charCodeAt(0) > 127);
    assert.equal(other, undefined, `${file}: ${other}`);
  }
});

test("importing reads and changes no global except those of the language", async () => {
  const source = `
    const names = ["TextDecoder", "TextEncoder", "Buffer", "fetch", "AbortController", "WebAssembly"];
    for (const name of names) delete globalThis[name];
    const before = Object.getOwnPropertyNames(globalThis).join();
    require("disconnect-if-connected");
    require("disconnect-if-connected/wasm");
    require("disconnect-if-connected/simulator");
    console.log(Object.getOwnPropertyNames(globalThis).join() === before);`;
  assert.equal(await node("nothing.cjs", source), "true");
});

test("the README's first example runs as typed", async () => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const [, source] = /```js\n(.*?)```/s.exec(readme) ?? assert.fail("no example in the README");
  // The example's requests to its region go to a simulator.
  const lead = `
    import { createSimulator } from "disconnect-if-connected/simulator";
    const conversationId = "c", participantId = "p", accessToken = "a-secret-token";
    const participants = [{ id: "p", schedule: [{ at: -1e6, state: "connected" }] }];
    const simulator = await createSimulator({ conversations: [{ id: "c", participants }] });
    globalThis.fetch = simulator.fetch;`;
  assert.match(await node("readme.mjs", lead + source), /disconnected/);
  const required = source.replace(
    /import \{ (.*?) \} from ("disconnect-if-connected");/,
    "const { $1 } = require($2);",
  );
  const asScript = `(async () => { const { createSimulator } = require("disconnect-if-connected/simulator");
    ${lead.replace(/import .*\n/, "")} ${required} })();`;
  assert.match(await node("readme.cjs", asScript), /disconnected/);
});
