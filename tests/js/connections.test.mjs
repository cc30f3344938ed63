// Requests as Node's fetch gets them; those that follow each other share a connection.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { mock, test } from "node:test";
import { ConversationClient, createSimulator, disconnectIfConnected } from "./support/package.mjs";

const participant = (id) => ({ id, schedule: [{ at: -1e6, state: "connected" }] });
const accessToken = "a-token";

/** A server with the simulator's responses that counts its connections. */
async function serve(context) {
  const participants = ["p-0", "p-1", "p-2"].map(participant);
  const simulator = await createSimulator({ conversations: [{ id: "c", participants }] });
  const counted = { connections: 0 };
  const server = createServer(async (request, response) => {
    const { url, method, headers } = request;
    const body = method === "GET" ? undefined : await text(request);
    const simulated = await simulator.fetch(`http://localhost${url}`, { method, headers, body });
    response.writeHead(simulated.status, Object.fromEntries(simulated.headers)).end(await simulated.text());
  });
  server.on("connection", () => counted.connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  return { counted, baseUrl: `http://127.0.0.1:${server.address().port}` };
}

test("a removal reads and writes over one connection", async (context) => {
  const { counted, baseUrl } = await serve(context);
  const { requests } = await disconnectIfConnected({ conversationId: "c", participantId: "p-0", accessToken, baseUrl });
  assert.deepEqual({ requests, ...counted }, { requests: 2, connections: 1 });
});

test("removals one after the other share it, with the function and with a client", async (context) => {
  const { counted, baseUrl } = await serve(context);
  const client = new ConversationClient({ conversationId: "c", accessToken, baseUrl });
  await client.disconnectIfConnected({ participantId: "p-0" });
  await client.disconnectIfConnected({ participantId: "p-1" });
  await disconnectIfConnected({ conversationId: "c", participantId: "p-2", accessToken, baseUrl });
  assert.deepEqual(counted, { connections: 1 });
});

test("no cache answers a request", async () => {
  const simulator = await createSimulator({ conversations: [{ id: "c", participants: [participant("p")] }] });
  const caches = [];
  const fetch = (url, init) => {
    caches.push([init.method, init.cache]);
    return simulator.fetch(url, init);
  };
  const target = { conversationId: "c", participantId: "p" };
  await disconnectIfConnected({ ...target, accessToken, region: "us-east-1", fetch });
  assert.deepEqual(caches, [
    ["GET", "no-store"],
    ["POST", "no-store"],
  ]);
});

test("fake timers do not stop a call", async (context) => {
  const simulator = await createSimulator({ conversations: [{ id: "c", participants: [participant("p")] }] });
  mock.method(globalThis, "fetch", simulator.fetch);
  mock.timers.enable();
  context.after(() => mock.reset());
  const target = { conversationId: "c", participantId: "p" };
  const { outcome } = await disconnectIfConnected({ ...target, accessToken, region: "us-east-1" });
  assert.equal(outcome, "disconnected");
});
