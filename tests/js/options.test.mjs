// The options of docs/api.md: accepted and refused values; a refusal comes before any request.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import { createSimulator, DisconnectError, disconnectIfConnected, isDisconnectError } from "./support/package.mjs";
import { random } from "./support/random.mjs";

const SECRET = "a-secret-token-0123456789";
const answer = (body, init) => new Response(JSON.stringify(body), init);

/** A platform where the participant is already gone, with a record of its requests. */
function gone(list = "entities") {
  const requests = [];
  const fetch = async (url, init) => {
    requests.push({ url, ...init });
    return answer({ [list]: [{ id: "p", state: "terminated" }] });
  };
  return { fetch, requests };
}

/** A platform where the participant is connected and the disconnect accepted. */
function connected(list = "entities") {
  const requests = [];
  const fetch = async (url, init) => {
    requests.push({ url, ...init });
    return init.method === "GET"
      ? answer({ [list]: [{ id: "p", state: "connected" }] })
      : new Response(null, { status: 204 });
  };
  return { fetch, requests };
}

const base = { conversationId: "c", participantId: "p", accessToken: SECRET, region: "us-east-1" };

/** Asserts that a call is refused before any request, with an error that contains each of these words. */
async function refused(options, ...words) {
  const platform = gone();
  const merged =
    options !== null && typeof options === "object" && !Array.isArray(options)
      ? { fetch: platform.fetch, ...options }
      : options;
  await assert.rejects(disconnectIfConnected(merged), (error) => {
    assert.ok(error instanceof DisconnectError, inspect(error));
    assert.equal(error.code, "INVALID_ARGUMENT", inspect(error));
    assert.equal(error.name, "DisconnectError");
    assert.equal(error.mayHaveDisconnected, false);
    assert.deepEqual(error.timeline, []);
    if (error.option !== undefined)
      assert.ok(error.message.startsWith(`disconnectIfConnected: ${error.option} `), error.message);
    for (const word of words) assert.ok(error.message.includes(word), `${error.message} does not contain ${word}`);
    assert.ok(!inspect(error).includes(SECRET), "the token is in the error");
    return true;
  });
  assert.equal(platform.requests.length, 0, "a request was sent");
}

test("the argument itself", async () => {
  for (const options of [undefined, null, 1, "c", [], () => {}]) await refused(options, "options");
});

test("ids are required, non-empty, and cannot change a path", async () => {
  for (const name of ["conversationId", "participantId"]) {
    for (const value of [undefined, null, "", 1, {}, ".", "..", "x".repeat(513), "\ud800", " c", "c\n"])
      await refused({ ...base, [name]: value }, name);
  }
  const { fetch, requests } = gone();
  await disconnectIfConnected({ ...base, fetch, conversationId: "a/../b?c#d é" });
  assert.equal(
    requests[0].url,
    "https://api.mypurecloud.com/api/v2/conversations/voice/a%2F..%2Fb%3Fc%23d%20%C3%A9/participants",
  );
});

test("every option refuses what it does not take, and names it", async () => {
  const wrong = {
    accessToken: [undefined, null, "", 1, {}, "two words", "Bearer abc", "line\nbreak", "ünïcode"],
    api: [null, 1, "chats", "", [], {}, { read: {} }],
    region: [null, 1, "", "us-east-9", "api.mypurecloud.com", "MYPURECLOUD.COM"],
    settleMs: [null, "1", -1, Number.NaN, Number.POSITIVE_INFINITY, {}],
    timeoutMs: [null, "1", 0, -1, Number.NaN, Number.POSITIVE_INFINITY],
    requestTimeoutMs: [null, "1", 0, -1, Number.NaN],
    maxRetries: [null, "1", -1, 1.5, Number.NaN],
    maxResponseBytes: [null, "1", 0, -1, 1.5],
    confirm: [null, 1, "true"],
    disconnectableStates: [
      null,
      "connected",
      [],
      Array(101).fill("connected"),
      [1],
      [""],
      ["disconnected"],
      ["connected", "Terminated"],
    ],
    goneStates: [null, "terminated", [], [1], [""], ["connected"]],
    onBehalfOf: [null, 1, ""],
    signal: [null, 1, {}, { aborted: false }],
    fetch: [null, 1, {}],
    onEvent: [null, 1, {}],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) await refused({ ...base, [name]: value }, name);
  }
  await refused({ ...base, settlems: 1 }, "settlems", "settleMs");
  await refused({ ...base, settleMs: -1 }, "settleMs", "-1", "milliseconds");
});

