// Signals: one listener for all calls that share a signal; controllers that fetch does not accept. The rejection of an
// aborted call is tested in tests/support/boundary.rs, jsdom's controller with Node's fetch in tests/hosts.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { disconnectIfConnected } from "./support/package.mjs";

const options = { conversationId: "c", participantId: "p", accessToken: "tok-00000000", region: "us-east-1" };
const listed = (state) => Response.json({ entities: [{ id: "p", state }] });
const hang = () => new Promise(() => {});
const soon = () => new Promise((resolve) => setTimeout(resolve));

// Loads the module.
await disconnectIfConnected({ ...options, fetch: async () => listed("terminated") });

test("overlapping calls share one listener on a signal, and leave none", async () => {
  const warnings = [];
  const warned = (warning) => warnings.push(warning.message);
  process.on("warning", warned);
  const [one, other] = [new AbortController(), new AbortController()];
  let release;
  const released = new Promise((resolve) => {
    release = resolve;
  });
  const ending = disconnectIfConnected({
    ...options,
    signal: one.signal,
    fetch: () => released.then(() => listed("terminated")),
  });
  const hanging = Array.from({ length: 30 }, () =>
    disconnectIfConnected({ ...options, signal: one.signal, fetch: hang }).catch((error) => error),
  );
  const apart = disconnectIfConnected({ ...options, signal: other.signal, fetch: hang }).catch((error) => error);
  await soon();
  assert.equal(getEventListeners(one.signal, "abort").length, 1);
  assert.equal(getEventListeners(other.signal, "abort").length, 1);

  // A call that ends leaves the others listening.
  release();
  assert.equal((await ending).outcome, "already-disconnected");
  assert.equal(getEventListeners(one.signal, "abort").length, 1);
  const reason = new Error("enough");
  one.abort(reason);
  assert.deepEqual(new Set(await Promise.all(hanging)), new Set([reason]));
  assert.equal(getEventListeners(one.signal, "abort").length, 0);

  // The other signal is independent.
  assert.equal(await Promise.race([apart, soon().then(() => "under way")]), "under way");
  other.abort("another reason");
  assert.equal(await apart, "another reason");
  assert.equal(getEventListeners(other.signal, "abort").length, 0);
  await soon();
  process.off("warning", warned);
  assert.deepEqual(warnings, []);
});

test("a signal is listened to again after the calls before have ended", async () => {
  const { signal } = new AbortController();
  for (let call = 0; call < 3; call++) {
    await disconnectIfConnected({ ...options, signal, fetch: async () => listed("terminated") });
    assert.equal(getEventListeners(signal, "abort").length, 0);
  }
});

test("a fetch that does not take the signal of the global AbortController is asked without one", async () => {
  const methods = [];
  const refusing = async (_, { method, signal }) => {
    methods.push(`${method}${signal ? " with a signal" : ""}`);
    // The message of Node 24.
    if (signal)
      throw new TypeError('RequestInit: Expected signal ("AbortSignal {}") to be an instance of AbortSignal.');
    return method === "GET" ? listed("connected") : new Response(null, { status: 204 });
  };
  const result = await disconnectIfConnected({ ...options, fetch: refusing });
  assert.equal(result.outcome, "disconnected");
  assert.deepEqual(methods, ["GET with a signal", "GET", "POST"]);
  assert.equal(result.requests, 2);

  // Never a second time, and never a disconnect.
  const always = async (_, { method, signal }) => {
    methods.push(`${method}${signal ? " with a signal" : ""}`);
    if (method === "GET" && methods.length > 1) return listed("connected");
    throw new TypeError("AbortSignal, again");
  };
  methods.length = 0;
  await assert.rejects(disconnectIfConnected({ ...options, fetch: always, maxRetries: 0 }), { code: "NETWORK" });
  assert.deepEqual(methods, ["GET with a signal", "GET", "POST"]);
});
