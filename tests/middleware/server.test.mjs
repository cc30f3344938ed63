// The server process of the middleware: configuration, tokens, log and shutdown.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../scripts/run.mjs";
import {
  ask,
  atTheEnd,
  clientCredentials,
  configuration,
  connected,
  createSimulator,
  delay,
  post,
  REGIONS,
  secret,
  start,
  statusToken,
} from "./support.mjs";

const credentials = {
  GENESYS_CLOUD_CLIENT_ID: "id-of-the-client",
  GENESYS_CLOUD_CLIENT_SECRET: "secret-of-the-client",
};
const order = { conversationId: "c", participantId: "p" };

/** A login host with the test's answers, and a record of its requests. */
async function loginHost(answer) {
  const asked = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    asked.push({ url: request.url, authorization: request.headers.authorization, body });
    answer(response, asked.length);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  atTheEnd(close);
  return { loginUrl: `http://127.0.0.1:${server.address().port}`, asked, close };
}

const json = (response, status, body, headers) =>
  response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));

// ---- Configuration ----

test("all mistakes of a configuration come in one message, without any value", () => {
  const wrong = {
    PORT: "http",
    WEBHOOK_SECRET: "whsec_short",
    GENESYS_CLOUD_REGION: "us-east-9",
    GENESYS_CLOUD_CLIENT_SECRET: "hush-hush-hush",
    GENESYS_CLOUD_LOGIN_URL: "http://login.example.test",
    API: "chat",
    ANSWER_WITHIN_MS: "-1",
    LOG_LEVEL: "loud",
    QUEUE_URL: "postgres://localhost",
  };
  assert.throws(
    () => configuration(wrong),
    ({ message }) => {
      for (const name of Object.keys(wrong)) assert.ok(message.includes(name), `${name}: ${message}`);
      for (const name of ["WEBHOOK_SECRET", "GENESYS_CLOUD_CLIENT_SECRET"]) {
        assert.ok(!message.includes(wrong[name]), message);
      }
      return true;
    },
  );
  const good = { WEBHOOK_SECRET: secret, GENESYS_CLOUD_REGION: "us-east-1", ...credentials };
  for (const [more, mistake] of [
    [{ WEBHOOK_SECRET: undefined }, /WEBHOOK_SECRET is missing/],
    [{ WEBHOOK_SECRET: `${secret} nonsense` }, /WEBHOOK_SECRET/],
    [{ GENESYS_CLOUD_REGION: "" }, /GENESYS_CLOUD_REGION or GENESYS_CLOUD_BASE_URL/],
    [{ GENESYS_CLOUD_BASE_URL: "https://gateway.example.test" }, /one of the two/],
    [
      { GENESYS_CLOUD_REGION: "", GENESYS_CLOUD_BASE_URL: "https://g.example.test" },
      /GENESYS_CLOUD_LOGIN_URL is missing/,
    ],
    [{ GENESYS_CLOUD_ACCESS_TOKEN: "tok" }, /not both/],
    [{ GENESYS_CLOUD_ACCESS_TOKEN: "Bearer tok" }, /visible ASCII/],
    [{ GENESYS_CLOUD_REGION: "", GENESYS_CLOUD_BASE_URL: "https://u:p@g.example.test" }, /without a user/],
    [{ WEBHOOK_SECRET: "whsec_!!this_is*not?base64:but-long-enough###" }, /WEBHOOK_SECRET/],
    [{ GENESYS_CLOUD_CLIENT_SECRET: "" }, /belong together/],
    [{ GENESYS_CLOUD_CLIENT_ID: "", GENESYS_CLOUD_CLIENT_SECRET: "" }, /or GENESYS_CLOUD_ACCESS_TOKEN/],
  ]) {
    assert.throws(() => configuration({ ...good, ...more }), { message: mistake });
  }
  const { port, host, api, region, loginUrl, secrets, answerWithinMs, maxAgeMs, logLevel } = configuration({
    ...good,
    WEBHOOK_SECRET: `${secret}\n whsec_${Buffer.alloc(24).toString("base64")}`,
  });
  assert.deepEqual(
    [port, host, api, region, loginUrl, secrets.length, answerWithinMs, maxAgeMs, logLevel],
    [3_000, "127.0.0.1", "calls", "us-east-1", "https://login.mypurecloud.com", 2, 2_500, 30_000, "info"],
  );
  assert.equal(
    configuration({ ...good, GENESYS_CLOUD_REGION: "mypurecloud.ie" }).loginUrl,
    "https://login.mypurecloud.ie",
  );
});