test("undefined is the same as not given", async () => {
  const { fetch } = gone();
  const optional = `api baseUrl settleMs timeoutMs requestTimeoutMs maxRetries maxResponseBytes confirm
    disconnectableStates goneStates onBehalfOf signal onEvent`;
  const options = Object.fromEntries(optional.split(/\s+/).map((name) => [name, undefined]));
  assert.equal((await disconnectIfConnected({ ...base, ...options, fetch })).outcome, "already-disconnected");
});

test("region or baseUrl, never both, never none", async () => {
  await refused({ ...base, baseUrl: "https://example.org" }, "baseUrl", "region");
  await refused({ ...base, region: undefined }, "region", "baseUrl");
});

test("baseUrl is https, or http to a loopback host, with at most a path prefix", async () => {
  const bad = [
    "http://example.org",
    "ftp://example.org",
    "example.org",
    "/api",
    "https://u:p@example.org",
    "https://example.org?x=1",
    "https://example.org/#x",
    "http://127.0.0.1.example.org",
    "http://localhost.example.org",
    "http://10.0.0.1",
    "javascript:alert(1)",
    "blob:https://example.org/1",
    "filesystem:https://example.org/temporary/1",
  ];
  for (const baseUrl of bad) await refused({ ...base, region: undefined, baseUrl }, "baseUrl");
  for (const scheme of ["https", "http", "ftp"]) {
    const baseUrl = `${scheme}://somebody:hunter2@example.org`;
    const error = await disconnectIfConnected({ ...base, region: undefined, baseUrl }).catch((error) => error);
    assert.match(error.message, /^disconnectIfConnected: baseUrl got a URL with a user/);
    assert.doesNotMatch(error.message, /hunter2/);
  }
  const good = {
    "https://example.org": "https://example.org",
    "https://example.org/": "https://example.org",
    "https://example.org:8443/gateway/": "https://example.org:8443/gateway",
    "http://localhost:8080": "http://localhost:8080",
    "http://app.localhost": "http://app.localhost",
    "http://127.1.2.3": "http://127.1.2.3",
    "http://[::1]:99": "http://[::1]:99",
  };
  for (const [baseUrl, expected] of Object.entries(good)) {
    const { fetch, requests } = gone();
    const events = [];
    await disconnectIfConnected({ ...base, region: undefined, baseUrl, fetch, onEvent: (event) => events.push(event) });
    assert.equal(requests[0].url, `${expected}/api/v2/conversations/voice/c/participants`);
    assert.equal(events[0].path, new URL(requests[0].url).pathname);
  }
});

test("the 18 regions by AWS name and by domain", async () => {
  const regions = `us-east-1 mypurecloud.com · us-east-2 use2.us-gov-pure.cloud · us-west-2 usw2.pure.cloud ·
    ca-central-1 cac1.pure.cloud · sa-east-1 sae1.pure.cloud · mx-central-1 mxc1.pure.cloud ·
    eu-west-1 mypurecloud.ie · eu-west-2 euw2.pure.cloud · eu-central-1 mypurecloud.de ·
    eu-central-2 euc2.pure.cloud · me-central-1 mec1.pure.cloud · ap-south-1 aps1.pure.cloud ·
    ap-northeast-1 mypurecloud.jp · ap-northeast-2 apne2.pure.cloud · ap-northeast-3 apne3.pure.cloud ·
    ap-southeast-1 apse1.pure.cloud · ap-southeast-2 mypurecloud.com.au · eusc-de-east-1 edee1.eusc-pure.cloud`;
  const pairs = regions.split("·").map((pair) => pair.trim().split(" "));
  assert.equal(pairs.length, 18);
  for (const [aws, domain] of pairs) {
    for (const region of [aws, domain]) {
      const { fetch, requests } = gone();
      await disconnectIfConnected({ ...base, region, fetch });
      assert.equal(new URL(requests[0].url).origin, `https://api.${domain}`);
    }
  }
});

