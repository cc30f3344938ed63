// One task per call: each call keeps its async context (in other hosts: tests/hosts), and none depends on
// queueMicrotask, which the fake timers of test libraries replace.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { context, expected } from "../hosts/shared/context.mjs";
import { ConversationClient, disconnectIfConnected } from "./support/package.mjs";

test("each call runs in its own async context", async () => {
  assert.equal(await context({ ConversationClient, disconnectIfConnected }, AsyncLocalStorage), expected);
});

const options = { conversationId: "c", participantId: "p", accessToken: "tok-00000000", region: "us-east-1" };
// A plain response object: Node's own body streams need queueMicrotask.
const listed = (state) => ({
  status: 200,
  headers: { get: () => null },
  text: async () => JSON.stringify({ entities: [{ id: "p", state }] }),
});

test("a queueMicrotask that does nothing stops neither the call under way nor a later one", async () => {
  const { queueMicrotask } = globalThis;
  globalThis.queueMicrotask = () => {};
  try {
    const running = disconnectIfConnected({ ...options, fetch: async () => listed("terminated") });
    assert.equal((await running).outcome, "already-disconnected");
  } finally {
    globalThis.queueMicrotask = queueMicrotask;
  }
  const later = await disconnectIfConnected({ ...options, fetch: async () => listed("terminated") });
  assert.equal(later.outcome, "already-disconnected");
});

test("a call that waits for a timer which never fires stops no other call", async () => {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = () => 0;
  const waiting = disconnectIfConnected({ ...options, fetch: async () => listed("queued") });
  globalThis.setTimeout = setTimeout;
  const other = await disconnectIfConnected({ ...options, fetch: async () => listed("terminated") });
  assert.equal(other.outcome, "already-disconnected");
  const first = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 20, "still waiting"))]);
  assert.equal(first, "still waiting");
});

test("a call may begin in a callback of another", async () => {
  let inner;
  const fetch = async () => listed("terminated");
  const accessToken = () => {
    inner = disconnectIfConnected({ ...options, fetch });
    return "tok-00000000";
  };
  const outer = await disconnectIfConnected({ ...options, fetch, accessToken });
  assert.deepEqual([outer.outcome, (await inner).outcome], ["already-disconnected", "already-disconnected"]);
});

test("what settles after its call has ended does not run another call in its context", async () => {
  const storage = new AsyncLocalStorage();
  let respond;
  let provide;
  const aborted = new AbortController();
  const first = storage.run("A", () => {
    const fetch = () => new Promise((resolve) => (respond = resolve));
    return disconnectIfConnected({ ...options, fetch, signal: aborted.signal });
  });
  while (!respond) await new Promise(setImmediate);
  aborted.abort();
  await assert.rejects(first, { name: "AbortError" });
  const contexts = [];
  const second = storage.run("B", () => {
    const accessToken = () => new Promise((resolve) => (provide = resolve));
    const fetch = async () => {
      contexts.push(storage.getStore());
      return listed("terminated");
    };
    return disconnectIfConnected({ ...options, fetch, accessToken });
  });
  while (!provide) await new Promise(setImmediate);
  provide("tok-00000000");
  respond(listed("connected"));
  assert.equal((await second).outcome, "already-disconnected");
  assert.deepEqual(contexts, ["B"]);
});
