// What the examples of the documents take for granted: ids, options, a token, and a platform behind the global fetch.
// `blocks.test.mjs` imports it before each example.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { createSimulator } from "disconnect-if-connected/simulator";

const schedule = [{ at: -60_000, state: "connected" }];
const participants = [
  { id: "p-1", purpose: "customer", schedule },
  { id: "p-2", purpose: "agent", userId: "u-ada", schedule },
];
const conversations = [{ id: "c-1", participants }];
const simulator = await createSimulator({ conversations });
const overNetwork = globalThis.fetch;
globalThis.fetch = (url, init) =>
  String(url).startsWith("http://127.0.0.1") ? overNetwork(url, init) : simulator.fetch(url, init);

const getToken = async () => "a-token";
Object.assign(globalThis, {
  conversationId: "c-1",
  participantId: "p-1",
  accessToken: "a-token",
  getToken,
  login: getToken,
  channel: {},
  element: {},
  options: { conversationId: "c-1", participantId: "p-1", accessToken: "a-token", region: "us-east-1", api: "calls" },
});

// An example with a proxy gets a real one, and the platform over HTTP: in a thread, which ends with the example.
if (process.env.WITH_PROXY) {
  const servers = new Worker(new URL("proxy.mjs", import.meta.url), { workerData: conversations, execArgv: [] });
  servers.unref();
  const [{ baseUrl, proxyUrl }] = await once(servers, "message");
  const { region, ...others } = globalThis.options;
  globalThis.options = { ...others, baseUrl };
  process.env.HTTPS_PROXY = proxyUrl;
}