test("the two dialects, and onBehalfOf", async () => {
  const participants = "/api/v2/conversations/calls/c/participants/p";
  for (const [options, method, path, body] of [
    [{}, "POST", "/api/v2/conversations/voice/participants", '{"participantId":"p","action":"disconnect"}'],
    [
      { api: "voice" },
      "POST",
      "/api/v2/conversations/voice/participants",
      '{"participantId":"p","action":"disconnect"}',
    ],
    [{ api: "calls" }, "PATCH", participants, '{"state":"disconnected"}'],
    [{ api: "calls", onBehalfOf: "u/1" }, "PATCH", `${participants}/user/u%2F1`, '{"state":"disconnected"}'],
  ]) {
    const { fetch, requests } = connected(options.api === "calls" ? "participants" : "entities");
    const result = await disconnectIfConnected({ ...base, ...options, fetch });
    assert.equal(result.outcome, "disconnected");
    const [read, write] = requests;
    assert.equal(read.method, "GET");
    assert.equal(read.body, undefined);
    assert.equal(read.headers.Authorization, `Bearer ${SECRET}`);
    assert.equal(write.method, method);
    assert.equal(new URL(write.url).pathname, path);
    assert.equal(write.body, body);
    assert.equal(write.headers["Content-Type"], "application/json");
    assert.ok(!inspect(result, { depth: 9 }).includes(SECRET));
  }
  await refused({ ...base, onBehalfOf: "u" }, "onBehalfOf", "calls");
});

test("a dialect of the caller's own", async () => {
  const api = {
    read: { path: "/gw/{conversationId}?expand=1", participants: "legs" },
    write: {
      method: "DELETE",
      path: "/gw/{conversationId}/{participantId}",
      body: { who: ["{participantId}", 'in "{conversationId}"'], n: 1 },
    },
  };
  const { fetch, requests } = connected("legs");
  await disconnectIfConnected({ ...base, api, fetch, conversationId: 'c"1', participantId: "p" });
  assert.equal(requests[0].url, "https://api.mypurecloud.com/gw/c%221?expand=1");
  assert.equal(requests[1].url, "https://api.mypurecloud.com/gw/c%221/p");
  assert.deepEqual(JSON.parse(requests[1].body), { who: ["p", 'in "c"1"'], n: 1 });
  const bodiless = { ...api, write: { method: "PUT", path: "/gw/{participantId}" } };
  const other = connected("legs");
  await disconnectIfConnected({ ...base, api: bodiless, fetch: other.fetch });
  assert.equal("body" in other.requests[1], false);
  assert.equal("Content-Type" in other.requests[1].headers, false);

  const { read, write } = api;
  // The list may be deep in the body, or be the body.
  for (const [participants, wrap] of [
    ["data.legs", (list) => ({ data: { legs: list } })],
    ["", (list) => list],
  ]) {
    const fetch = async (_, { method }) =>
      method === "GET" ? answer(wrap([{ id: "p", state: "connected" }])) : answer({});
    const result = await disconnectIfConnected({ ...base, fetch, api: { read: { ...read, participants }, write } });
    assert.equal(result.outcome, "disconnected", participants);
  }
  for (const [wrong, option] of [
    [{ read }, "api.write"],
    [{ write }, "api.read"],
    [{ read, write, more: 1 }, "api.more"],
    [{ read: { ...read, method: "GET" }, write }, "api.read.method"],
    [{ read: { ...read, path: "relative" }, write }, "api.read.path"],
    [{ read: { ...read, path: "//evil.example" }, write }, "api.read.path"],
    [{ read: { ...read, path: "/a/../b" }, write }, "api.read.path"],
    [{ read: { ...read, path: "/a/%2E%2e/b" }, write }, "api.read.path"],
    [{ read: { ...read, path: "/{unknown}" }, write }, "api.read.path"],
    [{ read: { ...read, path: "/a#b" }, write }, "api.read.path"],
    [{ read: { ...read, participants: "a..b" }, write }, "api.read.participants"],
    [{ read: { ...read, participants: 1 }, write }, "api.read.participants"],
    [{ read, write: { ...write, method: "GET" } }, "api.write.method"],
    [{ read, write: { ...write, method: "post" } }, "api.write.method"],
    [{ read, write: { ...write, path: 1 } }, "api.write.path"],
    [{ read, write: { ...write, body: () => {} } }, "api.write.body"],
    [{ read, write: { ...write, body: 10n } }, "api.write.body"],
    [{ read, write: { method: "DELETE", path: "/gw/{conversationId}" } }, "participantId"],
  ]) {
    await refused({ ...base, api: wrong }, option);
  }
});