test("the regions are those of the package", () => {
  const source = readFileSync(join(root, "src", "protocol", "region.rs"), "utf8");
  const known = [...source.matchAll(/^ {4}\("([\w-]+)", "([\w.-]+)"\),$/gm)].map(([, aws, domain]) => [aws, domain]);
  assert.deepEqual(Object.entries(REGIONS), known);
});

test("a wrong configuration ends the process with its message", async () => {
  const server = await start({});
  assert.equal(await server.exited, 1);
  assert.match(server.printed, /The configuration is wrong:\n- WEBHOOK_SECRET is missing/);
  const first = await start({ PLATFORM: "simulator" });
  const second = await start({ PLATFORM: "simulator", PORT: new URL(first.url).port });
  assert.equal(await second.exited, 1);
  assert.match(second.printed, /^PORT \d+ of HOST 127\.0\.0\.1 cannot be listened to: EADDRINUSE$/m);
  first.child.kill("SIGTERM");
  assert.equal(await first.exited, 0);
});

test("PLATFORM=simulator needs no other variable", async () => {
  const server = await start({ PLATFORM: "simulator" });
  const by = { by: server.webhookSecret };
  const { status, body } = await post(
    server.url,
    { conversationId: "demo-1", participant: { purpose: "customer" } },
    by,
  );
  assert.deepEqual([status, body.outcome, body.participantId], [200, "disconnected", "customer"]);
  assert.equal((await ask(server.url, "GET", "/readyz")).status, 200);
  server.child.kill("SIGTERM");
  assert.equal(await server.exited, 0);
});

// ---- Tokens ----

test("one login serves all calls, until the token expires or is refused", async () => {
  const login = await loginHost((response, count) =>
    json(response, 200, { access_token: `token-number-${count}`, expires_in: 3_600 }),
  );
  let now = 0;
  const token = clientCredentials({ ...login, clientId: "id", clientSecret: "s", now: () => now });
  assert.deepEqual(await Promise.all([token({ refresh: false }), token({ refresh: false }), token()]), [
    ...["token-number-1", "token-number-1", "token-number-1"],
  ]);
  assert.equal(await token(), "token-number-1");
  assert.deepEqual(await Promise.all([token({ refresh: true }), token({ refresh: true })]), [
    ...["token-number-2", "token-number-2"],
  ]);
  now += 3_541_000;
  assert.equal(await token(), "token-number-3");
  const [{ url, authorization, body }] = login.asked;
  assert.deepEqual([url, authorization, body], ["/oauth/token", "Basic aWQ6cw==", "grant_type=client_credentials"]);
  assert.equal(login.asked.length, 3);
  login.close();
});

test("a login that fails is no fault of the sender, and is tried again by the next removal", async () => {
  let answer;
  const login = await loginHost((response) => answer(response));
  const simulator = await createSimulator({ conversations: [{ id: "c", participants: [connected("p")] }] });
  const platform = await simulator.listen();
  atTheEnd(() => platform.close());
  const env = {
    WEBHOOK_SECRET: secret,
    STATUS_TOKEN: statusToken,
    GENESYS_CLOUD_BASE_URL: platform.baseUrl,
    GENESYS_CLOUD_LOGIN_URL: login.loginUrl,
    LOG_LEVEL: "trace",
    ...credentials,
  };
  const server = await start(env);
  const token = "a-token-nobody-may-see-0123456789";
  for (const [how, status, code, retryAfter] of [
    [(response) => response.destroy(), 502, "NETWORK"],
    [(response) => json(response, 401, { error: "invalid_client", description: token }), 502, "UNAUTHORIZED"],
    [(response) => json(response, 429, {}, { "Retry-After": "7" }), 503, "RATE_LIMITED", "7"],
    [(response) => json(response, 503, {}), 502, "SERVER_ERROR"],
    [(response) => json(response, 200, { token }), 502, "BAD_RESPONSE"],
    [(response) => json(response, 200, null), 502, "BAD_RESPONSE"],
    [(response) => json(response, 200, { access_token: `${token}\n` }), 502, "BAD_RESPONSE"],
    [(response) => response.writeHead(302, { Location: "http://127.0.0.1:9/" }).end(), 502, "BAD_RESPONSE"],
  ]) {
    answer = how;
    const { status: got, body, headers, text } = await post(server.url, order);
    assert.deepEqual([got, body.code, headers["retry-after"]], [status, code, retryAfter], text);
    assert.match(body.detail, /^No access token: 127\.0\.0\.1/);
    const ready = await ask(server.url, "GET", "/readyz");
    assert.deepEqual([ready.status, ready.body.code], [503, "NOT_READY"]);
  }
  answer = (response) => json(response, 200, { access_token: token, expires_in: 86_400 });
  // Errors of the platform, and a token that it echoes.
  const echo = { code: "bad", message: `what is Bearer ${token}?` };
  simulator.addFault({ on: "write", status: 400, body: JSON.stringify(echo) });
  assert.equal((await post(server.url, order)).body.code, "REJECTED");
  simulator.addFault({ status: 403, body: JSON.stringify(echo) });
  assert.equal((await post(server.url, order)).body.code, "FORBIDDEN");
  simulator.addFault({ status: 500, times: 9, body: token });
  assert.equal((await post(server.url, { ...order, timeoutMs: 2_000 })).status, 502);
  assert.equal((await ask(server.url, "GET", "/readyz")).status, 200);
  await post(server.url, `{"conversationId":"${token}"`);
  await post(server.url, { ...order, participantId: "x", [token]: 1 }, { id: "secretive" });
  server.child.kill("SIGTERM");
  assert.equal(await server.exited, 0);
  // Nothing that the process printed holds a secret.
  assert.ok(server.printed.split("\n").length > 15, server.printed);
  const secrets = [token, secret, secret.slice(6), statusToken, credentials.GENESYS_CLOUD_CLIENT_SECRET, "Basic "];
  for (const one of secrets) assert.ok(!server.printed.includes(one), `${one} in:\n${server.printed}`);
  await platform.close();
  login.close();
});

