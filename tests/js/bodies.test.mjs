// Fuzzing of the whole path in Node, from the bytes of a response on: any bytes, and JSON similar to the platform's, in
// any chunks, compared with an independent reading in JavaScript.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../scripts/run.mjs";
import { disconnectIfConnected } from "./support/package.mjs";
import { random } from "./support/random.mjs";

const RUNS = Number(process.env.BODIES_RUNS ?? 3_000);
const first = Number(process.env.BODIES_SEED ?? Date.now() % 1_000_000);

/** The outcome or the code that the first read of a body leads to, with settleMs 0 and no retries. */
function expected(bytes) {
  const text = new TextDecoder().decode(bytes);
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return "BAD_RESPONSE";
  }
  const list = body?.entities;
  if (!Array.isArray(list)) return "BAD_RESPONSE";
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const kind = (state) => {
    const name = typeof state === "string" ? state.toLowerCase() : "";
    return name === "connected" ? 3 : ["disconnected", "terminated"].includes(name) ? 1 : 2;
  };
  const kindOf = ({ state, calls }) => {
    const legs = Array.isArray(calls) ? calls.filter(isObject) : [];
    if (typeof state === "string" || legs.length === 0) return kind(state);
    return Math.max(...legs.map((leg) => kind(leg.state)));
  };
  const kinds = list.filter((entry) => isObject(entry) && entry.id === "p-1").map(kindOf);
  return ["PARTICIPANT_NOT_FOUND", "already-disconnected", "not-connected", "disconnected"][Math.max(0, ...kinds)];
}

/** The outcome or the code of a call whose first read has this body, in chunks. */
async function actual(bytes, chunkBytes) {
  const stream = () =>
    new ReadableStream({
      start(controller) {
        for (let from = 0; from < bytes.length; from += chunkBytes) {
          controller.enqueue(bytes.slice(from, from + chunkBytes));
        }
        controller.close();
      },
    });
  const fetch = async (_, { method }) =>
    method === "GET" ? new Response(stream()) : new Response(null, { status: 204 });
  const ids = { conversationId: "c", participantId: "p-1", accessToken: "tok-00000000", region: "us-east-1" };
  return disconnectIfConnected({ ...ids, fetch, settleMs: 0, maxRetries: 0 }).then(
    ({ outcome }) => outcome,
    ({ code }) => code ?? "no DisconnectError",
  );
}

async function agrees(bytes, chunkBytes, seed) {
  const shown = () => `seed ${seed}, ${chunkBytes} bytes a chunk: ${Buffer.from(bytes).toString().slice(0, 400)}`;
  assert.equal(await actual(bytes, chunkBytes), expected(bytes), shown());
}

test("any bytes", async (context) => {
  context.diagnostic(`BODIES_SEED=${first}`);
  for (let seed = first; seed < first + RUNS / 10; seed++) {
    const next = random(seed);
    await agrees(
      Uint8Array.from({ length: next(64) }, () => next(256)),
      1 + next(16),
      seed,
    );
  }
});

const TEXTS = [
  "entities",
  "id",
  "state",
  "calls",
  "code",
  "p-1",
  "connected",
  "Connected",
  "terminated",
  "queued",
  "",
  "é😀",
];

/** A random JSON value. */
function value(next, depth) {
  const list = () => Array.from({ length: next(4) }, () => value(next, depth + 1));
  const object = () => Object.fromEntries(list().map((one) => [TEXTS[next(TEXTS.length)], one]));
  return [() => null, () => next(2) === 0, () => next(9) - 4.5, () => TEXTS[next(TEXTS.length)], list, object][
    next(depth > 4 ? 4 : 6)
  ]();
}

test("JSON similar to the platform's, partly broken", async (context) => {
  const outcomes = {};
  for (let seed = first; seed < first + RUNS; seed++) {
    const next = random(seed);
    const participant = () => {
      const fields = { id: next(3) === 0 ? value(next, 3) : "p-1", held: next(2) === 0 };
      if (next(2) === 0) fields.state = next(2) === 0 ? value(next, 3) : TEXTS[6 + next(4)];
      if (next(2) === 0)
        fields.calls = next(3) === 0 ? value(next, 3) : [{ state: TEXTS[6 + next(4)] }, value(next, 3)];
      return next(8) === 0 ? value(next, 2) : fields;
    };
    const body = next(8) === 0 ? value(next, 0) : { entities: Array.from({ length: next(4) }, participant) };
    let text = JSON.stringify(body);
    const at = next(text.length + 1);
    if (next(8) === 0) text = text.slice(0, at);
    else if (next(16) === 0) text = text.slice(0, at) + ["}", "]", '"', ",", "\u0001", " \n"][next(6)] + text.slice(at);
    const bytes = new TextEncoder().encode(next(16) === 0 ? `\ufeff${text}` : text);
    await agrees(bytes, 1 + next(bytes.length + 1), seed);
    const end = expected(bytes);
    outcomes[end] = (outcomes[end] ?? 0) + 1;
  }
  context.diagnostic(JSON.stringify(outcomes));
  assert.equal(Object.keys(outcomes).length, 5, "the generator reaches every outcome");
});

test("the corpus", async () => {
  const folder = join(root, "tests", "corpus");
  const files = await readdir(folder);
  assert.ok(files.length > 10);
  for (const file of files) {
    for (const chunkBytes of [1, 2, 3, 7, 64]) await agrees(await readFile(join(folder, file)), chunkBytes, file);
  }
});

test("the text of a large body does not enter linear memory", async () => {
  const { default: init, disconnectIfConnected: call } = await import("../../pkg/core.js");
  const { memory } = await init({ module_or_path: await readFile(join(root, "pkg", "core.wasm")) });
  const padding = "x".repeat(6_000_000);
  const body = JSON.stringify({ entities: [{ id: "p-1", state: "terminated", attributes: { padding } }] });
  const before = memory.buffer.byteLength;
  const ids = { conversationId: "c", participantId: "p-1", accessToken: "tok-00000000", region: "us-east-1" };
  assert.equal((await call({ ...ids, fetch: async () => new Response(body) })).outcome, "already-disconnected");
  const grown = memory.buffer.byteLength - before;
  assert.ok(grown < padding.length / 10, `${grown} bytes`);
});