test("a getter that throws is an INVALID_ARGUMENT", async () => {
  const { fetch, requests } = gone();
  const options = Object.defineProperty({ ...base, fetch }, "settleMs", {
    enumerable: true,
    get() {
      throw new Error("no");
    },
  });
  await assert.rejects(disconnectIfConnected(options), { code: "INVALID_ARGUMENT", message: /settleMs/ });
  assert.equal(requests.length, 0);
});

test("the token provider: asked once, refreshed once, its own error kept", async () => {
  const asked = [];
  const provider = async ({ refresh }) => {
    asked.push(refresh);
    return refresh ? "fresh-token-0123456789" : SECRET;
  };
  const seen = [];
  const fetch = async (_, { method, headers }) => {
    seen.push(`${method} ${headers.Authorization}`);
    if (!headers.Authorization.includes("fresh")) return answer({ code: "bad.credentials" }, { status: 401 });
    return method === "GET"
      ? answer({ entities: [{ id: "p", state: "connected" }] })
      : new Response(null, { status: 204 });
  };
  assert.equal((await disconnectIfConnected({ ...base, accessToken: provider, fetch })).outcome, "disconnected");
  assert.deepEqual(asked, [false, true]);
  assert.deepEqual(seen, [
    `GET Bearer ${SECRET}`,
    "GET Bearer fresh-token-0123456789",
    "POST Bearer fresh-token-0123456789",
  ]);

  const own = new Error("no vault today");
  await assert.rejects(
    disconnectIfConnected({ ...base, fetch, accessToken: () => Promise.reject(own) }),
    (error) => error === own,
  );
  const sync = () => {
    throw own;
  };
  await assert.rejects(disconnectIfConnected({ ...base, fetch, accessToken: sync }), (error) => error === own);
  await refused({ ...base, accessToken: () => undefined }, "accessToken");
  const stale = ({ refresh }) => (refresh ? undefined : SECRET);
  await assert.rejects(disconnectIfConnected({ ...base, fetch, accessToken: stale }), { code: "UNAUTHORIZED" });
  await assert.rejects(
    disconnectIfConnected({ ...base, fetch, accessToken: () => new Promise(() => {}), timeoutMs: 30 }),
    {
      code: "TIMEOUT",
    },
  );
});

test("a token that the platform echoes is redacted everywhere", async () => {
  const echo = { code: `x.${SECRET}`, message: `Bearer ${SECRET} is no good` };
  const events = [];
  const fetch = async () => answer(echo, { status: 403, headers: { "ININ-Correlation-Id": SECRET } });
  await assert.rejects(disconnectIfConnected({ ...base, fetch, onEvent: (event) => events.push(event) }), (error) => {
    assert.equal(error.code, "FORBIDDEN");
    assert.ok(!inspect([error, JSON.stringify(error), error.stack, events], { depth: 9 }).includes(SECRET));
    return true;
  });
});