// ---- Shutdown ----

test("SIGTERM under load: removals under way are answered, new ones are refused, exit 0", async () => {
  const participants = Array.from({ length: 40 }, (_, index) => connected(`p-${index}`));
  const simulator = await createSimulator({
    conversations: [{ id: "c", participants }],
    faults: [{ delayMs: 300, times: 1e6 }],
  });
  const platform = await simulator.listen();
  atTheEnd(() => platform.close());
  const env = {
    WEBHOOK_SECRET: secret,
    GENESYS_CLOUD_BASE_URL: platform.baseUrl,
    GENESYS_CLOUD_ACCESS_TOKEN: "tok-00000000",
  };
  const server = await start(env);
  const sent = participants.map(({ id }) => post(server.url, { conversationId: "c", participantId: id }));
  while (simulator.log().length < 4) await delay(5);
  server.child.kill("SIGTERM");
  while (!server.printed.includes("no new work")) await delay(1);
  const late = await post(server.url, { conversationId: "c", participantId: "p-0" }).catch((error) => error);
  assert.ok(late instanceof Error || late.body.code === "SHUTTING_DOWN", JSON.stringify(late));
  const answers = await Promise.all(sent);
  for (const { status, body } of answers) {
    assert.ok(
      (status === 200 && body.outcome === "disconnected") || body.code === "SHUTTING_DOWN",
      JSON.stringify(body),
    );
  }
  assert.ok(answers.filter(({ status }) => status === 200).length >= 4);
  assert.equal(await server.exited, 0);
  const written = simulator.log().filter(({ isWrite, status }) => isWrite && status < 300).length;
  assert.equal(written, answers.filter(({ status }) => status === 200).length);
  await platform.close();
});

test("slow and half-open senders do not keep others from being answered", async () => {
  const server = await start({ PLATFORM: "simulator" });
  const { port } = new URL(server.url);
  const head = "POST /v1/removals HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n";
  const slow = Array.from({ length: 100 }, (_, index) => connect(Number(port), "127.0.0.1").end(index % 2 ? head : ""));
  const half = Array.from({ length: 100 }, () => connect(Number(port), "127.0.0.1"));
  for (const socket of half) socket.write(`${head}\r\n{"conv`);
  for (const socket of [...slow, ...half]) socket.on("error", () => {});
  const orders = Array.from({ length: 50 }, (_, index) => ({
    conversationId: `demo-${index + 1}`,
    participantId: "customer",
  }));
  const answers = await Promise.all(orders.map((one) => post(server.url, one, { by: server.webhookSecret })));
  for (const { status, body } of answers) assert.deepEqual([status, body.outcome], [200, "disconnected"]);
  // Nor do they delay the end of the process by the 30 s that removals have; and a second signal cuts nothing off.
  server.child.kill("SIGTERM");
  server.child.kill("SIGINT");
  assert.equal(await server.exited, 0);
  for (const socket of half) socket.destroy();
});
