// Soak test: calls by the thousand, a third aborted; and twenty minutes' worth in fake time. Linear memory, heap,
// listeners and timers must not grow.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import init, { disconnectIfConnected as call } from "../../pkg/core.js";
import { createSimulator } from "./support/package.mjs";

/** `npm run test:thorough`: 1,000 in flight, 200 rounds. */
const IN_FLIGHT = Number(process.env.SOAK_IN_FLIGHT ?? 500);
const ROUNDS = Number(process.env.SOAK_ROUNDS ?? 25);
const WARM_UP_ROUNDS = 20;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");
const { memory } = await init({ module_or_path: await readFile(new URL("../../pkg/core.wasm", import.meta.url)) });

/** Counts the listeners on the callers' signals. */
const alive = { listeners: 0 };
for (const [name, step] of Object.entries({ addEventListener: 1, removeEventListener: -1 })) {
  const original = AbortSignal.prototype[name];
  AbortSignal.prototype[name] = function (type, listener, ...rest) {
    if (this.isTheCallers) alive.listeners += step;
    return original.call(this, type, listener, ...rest);
  };
}

function signal() {
  const controller = new AbortController();
  controller.signal.isTheCallers = true;
  return controller;
}

const schedules = [
  [{ at: -1e6, state: "connected" }],
  [{ at: -1e6, state: "terminated" }],
  [
    { at: -1e6, state: "alerting" },
    { at: 5, state: "connected" },
  ],
  [
    { at: -1e6, state: "connected", changing: true },
    { at: 5, state: "disconnected" },
  ],
];

const title = `${ROUNDS * IN_FLIGHT} calls, ${IN_FLIGHT} in flight, a third aborted`;
test(`${title}: memory, listeners and timers stay flat`, async (context) => {
  const ends = {};
  let linear;
  let heap;
  for (let round = 0; round < ROUNDS; round++) {
    const conversations = Array.from({ length: IN_FLIGHT }, (_, index) => ({
      id: `c-${index}`,
      participants: [{ id: "p", schedule: schedules[index % schedules.length] }],
    }));
    const simulator = await createSimulator({ conversations });
    const calls = conversations.map(async ({ id }, index) => {
      const controller = signal();
      const options = {
        conversationId: id,
        participantId: "p",
        accessToken: "a-secret-token",
        region: "us-east-1",
        settleMs: 20,
      };
      // Aborted at once, before the first response, or at the first response.
      if (index % 9 === 0) controller.abort("aborted");
      const onEvent = index % 9 === 6 ? ({ type }) => type === "response" && controller.abort("aborted") : undefined;
      const running = call({ ...options, api: "calls", fetch: simulator.fetch, signal: controller.signal, onEvent });
      if (index % 9 === 3) queueMicrotask(() => controller.abort("aborted"));
      return running.then(
        ({ outcome }) => outcome,
        (reason) => reason.code ?? reason,
      );
    });
    for (const end of await Promise.all(calls)) ends[end] = (ends[end] ?? 0) + 1;
    assert.equal(alive.listeners, 0);
    if (round === WARM_UP_ROUNDS || round === ROUNDS - 1) {
      collectGarbage();
      await new Promise((resolve) => setTimeout(resolve, 50));
      collectGarbage();
      const now = { linear: memory.buffer.byteLength, heap: process.memoryUsage().heapUsed };
      if (round === WARM_UP_ROUNDS) [linear, heap] = [now.linear, now.heap];
      else {
        const heaps = [heap, now.heap].map((bytes) => (bytes / 1e6).toFixed(1));
        context.diagnostic(`linear memory ${linear} → ${now.linear} bytes, heap ${heaps.join(" → ")} MB`);
        // The peak of one round may come late: one page more, not two.
        assert.ok(now.linear <= linear + 65_536, `the linear memory grew from ${linear} to ${now.linear}`);
        assert.ok(now.heap < heap * 1.25 + 4e6, `the heap grew from ${heap} to ${now.heap}`);
      }
    }
  }
  context.diagnostic(JSON.stringify(ends));
  assert.ok(ends.aborted >= (ROUNDS * IN_FLIGHT) / 3, "too few were aborted");
  assert.ok(ends.disconnected > 0 && ends["already-disconnected"] > 0);
  assert.equal(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length, 0, "a timer is left");
});

/** A fake clock: time passes when all calls wait. */
class FakeTime {
  now = 0;
  #timers = new Map();
  #next = 1;
  setTimeout = (callback, ms = 0) => {
    const id = this.#next++;
    this.#timers.set(id, { at: this.now + ms, callback });
    return id;
  };
  clearTimeout = (id) => void this.#timers.delete(id);
  get pending() {
    return this.#timers.size;
  }
  /** Runs until the promise settles. */
  async run(promise) {
    let done = false;
    promise.finally(() => (done = true)).catch(() => {});
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      let first;
      for (const entry of this.#timers) if (!first || entry[1].at < first[1].at) first = entry;
      if (!first || done) continue;
      this.#timers.delete(first[0]);
      this.now = Math.max(this.now, first[1].at);
      first[1].callback();
    }
    return promise;
  }
}

test("twenty minutes' worth of calls in fake time: every wait is kept, no timer is left", async (context) => {
  const time = new FakeTime();
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout, now: performance.now };
  Object.assign(globalThis, { setTimeout: time.setTimeout, clearTimeout: time.clearTimeout });
  performance.now = () => time.now;
  try {
    const ends = {};
    const MINUTES = 20;
    let calls = 0;
    const story = async () => {
      while (time.now < MINUTES * 60_000) {
        const from = time.now;
        const simulator = await createSimulator({
          conversations: [
            {
              id: "slow",
              participants: [
                {
                  id: "p",
                  schedule: [
                    { at: -1e6, state: "alerting" },
                    { at: 900, state: "connected" },
                  ],
                },
              ],
            },
            { id: "limited", participants: [{ id: "p", schedule: [{ at: -1e6, state: "connected" }] }] },
            { id: "queued", participants: [{ id: "p", schedule: [{ at: -1e6, state: "queued" }] }] },
          ],
          faults: [{ on: "write", status: 429, headers: [["Retry-After", "7"]] }],
          readLagMs: 300,
          now: () => time.now - from,
        });
        const run = async (conversationId, more) => {
          const options = {
            conversationId,
            participantId: "p",
            accessToken: "a-secret-token",
            region: "us-east-1",
            api: "calls",
            fetch: simulator.fetch,
          };
          const settled = await call({ ...options, ...more }).catch(({ code }) => ({ outcome: code }));
          const end = `${conversationId} ${settled.outcome}`;
          ends[end] = (ends[end] ?? 0) + 1;
          calls++;
        };
        await run("slow", { timeoutMs: 20_000 });
        await run("limited");
        await run("queued");
        await new Promise((resolve) => time.setTimeout(resolve, 250));
      }
    };
    await time.run(story());
    context.diagnostic(`${calls} calls in ${MINUTES} minutes of fake time: ${JSON.stringify(ends)}`);
    assert.deepEqual(Object.keys(ends).sort(), ["limited disconnected", "queued not-connected", "slow disconnected"]);
    assert.equal(time.pending, 0, "a timer is left");
  } finally {
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
    performance.now = real.now;
  }
});