test("redirects are not followed", async () => {
  const { fetch, requests } = gone();
  await disconnectIfConnected({ ...base, fetch });
  assert.equal(requests[0].redirect, "manual");
  const redirecting = async () => new Response(null, { status: 302, headers: { Location: "https://evil.example" } });
  await assert.rejects(disconnectIfConnected({ ...base, fetch: redirecting }), { code: "BAD_RESPONSE", status: 302 });
});

test("Retry-After as a date, by the clock of the host", async () => {
  let answers = 0;
  const inTwoSeconds = () => new Date(Date.now() + 2_000).toUTCString();
  const fetch = async () =>
    answers++ === 0
      ? answer({ code: "too.many.requests" }, { status: 429, headers: { "Retry-After": inTwoSeconds() } })
      : answer({ entities: [{ id: "p", state: "terminated" }] });
  const { timeline } = await disconnectIfConnected({ ...base, fetch });
  const { ms, reason } = timeline.find(({ type }) => type === "wait");
  assert.equal(reason, "retry-after");
  assert.ok(ms >= 0 && ms <= 2_000, `${ms}`);
});

test("a Retry-After whose Date was sent twice, and a status that HTTP does not have", async () => {
  const sent = "Sun, 06 Nov 1994 08:49:37 GMT";
  const headers = { "Retry-After": "Sun, 06 Nov 1994 08:49:39 GMT", Date: `${sent}, ${sent}` };
  const limited = { status: 429, headers: { get: (name) => headers[name] ?? null }, text: async () => "{}" };
  const error = await disconnectIfConnected({ ...base, timeoutMs: 1_000, fetch: async () => limited }).catch(
    (error) => error,
  );
  assert.deepEqual([error.code, error.retryAfterMs], ["RATE_LIMITED", 2_000]);

  for (const status of [0, 99, 600, 1e9, -1, Number.NaN, "200"]) {
    const fetch = async () => ({ ...limited, status });
    const error = await disconnectIfConnected({ ...base, fetch }).catch((error) => error);
    assert.deepEqual([error.code, error.status], ["BAD_RESPONSE", undefined], String(status));
    assert.match(error.message, /fetch returned something that is no response/);
  }
});

test("an HTML page is recognised by its content type: the effect of the write is unknown", async () => {
  const fetch = async (_, { method }) =>
    method === "GET"
      ? answer({ entities: [{ id: "p", state: "connected" }] })
      : new Response("Access denied", { headers: { "Content-Type": "text/html; charset=utf-8" } });
  await assert.rejects(disconnectIfConnected({ ...base, fetch, maxRetries: 0 }), {
    code: "BAD_RESPONSE",
    mayHaveDisconnected: true,
  });
});

test("a stream with bytes of another realm, and streams without bytes", async () => {
  const bytes = new TextEncoder().encode('{"entities":[{"id":"p","state":"terminated"}]}');
  const foreign = runInNewContext("(numbers) => Uint8Array.from(numbers)")([...bytes]);
  assert.equal(foreign instanceof Uint8Array, false);
  const streaming = (chunk) => async () => ({
    status: 200,
    headers: new Headers(),
    body: new ReadableStream({
      start(controller) {
        controller.enqueue(chunk);
        controller.close();
      },
    }),
  });
  assert.equal((await disconnectIfConnected({ ...base, fetch: streaming(foreign) })).outcome, "already-disconnected");
  for (const chunk of ["text", { length: 1e15 }, Symbol("s"), null, 7]) {
    await assert.rejects(disconnectIfConnected({ ...base, fetch: streaming(chunk), maxRetries: 0 }), {
      code: "BAD_RESPONSE",
    });
  }
});

