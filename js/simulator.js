// @ts-check
// The simulated platform for tests: in the process as a `fetch`, over HTTP by `listen`.

import { lazily } from "./load.js";
import bytes from "./simulator-core.inline.js";
import init, { Simulator } from "./simulator-core.js";
import { createSockets } from "./simulator-sockets.js";

const load = lazily(() => init({ module_or_path: bytes() }));

/** @param {number} ms @param {AbortSignal | null | undefined} [signal] */
const sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve(undefined);
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });

/** @type {typeof import("./simulator.cjs").createSimulator} */
export const createSimulator = async ({ now, ...config }) => {
  await load();
  const started = performance.now();
  let latest = 0;
  // Its own clock never goes back, also where fake timers replace `performance.now` meanwhile. A caller's clock may:
  // the page looks at the states of earlier times.
  const own = () => {
    latest = Math.max(latest, performance.now() - started);
    return latest;
  };
  const clock = now ?? own;
  const core = new Simulator(JSON.stringify(now ? config : { startedAtMs: Date.now(), ...config }));
  const sockets = createSockets(core, clock);
  let { notifications } = config;
  /** @param {object} request */
  const handle = (request) => {
    const reply = JSON.parse(core.handle(JSON.stringify(request), clock()));
    sockets.wake();
    return reply;
  };

  return {
    now: clock,
    state: (conversationId, participantId) => core.state(conversationId, participantId, clock()),
    shownState: (conversationId, participantId) => core.shownState(conversationId, participantId, clock()),
    setState: (conversationId, participantId, state) => {
      core.setState(conversationId, participantId, state, clock());
      sockets.wake();
    },
    notification: (conversationId, topic = "v2.users.u-1.conversations.calls") =>
      JSON.parse(core.notification(conversationId, topic, clock())),
    addFault: (fault) => core.addFault(JSON.stringify(fault)),
    log: () => JSON.parse(core.log()),
    channels: () => JSON.parse(core.channels()),
    setNotifications: (changes) => {
      const changed = { ...notifications, ...changes };
      core.setNotifications(JSON.stringify(changed), clock());
      notifications = changed;
      sockets.wake();
    },
    cutChannels: ({ notice = false } = {}) => {
      core.cut(notice, clock());
      sockets.wake();
    },
    revokeTokens: () => core.revokeTokens(),
    fetch: (input, init) => inProcess(handle, input, init),
    WebSocket: sockets.WebSocket,
    listen: (port, host) => listen(handle, sockets, port, host),
  };
};

/** The parts of a `Request` that the simulator uses. @param {any} request */
const partsOf = ({ method, headers, signal }) => ({ method, headers, signal });

/** @param {any} body any body that fetch accepts */
const textOf = async (body) => (typeof body === "string" ? body : body ? await new Response(body).text() : "");

/**
 * The platform as a `fetch`.
 * @param {(request: object) => any} handle
 * @param {any} input an address, or a `Request`
 * @param {RequestInit} [init]
 */
async function inProcess(handle, input, init = {}) {
  const isRequest = typeof input === "object" && "method" in input;
  const own = isRequest && { ...partsOf(input), body: await input.clone().text() };
  const { signal, method = "GET", ...request } = { ...own, ...init };
  signal?.throwIfAborted();
  const { pathname, search, host } = new URL(isRequest ? input.url : input);
  const headers = new Headers(request.headers);
  const body = await textOf(request.body);
  const reply = handle({
    // As in fetch: these methods become upper case, `patch` does not.
    method: method.replace(/^(delete|get|head|options|post|put)$/i, (/** @type {string} */ name) => name.toUpperCase()),
    path: pathname + search,
    body,
    authorization: headers.get("authorization"),
    streamingOrigin: `wss://${host.replace(/^(api|login)\./, "streaming.")}`,
  });
  const { delivery } = reply;
  if (delivery.kind === "hang") await sleep(2 ** 31 - 1, signal);
  if (reply.delayMs > 0) await sleep(reply.delayMs, signal);
  if (delivery.kind === "lost")
    throw new TypeError("fetch failed", { cause: new Error("the simulator lost the connection") });
  const responseInit = { status: reply.status, headers: reply.headers };
  if ([204, 205, 304].includes(reply.status)) return new Response(null, responseInit);
  const bytes = new TextEncoder().encode(reply.body);
  if (delivery.kind === "whole") return new Response(bytes, responseInit);
  let sent = 0;
  const stream = new ReadableStream({
    start: (controller) => signal?.addEventListener("abort", () => controller.error(signal.reason), { once: true }),
    async pull(controller) {
      const end = Math.min(delivery.kind === "cut" ? delivery.bytes : bytes.length, bytes.length);
      if (sent >= end) {
        if (delivery.kind === "cut") controller.error(new TypeError("terminated"));
        else controller.close();
        return;
      }
      if (delivery.kind === "slow") await sleep(delivery.pauseMs, signal);
      const to = Math.min(end, sent + (delivery.kind === "slow" ? delivery.bytes : end));
      controller.enqueue(bytes.slice(sent, to));
      sent = to;
    },
  });
  return new Response(stream, responseInit);
}

/** The headers that a page of another origin may read, as the official SDK's documentation shows for a browser. */
const EXPOSED = "inin-ratelimit-allowed, inin-ratelimit-count, inin-ratelimit-reset, ININ-Correlation-Id, Retry-After";
const PREFLIGHT = {
  "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
  "Access-Control-Allow-Headers": "Authorization, Content-Type",
  "Access-Control-Max-Age": "600",
};

/**
 * The platform over HTTP.
 * @param {(request: object) => any} handle
 * @param {ReturnType<typeof createSockets>} sockets
 * @param {number} [port]
 * @param {string} [host]
 */
async function listen(handle, sockets, port = 0, host = "127.0.0.1") {
  // Not a static import, which browsers lack, nor a dynamic one, which Jest lacks.
  const http = globalThis.process?.getBuiltinModule?.("node:http");
  if (!http)
    throw new Error("simulator.listen() needs Node 20.16 or later, Deno or Bun; elsewhere pass simulator.fetch");
  const server = http.createServer(async (request, response) => {
    // A page is of another origin than the simulator, as it is of another than the platform.
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Expose-Headers", EXPOSED);
    if (request.method === "OPTIONS") return response.writeHead(204, PREFLIGHT).end();
    try {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const reply = handle({
        method: request.method,
        path: request.url,
        body: Buffer.concat(chunks).toString(),
        authorization: request.headers.authorization,
        streamingOrigin: `ws://${request.headers.host}`,
      });
      const { delivery } = reply;
      if (delivery.kind === "hang") return;
      if (reply.delayMs > 0) await sleep(reply.delayMs);
      if (delivery.kind === "lost") return request.socket.destroy();
      const body = Buffer.from(reply.body);
      const length = reply.status === 204 ? {} : { "Content-Length": String(body.length) };
      response.writeHead(reply.status, { ...Object.fromEntries(reply.headers), ...length });
      if (delivery.kind === "whole") return response.end(body);
      response.flushHeaders();
      if (delivery.kind === "cut") {
        response.write(body.subarray(0, delivery.bytes), () => request.socket.destroy());
        return;
      }
      for (let sent = 0; sent < body.length && !response.destroyed; sent += delivery.bytes) {
        await sleep(delivery.pauseMs);
        response.write(body.subarray(sent, sent + delivery.bytes));
      }
      response.end();
    } catch (error) {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    }
  });
  const closeSockets = sockets.serve(server);
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, host, () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    baseUrl: `http://${host}:${address.port}`,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve(undefined));
        closeSockets();
        server.closeAllConnections();
      }),
  };
}
