// The vendor's SDK as a reference: against the same simulator it sends the same method, path and body, and the
// simulator's bodies satisfy its types. Its limits are tested here, and listed in docs/comparison.md.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect, promisify } from "node:util";
import platformClient from "purecloud-platform-client-v2/dist/node/purecloud-platform-client-v2.js";
import { root } from "../../scripts/run.mjs";
import { createSimulator, disconnectIfConnected } from "./support/package.mjs";

const TOKEN = "a-secret-token-0123456789";
const ids = ["3f2a9c10-7d5e-4b8a-9c41-5d2f6e8b1a07", "b71c02de-1f4a-4e0c-8a6b-90d3c5e7f218"];
const purposes = ["agent", "customer", "acd", "ivr", "external"];

async function platform(context, config) {
  const others = purposes.map((purpose) => ({
    id: `${purpose}-leg`,
    purpose,
    userId: "u-1",
    held: true,
    schedule: [{ state: "connected" }],
  }));
  const participants = [{ id: ids[1], name: "Grace", schedule: [{ state: "connected" }] }, ...others];
  const simulator = await createSimulator({
    conversations: [{ id: ids[0], participants }],
    accessToken: TOKEN,
    ...config,
  });
  const server = await simulator.listen();
  context.after(() => server.close());
  const client = platformClient.ApiClient.instance;
  client.setGateway({
    host: "127.0.0.1",
    protocol: "http",
    port: server.port,
    path_params_login: "",
    path_params_api: "",
  });
  client.setAccessToken(TOKEN);
  return { simulator, baseUrl: server.baseUrl, sdk: new platformClient.ConversationsApi() };
}

const ours = (baseUrl, more) =>
  disconnectIfConnected({
    conversationId: ids[0],
    participantId: ids[1],
    accessToken: TOKEN,
    baseUrl,
    api: "calls",
    ...more,
  });
const asked = (simulator) => simulator.log().map(({ method, path, body }) => ({ method, path, body }));

test("the same requests, to the byte", async (context) => {
  const theirs = await platform(context);
  await theirs.sdk.getConversationsCall(ids[0]);
  await theirs.sdk.patchConversationsCallParticipant(...ids, { state: "disconnected" });
  const own = await platform(context);
  assert.equal((await ours(own.baseUrl)).outcome, "disconnected");
  assert.deepEqual(asked(own.simulator), asked(theirs.simulator));
});

test("the same request on behalf of a user", async (context) => {
  const theirs = await platform(context);
  await theirs.sdk.patchConversationsCallParticipantUserUserId(...ids, "u-1", { state: "disconnected" });
  const own = await platform(context);
  await ours(own.baseUrl, { onBehalfOf: "u-1" });
  assert.deepEqual(asked(own.simulator)[1], asked(theirs.simulator)[0]);
});

test("the simulator's bodies satisfy the SDK's types", async (context) => {
  const { baseUrl } = await platform(context);
  const read = async (path) => (await fetch(baseUrl + path, { headers: { Authorization: `Bearer ${TOKEN}` } })).text();
  const bodies = {
    CallConversation: await read(`/api/v2/conversations/calls/${ids[0]}`),
    Conversation: await read(`/api/v2/conversations/${ids[0]}`),
    ErrorBody: await read("/api/v2/conversations/calls/nobody"),
  };
  const folder = await mkdtemp(join(tmpdir(), "dic-sdk-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const values = Object.entries(bodies).map(
    ([name, body]) => `export const a${name}: Partial<platformClient.Models.${name}> = ${body};`,
  );
  const sdk = JSON.stringify(join(root, "node_modules", "purecloud-platform-client-v2"));
  // Absent references are null in the body; the SDK's types have no null.
  const source = `import platformClient from ${sdk};\n${values
    .join("\n")
    .replaceAll(/"\w+":null,?/g, "")
    .replaceAll(",}", "}")}`;
  await writeFile(join(folder, "bodies.ts"), source);
  const tsc = join(root, "node_modules", ".bin", "tsc");
  const flags = [
    "--noEmit",
    "--ignoreConfig",
    "--strict",
    "--skipLibCheck",
    "--esModuleInterop",
    "--module",
    "esnext",
    "--moduleResolution",
    "bundler",
  ];
  await promisify(execFile)(tsc, [...flags, "--target", "es2022", "--types", "", join(folder, "bodies.ts")]).catch(
    ({ stdout }) => assert.fail(stdout.replaceAll(folder, "").slice(0, 2_000)),
  );
});

// Limits of the SDK; a fix upstream makes one of these fail, and then docs/comparison.md has to change.

test("SDK: a failure is a plain object, without the correlation header and the Retry-After", async (context) => {
  const { sdk } = await platform(context, { faults: [{ on: "write", status: 429, headers: [["Retry-After", "7"]] }] });
  const error = await sdk.patchConversationsCallParticipant(...ids, { state: "disconnected" }).catch((error) => error);
  assert.equal(error instanceof Error, false);
  assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes("'7'"));
});

test("SDK: an AbortSignal is not looked at", async (context) => {
  const { sdk } = await platform(context, { faults: [{ on: "read", delayMs: 60 }] });
  const read = await sdk.getConversationsCall(ids[0], { signal: AbortSignal.abort() });
  assert.equal(read.id, ids[0]);
});

test("SDK: a lost connection rejects with an error that holds the token; ours does not", async (context) => {
  const lost = { faults: [{ lost: "before", times: 9 }] };
  const theirs = await platform(context, lost);
  const error = await theirs.sdk.getConversationsCall(ids[0]).catch((error) => error);
  assert.ok(inspect(error, { depth: 9 }).includes(TOKEN));
  const own = await platform(context, lost);
  const ourError = await ours(own.baseUrl, { maxRetries: 0 }).catch((error) => error);
  assert.equal(ourError.code, "NETWORK");
  assert.ok(!inspect(ourError, { depth: 9 }).includes(TOKEN));
});

test("SDK: a disconnect of a participant that is gone is an error to be recognised by hand", async (context) => {
  const { sdk } = await platform(context);
  await sdk.patchConversationsCallParticipant(...ids, { state: "disconnected" });
  const again = await sdk.patchConversationsCallParticipant(...ids, { state: "disconnected" }).catch((error) => error);
  assert.equal(again.code, "conversation.error.call.disconnected");
});