test("states are compared without regard to case, and both lists can be replaced", async () => {
  const reads = (state) => async () => answer({ entities: [{ id: "p", state }] });
  const call = async (state, more) =>
    (await disconnectIfConnected({ ...base, settleMs: 0, fetch: reads(state), ...more })).outcome;
  assert.equal(await call("TERMINATED"), "already-disconnected");
  assert.equal(await call("Parked", { goneStates: ["parked"] }), "already-disconnected");
  assert.equal(await call("terminated", { goneStates: ["parked"] }), "not-connected");
  const { fetch } = connected();
  assert.equal(
    (await disconnectIfConnected({ ...base, fetch, disconnectableStates: ["CONNECTED"] })).outcome,
    "disconnected",
  );
});

test("each option is read once, when the call begins", async () => {
  const { fetch, requests } = gone();
  let reads = 0;
  const options = Object.defineProperty({ ...base, fetch }, "settleMs", { enumerable: true, get: () => ++reads });
  const running = disconnectIfConnected(options);
  options.conversationId = "another";
  await running;
  assert.equal(reads, 1);
  assert.match(requests[0].url, /\/voice\/c\/participants$/);
});

test("an enumerable addition to Object.prototype becomes no option, field or cause", async () => {
  Object.prototype.polluted = "polluted";
  Object.prototype.cause = "polluted";
  Object.prototype.settleMs = -1;
  try {
    const { fetch } = gone();
    const result = await disconnectIfConnected({ ...base, fetch });
    assert.equal(result.outcome, "already-disconnected");
    const error = await disconnectIfConnected({ ...base, timeoutMs: 0 }).catch((error) => error);
    assert.deepEqual(Object.keys(error), ["code", "option", "mayHaveDisconnected", "timeline"]);
    assert.equal(error.code, "INVALID_ARGUMENT");
    assert.equal(Object.hasOwn(error, "cause"), false);
  } finally {
    for (const name of ["polluted", "cause", "settleMs"]) delete Object.prototype[name];
  }
});

test("an error as JSON has its message, and no cause", async () => {
  const fetch = async () => {
    throw new TypeError("fetch failed");
  };
  const error = await disconnectIfConnected({ ...base, fetch, maxRetries: 0 }).catch((error) => error);
  assert.equal(error.cause.message, "fetch failed");
  const json = JSON.parse(JSON.stringify(error));
  assert.deepEqual(Object.keys(json), ["name", "message", "code", "mayHaveDisconnected", "timeline"]);
  assert.equal(json.message, error.message);
  const own = new DisconnectError({ code: "CONFLICT", message: "for a test" });
  assert.ok(own instanceof Error && own.stack);
  assert.deepEqual({ ...own }, { code: "CONFLICT", mayHaveDisconnected: false, timeline: [] });
  assert.equal(`${own}`, "DisconnectError: for a test");
});

test("isDisconnectError recognises errors of other realms and of other copies, and nothing else", async () => {
  assert.ok(isDisconnectError(new DisconnectError({ code: "CONFLICT" })));
  const refused = await disconnectIfConnected({}).catch((error) => error);
  assert.ok(isDisconnectError(refused));
  const source = (await readFile(new URL("../../js/error.js", import.meta.url), "utf8")).replace(/^export /gm, "");
  const foreign = runInNewContext(`${source}; new DisconnectError({ code: "CONFLICT", message: "of another realm" })`);
  assert.ok(!(foreign instanceof DisconnectError));
  assert.ok(isDisconnectError(foreign));
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const others = [undefined, null, "DisconnectError", new Error("x"), { code: "CONFLICT" }, proxy, Symbol("s"), 1n];
  for (const other of others) assert.equal(isDisconnectError(other), false);
});

