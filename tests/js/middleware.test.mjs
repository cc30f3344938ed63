// The webhook of www/middleware.mjs, against the simulator: what it answers.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { root } from "../../scripts/run.mjs";
import { createSimulator } from "./support/package.mjs";

const token = "a-secret-token-of-the-platform";
const secret = "a-secret-of-the-webhook";
let folder;
let middleware;
let simulator;
let platform;
let server;
let url;

before(async () => {
  // As a user has it: copied beside a node_modules that holds the package.
  folder = await mkdtemp(join(tmpdir(), "dic-middleware-"));
  await cp(join(root, "www", "middleware.mjs"), join(folder, "middleware.mjs"));
  await mkdir(join(folder, "node_modules"));
  await cp(join(root, "pkg"), join(folder, "node_modules", "disconnect-if-connected"), { recursive: true });
  middleware = await import(pathToFileURL(join(folder, "middleware.mjs")).href);

  const schedule = (state) => [{ at: -1e6, state }];
  const participants = ["connected", "terminated", "queued"].map((state) => ({ id: state, schedule: schedule(state) }));
  participants.push({ id: "another", schedule: schedule("connected") });
  simulator = await createSimulator({ conversations: [{ id: "c", participants }], accessToken: token });
  platform = await simulator.listen();
  const options = { api: "calls", baseUrl: platform.baseUrl, accessToken: token, settleMs: 20 };
  server = createServer(middleware.removeCaller({ secret, options })).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${server.address().port}/`;
});
after(async () => {
  server.close();
  server.closeAllConnections();
  await platform.close();
  await rm(folder, { recursive: true, force: true });
});

async function ask(body, { method = "POST", authorization = `Bearer ${secret}` } = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(url, {
    method,
    headers: { Authorization: authorization },
    ...(method === "GET" ? {} : { body: text }),
  });
  const answer = await response.text();
  assert.ok(!answer.includes(token) && !answer.includes(secret), "no secret in an answer");
  return { status: response.status, headers: response.headers, ...JSON.parse(answer) };
}

test("every outcome is a 200 that says what became of the participant", async () => {
  const outcome = async (participantId) => {
    const { status, outcome } = await ask({ conversationId: "c", participantId });
    return `${status} ${outcome}`;
  };
  assert.equal(await outcome("connected"), "200 disconnected");
  assert.equal(await outcome("terminated"), "200 already-disconnected");
  assert.equal(await outcome("queued"), "200 not-connected");
  const onBehalf = await ask({ conversationId: "c", participantId: "another", userId: "u" });
  assert.equal(onBehalf.outcome, "disconnected");
  assert.match(onBehalf.timeline.findLast(({ type }) => type === "request").path, /\/participants\/another\/user\/u$/);
});

test("errors have the status that fits, a code and advice", async () => {
  const told = async (body, options) => {
    const { status, code } = await ask(body, options);
    return `${status} ${code}`;
  };
  assert.equal(await told({ conversationId: "c", participantId: "nobody" }), "404 PARTICIPANT_NOT_FOUND");
  assert.equal(await told({ conversationId: "c" }), "400 INVALID_ARGUMENT");
  assert.equal(await told("no json"), "400 NOT_JSON");
  assert.equal(await told("null"), "400 NOT_JSON");
  assert.equal(await told("x".repeat(5_000)), "413 BODY_TOO_LARGE");
  assert.equal(await told("", { method: "GET" }), "405 METHOD_NOT_ALLOWED");
  const requests = simulator.log().length;
  assert.equal(
    await told({ conversationId: "c", participantId: "connected" }, { authorization: "Bearer wrong" }),
    "401 WEBHOOK_UNAUTHORIZED",
  );
  assert.equal(simulator.log().length, requests, "nobody asked the platform");
});

test("the platform's Retry-After is handed on", async () => {
  simulator.addFault({ on: "read", status: 429, headers: [["Retry-After", "30"]] });
  const { status, code, headers } = await ask({ conversationId: "c", participantId: "queued" });
  assert.deepEqual([status, code, headers.get("retry-after")], [503, "RATE_LIMITED", "30"]);
});

test("a token is asked for once, and again where the platform refused it or the login failed", async () => {
  let logins = 0;
  const login = async (address, { headers }) => {
    assert.equal(address, "https://login.mypurecloud.ie/oauth/token");
    assert.equal(headers.Authorization, `Basic ${btoa("id:key")}`);
    logins++;
    return logins === 1 ? new Response(null, { status: 500 }) : Response.json({ access_token: `token-${logins}` });
  };
  const provide = middleware.clientCredentials({
    domain: "mypurecloud.ie",
    clientId: "id",
    clientSecret: "key",
    fetch: login,
  });
  await assert.rejects(provide({ refresh: false }), /login\.mypurecloud\.ie answered 500/);
  assert.deepEqual(await Promise.all([provide({ refresh: false }), provide({ refresh: false })]), [
    "token-2",
    "token-2",
  ]);
  assert.equal(await provide({ refresh: true }), "token-3");
  assert.equal(await provide({ refresh: false }), "token-3");
});

test("started without its settings, it says which", () => {
  const { status, stderr } = spawnSync(process.execPath, [join(folder, "middleware.mjs")], {
    env: { PATH: process.env.PATH },
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.match(stderr, /^Set WEBHOOK_SECRET, GENESYS_CLOUD_CLIENT_ID/);
});
