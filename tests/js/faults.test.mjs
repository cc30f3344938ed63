// Network faults over real sockets: broken TLS, half-open and slow connections, compression, reused connections.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { root } from "../../scripts/run.mjs";
import { disconnectIfConnected } from "./support/package.mjs";

const base = { conversationId: "c", participantId: "p", accessToken: "a-secret-token-0123456789" };
const participants = (state) => JSON.stringify({ entities: [{ id: "p", state }] });

/** Serves on a free port until the test ends. */
async function listen(context, server) {
  const sockets = new Set();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: server.address().port };
}

const call = (port, more) => disconnectIfConnected({ ...base, baseUrl: `http://127.0.0.1:${port}`, ...more });

test("a half-open connection: accepted, and never answered", async (context) => {
  const { port } = await listen(
    context,
    createTcpServer(() => {}),
  );
  await assert.rejects(call(port, { requestTimeoutMs: 50, maxRetries: 1 }), (error) => {
    assert.equal(error.code, "NETWORK");
    assert.deepEqual(
      error.timeline.filter(({ type }) => type === "response").map(({ failure }) => failure),
      ["timeout", "timeout"],
    );
    return true;
  });
  await assert.rejects(call(port, { timeoutMs: 50 }), { code: "TIMEOUT", mayHaveDisconnected: false });
});

test("a connection that is reset, and a server that does not use HTTP", async (context) => {
  for (const speak of [(socket) => socket.destroy(), (socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n")]) {
    const { port } = await listen(
      context,
      createTcpServer((socket) => socket.on("data", () => speak(socket)).on("error", () => {})),
    );
    await assert.rejects(call(port, { maxRetries: 1 }), { code: "NETWORK" });
  }
});

test("a slow-loris body ends with the deadline of the request", async (context) => {
  let opened = 0;
  let closed = 0;
  const server = createServer((_, response) => {
    opened++;
    response.writeHead(200, { "Content-Type": "application/json" });
    const drip = setInterval(() => response.write(" "), 5);
    response.on("close", () => {
      clearInterval(drip);
      closed++;
    });
  });
  const { port } = await listen(context, server);
  await assert.rejects(call(port, { requestTimeoutMs: 60, maxRetries: 1 }), { code: "NETWORK" });
  await assert.rejects(call(port, { timeoutMs: 60 }), { code: "TIMEOUT" });
  // On a slow machine the deadline may come before the request.
  assert.ok(opened > 0);
  while (closed < opened) await new Promise((resolve) => setTimeout(resolve, 5));
});

test("an endless body is not read past the limit, and its connection is closed", async (context) => {
  let sent = 0;
  let closed;
  const server = createServer((_, response) => {
    closed = once(response, "close");
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, 32))) sent += 65_536;
    };
    response.on("drain", more);
    more();
  });
  const { port } = await listen(context, server);
  await assert.rejects(call(port, { maxResponseBytes: 1_000_000 }), {
    code: "BAD_RESPONSE",
    message: /maxResponseBytes/,
  });
  await closed;
  assert.ok(sent < 50_000_000, `${sent} bytes were sent`);
});

test("gzip, brotli and deflate bodies; a bomb is limited by its decompressed size", async (context) => {
  for (const [encoding, compress] of Object.entries({ gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync })) {
    let body = participants("terminated");
    const server = createServer((_, response) =>
      response.writeHead(200, { "Content-Encoding": encoding }).end(compress(body)),
    );
    const { port } = await listen(context, server);
    assert.equal((await call(port)).outcome, "already-disconnected", encoding);
    body = `{"entities":[],"x":"${" ".repeat(9_000_000)}"}`;
    await assert.rejects(call(port), { code: "BAD_RESPONSE", message: /maxResponseBytes/ }, encoding);
  }
});

test("Connection: close after every answer", async (context) => {
  let connections = 0;
  const server = createServer((request, response) => {
    response.writeHead(request.method === "GET" ? 200 : 204, { Connection: "close" });
    response.end(request.method === "GET" ? participants("connected") : undefined);
  }).on("connection", () => connections++);
  const { port } = await listen(context, server);
  assert.equal((await call(port)).outcome, "disconnected");
  assert.equal(connections, 2);
});

test("keep-alive: two requests on one connection, and a fresh one after an abort", async (context) => {
  let connections = 0;
  let silent = false;
  const server = createServer((request, response) => {
    if (silent) return;
    response
      .writeHead(request.method === "GET" ? 200 : 202)
      .end(request.method === "GET" ? participants("connected") : "");
  }).on("connection", () => connections++);
  const { port } = await listen(context, server);
  assert.equal((await call(port)).outcome, "disconnected");
  const first = connections;
  silent = true;
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  await assert.rejects(call(port, { signal: controller.signal }), { name: "AbortError" });
  silent = false;
  for (let left = 3; left > 0; left--) assert.equal((await call(port)).outcome, "disconnected");
  assert.ok(connections <= first + 2, `${connections} connections, ${first} before the abort`);
});

test("TLS: a certificate for another host, and a self-signed one", async (context) => {
  const file = (name) => readFile(join(root, "tests", "support", "tls", name));
  const options = { key: await file("key.pem"), cert: await file("cert.pem") };
  let requests = 0;
  const server = createTlsServer(options, (_, response) => {
    requests++;
    response.end(participants("terminated"));
  });
  const { port } = await listen(context, server);
  await assert.rejects(
    disconnectIfConnected({ ...base, baseUrl: `https://127.0.0.1:${port}`, maxRetries: 0 }),
    (error) => {
      assert.equal(error.code, "NETWORK");
      assert.equal(error.cause.cause.code, "DEPTH_ZERO_SELF_SIGNED_CERT");
      return true;
    },
  );
  // In a process that trusts the certificate, which is for localhost only.
  const source = `
    import { disconnectIfConnected } from ${JSON.stringify(new URL("../../pkg/index.node.mjs", import.meta.url).href)};
    const base = { ...${JSON.stringify(base)}, maxRetries: 0 };
    const end = (host) => disconnectIfConnected({ ...base, baseUrl: "https://" + host + ":${port}" })
      .then((result) => result.outcome, (error) => error.code + " " + error.cause.cause.code);
    console.log(await end("127.0.0.1"), "|", await end("localhost"));`;
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(root, "tests", "support", "tls", "cert.pem") };
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", source], { env });
  assert.equal(stdout.trim(), "NETWORK ERR_TLS_CERT_ALTNAME_INVALID | already-disconnected");
  assert.equal(requests, 1);
});