test("the simulator refuses typos, and ids that it was not given", async () => {
  const conversations = [{ id: "c", participants: [{ id: "p", schedule: [{ at: -1e6, state: "connected" }] }] }];
  for (const [config, named] of [
    [{ conversations, readLag: 3 }, /readLag/],
    [{ conversations, faults: [{ on: "wirte", status: 503 }] }, /wirte/],
    [{ conversations, faults: [{ lost: "later" }] }, /later/],
    [{ conversations, faults: [{ hang: "" }] }, /expected `before` or `after`/],
    [{ conversations: [{ id: "c", participants: [{ id: "p", schedule: [{ stat: "connected" }] }] }] }, /stat/],
  ]) {
    await assert.rejects(createSimulator(config), (error) => /^simulator: /.test(error.message) && named.test(error));
  }
  const simulator = await createSimulator({ conversations });
  assert.throws(() => simulator.addFault({ on: "reed" }), /^Error: simulator: .*reed/);
  for (const ask of [simulator.state, simulator.shownState, simulator.setState]) {
    assert.throws(() => ask("d", "p"), /^Error: simulator: it has no conversation "d"$/);
    assert.throws(() => ask("c", "q"), /^Error: simulator: conversation "c" has no participant "q"$/);
  }
  assert.equal(simulator.state("c", "p"), "connected");
});

test("large times are clamped, not wrapped", async () => {
  const { fetch } = gone();
  const options = { ...base, fetch, timeoutMs: 1e15, requestTimeoutMs: 1e15, settleMs: 1e15 };
  assert.equal((await disconnectIfConnected(options)).outcome, "already-disconnected");
});

test("the error has a stack that leads to the caller", async () => {
  async function theCallersOwnFunction() {
    return await disconnectIfConnected({ ...base, settleMs: -1 });
  }
  await assert.rejects(theCallersOwnFunction(), (error) => error.stack.includes("theCallersOwnFunction"));
});

test("any mixture of option values ends in INVALID_ARGUMENT before a request, or in an answer", async (context) => {
  const first = Number(process.env.OPTIONS_SEED ?? Date.now() % 1_000_000);
  context.diagnostic(`OPTIONS_SEED=${first}`);
  // biome-ignore format: a list
  const hostile = [
    undefined, null, true, false, 0, -0, -1, 1, 1.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY, 10n, "", " ", ".",
    "..", "c", "\0", "\ud800", "x".repeat(100_000), "{participantId}", Symbol("s"), [], ["connected"], [[]], {},
    { aborted: true }, new Proxy({}, {}), () => {}, async () => 1, new Date(), new Map(), Object.create(null),
    new Proxy(() => {}, {}), "https://example.org", "http://localhost:1",
    {
      read: { path: "/{conversationId}", participants: "entities" },
      write: { method: "PUT", path: "/{participantId}", body: null },
    },
  ];
  const names = `conversationId participantId accessToken api region baseUrl settleMs timeoutMs requestTimeoutMs
    maxRetries maxResponseBytes confirm disconnectableStates goneStates onBehalfOf onEvent unheardOf`.split(/\s+/);
  const ends = {};
  for (let seed = first; seed < first + 5_000; seed++) {
    const next = random(seed);
    const { fetch, requests } = gone();
    const options = { ...base, fetch, settleMs: 0 };
    for (let changes = 1 + next(3); changes > 0; changes--)
      options[names[next(names.length)]] = hostile[next(hostile.length)];
    const end = await disconnectIfConnected(options).then(
      (result) => result.outcome,
      (error) => (error instanceof DisconnectError ? error.code : inspect(error)),
    );
    ends[end] = (ends[end] ?? 0) + 1;
    if (end === "INVALID_ARGUMENT") assert.equal(requests.length, 0, `seed ${seed}`);
    else
      assert.ok(
        ["already-disconnected", "PARTICIPANT_NOT_FOUND", "BAD_RESPONSE", "TIMEOUT", "NETWORK"].includes(end),
        `seed ${seed}: ${end}`,
      );
  }
  context.diagnostic(JSON.stringify(ends));
  assert.ok(ends.INVALID_ARGUMENT > 100 && ends["already-disconnected"] > 100);
});
