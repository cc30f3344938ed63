// The recipes of www/recipes, each in its own host or framework, against the simulator over HTTP.
import assert from "node:assert/strict";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { root } from "../../scripts/run.mjs";
import { accessToken, connected, createSimulator, folder, secret, signed } from "./support.mjs";

let recipes;
let simulator;
let platform;

before(async () => {
  // In a folder with a node_modules, as in an application.
  recipes = mkdtempSync(join(tmpdir(), "dic-recipes-"));
  cpSync(join(root, "www", "recipes"), recipes, { recursive: true });
  symlinkSync(join(folder, "node_modules"), join(recipes, "node_modules"));
  const participants = readdirSync(recipes).map((id) => connected(id));
  simulator = await createSimulator({ conversations: [{ id: "c", participants }], accessToken });
  platform = await simulator.listen();
  process.env.WEBHOOK_SECRET = secret;
  process.env.GENESYS_CLOUD_ACCESS_TOKEN = accessToken;
  process.env.GENESYS_CLOUD_BASE_URL = platform.baseUrl;
});
after(async () => {
  await platform.close();
  rmSync(recipes, { recursive: true, force: true });
});

const load = (name) => import(pathToFileURL(join(recipes, name)).href);

/** Checks a recipe: a removal, a repetition, and refusals; `send(body, headers)` returns { status, headers, body }. */
async function check(participantId, send) {
  const ask = (order, headers) => {
    const body = JSON.stringify(order);
    return send(body, headers ?? signed(body));
  };
  const done = await ask({ conversationId: "c", participantId });
  assert.deepEqual([done.status, done.body.outcome, done.body.participantId], [200, "disconnected", participantId]);
  assert.equal((await ask({ conversationId: "c", participantId })).body.outcome, "already-disconnected");
  const invalid = await ask({ conversationId: "c" });
  assert.deepEqual([invalid.status, invalid.body.code], [400, "INVALID_ARGUMENT"]);
  const forged = await ask({ conversationId: "c", participantId }, signed("{}"));
  assert.deepEqual([forged.status, forged.body.code], [401, "BAD_SIGNATURE"]);
  simulator.addFault({ status: 429, headers: [["Retry-After", "60"]] });
  const limited = await ask({ conversationId: "c", participantId: "web.mjs" });
  assert.deepEqual(
    [limited.status, limited.body.code, limited.headers.get("retry-after")],
    [503, "RATE_LIMITED", "60"],
  );
}

const answerOf = async (response) => ({
  status: response.status,
  headers: response.headers,
  body: await response.json(),
});

test("Express 5, in 20 lines", async () => {
  const lines = readFileSync(join(recipes, "express.mjs"), "utf8")
    .split("\n")
    .filter((line) => /^\s*[^\s/]/.test(line));
  assert.ok(lines.length <= 20, `${lines.length}`);
  const { app } = await load("express.mjs");
  const server = app({ secret, accessToken, api: "calls", baseUrl: platform.baseUrl }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}/remove`;
  await check("express.mjs", async (body, headers) => answerOf(await fetch(url, { method: "POST", headers, body })));
  server.close();
  server.closeAllConnections();
});

test("a Next.js route", async () => {
  const { POST } = await load("next-route.mjs");
  await check("next-route.mjs", async (body, headers) =>
    answerOf(await POST(new Request("http://localhost/api/remove", { method: "POST", headers, body }))),
  );
});

test("AWS Lambda, bundled by esbuild", async () => {
  const { build } = await import("esbuild");
  const outfile = join(recipes, "bundle.cjs");
  const entryPoints = [join(recipes, "lambda.mjs")];
  await build({ entryPoints, outfile, bundle: true, platform: "node", format: "cjs", logLevel: "error" });
  const { handler } = await import(pathToFileURL(outfile).href);
  await check("lambda.mjs", async (body, headers) => {
    const event = { headers, body: Buffer.from(body).toString("base64"), isBase64Encoded: true };
    const { statusCode, headers: given, body: text } = await handler(event);
    return { status: statusCode, headers: new Headers(given), body: JSON.parse(text) };
  });
});

// In workerd itself it runs in `npm run test:hosts`.
test("Cloudflare Workers, by its fetch handler", async () => {
  const { default: worker } = await load("worker.mjs");
  await check("worker.mjs", async (body, headers) =>
    answerOf(await worker.fetch(new Request("http://localhost/", { method: "POST", headers, body }), process.env)),
  );
});
