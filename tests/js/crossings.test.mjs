// What does one removal cost at the boundary? Exact counts, so that a regression shows without a clock: calls from the module into
// JavaScript, what JavaScript allocates in linear memory, and the bytes of strings decoded and of bodies copied. A change here has to be
// meant. tests/allocations.rs counts what the protocol allocates.
import "./support/package.mjs";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const counts = {};
const count = (name, by = 1) => {
  counts[name] = (counts[name] ?? 0) + by;
};
const reset = () => {
  for (const name of Object.keys(counts)) delete counts[name];
};

// Counters around everything the glue uses, put in place before it loads.
const { decode } = TextDecoder.prototype;
TextDecoder.prototype.decode = function (bytes, ...rest) {
  if (bytes) count("bytes decoded", bytes.byteLength);
  return decode.call(this, bytes, ...rest);
};
const { set } = Uint8Array.prototype;
Uint8Array.prototype.set = function (source, ...rest) {
  count("bytes copied", source.length);
  return set.call(this, source, ...rest);
};
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (source, imports) => {
  if (!imports["./core_bg.js"]) return instantiate(source, imports); // Node's own parser for fetch
  const counted = {};
  for (const [name, value] of Object.entries(imports["./core_bg.js"])) {
    counted[name] =
      typeof value === "function"
        ? (...rest) => {
            count("calls out");
            return value(...rest);
          }
        : value;
  }
  const { instance, module } = await instantiate(source, { "./core_bg.js": counted });
  const exports = { ...instance.exports };
  exports.__wbindgen_malloc = (...rest) => {
    count("strings and lists in");
    return instance.exports.__wbindgen_malloc(...rest);
  };
  return { instance: { exports }, module };
};
const { default: init, disconnectIfConnected: call } = await import("../../pkg/core.js");
await init({ module_or_path: await readFile(new URL("../../pkg/core.wasm", import.meta.url)) });

const participants = (state) =>
  JSON.stringify({
    entities: [
      { id: "participant-0", state: "terminated" },
      { id: "participant-1", state },
    ],
  });
const options = {
  conversationId: "conversation-1",
  participantId: "participant-1",
  accessToken: "a-secret-token",
  region: "us-east-1",
};

/** The counts of one removal; the second, because the first sets things up. */
async function removal(more) {
  const fetch = async (_, { method }) =>
    method === "GET" ? new Response(participants("connected")) : new Response(null, { status: 204 });
  for (let run = 0; run < 2; run++) {
    reset();
    const settled = await call({ ...options, fetch, ...more });
    assert.equal(settled.outcome, "disconnected");
  }
  return { ...counts };
}

test("one removal: two requests, and so many crossings", async (context) => {
  const plain = await removal();
  context.diagnostic(JSON.stringify(plain));
  assert.deepEqual(plain, { "calls out": 104, "bytes decoded": 553, "strings and lists in": 8, "bytes copied": 101 });
  // Each of the six events costs its object, the call of the callback, and a look at what it returned.
  const observed = await removal({ onEvent: () => {} });
  assert.equal(observed["calls out"] - plain["calls out"], 6 * 3 + 1);
});

test("a large body costs its bytes once, and 16 KiB at a time", async () => {
  const padding = "x".repeat(1_000_000);
  const body = JSON.stringify({ entities: [{ id: "participant-1", state: "connected", attributes: { padding } }] });
  const chunk = 65_536;
  const chunks = () =>
    new ReadableStream({
      start(controller) {
        const bytes = new TextEncoder().encode(body);
        for (let from = 0; from < bytes.length; from += chunk) controller.enqueue(bytes.slice(from, from + chunk));
        controller.close();
      },
    });
  const plain = await removal();
  const large = await removal({
    fetch: async (_, { method }) => (method === "GET" ? new Response(chunks()) : new Response(null, { status: 204 })),
  });
  assert.equal(large["bytes copied"] - plain["bytes copied"], body.length - participants("connected").length);
});
