// The budget that all workers of a token share: counted in Redis, corrected by the platform, and the share of each
// worker while Redis is away.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { redis, withoutRedis } from "./redis.mjs";
import { delay, RedisBudget, require } from "./support.mjs";

const { Redis } = require("ioredis");
/** Aborts what still waits after the tests. */
const end = new AbortController();
const skip = withoutRedis;

let store;
const connections = [];
before(async () => {
  if (!skip) store = await redis();
});
after(async () => {
  end.abort("the tests have ended");
  for (const one of connections) one.disconnect();
  await store?.close();
});

/** The budget of one worker, with its own connection. */
async function budget(key, { url = store.url, connection: timeouts, ...more } = {}) {
  const prompt = { enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy: () => 100 };
  const connection = new Redis(url, { ...prompt, ...timeouts });
  connections.push(connection.on("error", () => {}));
  await new Promise((resolve) => connection.once("ready", resolve));
  return new RedisBudget({ redis: connection, key, ...more });
}

/** Takes `count` requests; `granted` counts those that may be sent. */
function takes(one, count, { priority = false, follows = false, signal } = {}) {
  const taken = { granted: 0, refused: [] };
  for (let index = 0; index < count; index++) {
    one.take({ priority, follows, signal: signal ?? end.signal }).then(
      () => {
        taken.granted += 1;
      },
      (error) => taken.refused.push(error),
    );
  }
  return taken;
}

/** Waits until so many requests are granted; whether more of them are, is seen after `calm`. */
async function granted(count, ...all) {
  while (all.reduce((total, one) => total + one.granted, 0) < count) await delay(20);
  await calm(...all);
}

/** Waits until no more requests are granted. */
async function calm(...all) {
  const sum = () => all.reduce((total, { granted, refused }) => total + granted + refused.length, 0);
  for (let before = -1; before !== sum(); ) {
    before = sum();
    await delay(150);
  }
}

// At the same time: each has its own key or its own Redis, and mostly waits.
describe("the budget of a token", { concurrency: true, skip }, () => {
  test("until a first response, four requests; then what is left, over all workers", async () => {
    const key = randomUUID();
    const [one, other] = [await budget(key), await budget(key)];
    const first = takes(one, 30);
    await granted(4, first);
    assert.equal(first.granted, 4);
    one.report({ allowed: 20, count: 4, resetMs: 4_000 });
    // The other worker reads the limit from Redis, and takes only what is left.
    const second = takes(other, 30);
    await granted(20, first, second);
    assert.equal(first.granted + second.granted, 20);
    assert.deepEqual([first.refused, second.refused], [[], []]);
    // When the window ends, 20 more.
    await granted(40, first, second);
    assert.equal(first.granted + second.granted, 40);
  });

  test("calls that end without a response do not block the others", async () => {
    const one = await budget(randomUUID(), { silenceMs: 1_000 });
    const taken = takes(one, 6);
    while (taken.granted < 4) await delay(10);
    assert.equal(taken.granted, 4);
    await granted(6, taken);
    assert.equal(taken.granted, 6);
  });

  test("the platform counts more than the workers do", async () => {
    const one = await budget(randomUUID());
    one.report({ allowed: 20, count: 17, resetMs: 60_000 });
    const taken = takes(one, 10);
    await granted(3, taken);
    assert.equal(taken.granted, 3);
  });

  test("a count never shrinks within a window", async () => {
    const one = await budget(randomUUID());
    one.report({ allowed: 10, count: 8, resetMs: 60_000 });
    one.report({ allowed: 10, count: 2, resetMs: 60_000 });
    const taken = takes(one, 10);
    await granted(2, taken);
    assert.equal(taken.granted, 2);
  });

  test("a 429 for one worker pauses all", async () => {
    const key = randomUUID();
    const [one, other] = [await budget(key), await budget(key)];
    for (const each of [one, other]) each.report({ allowed: 100, count: 1, resetMs: 60_000 });
    one.report({ retryAfterMs: 2_000 });
    await delay(50);
    const taken = takes(other, 5);
    await delay(200);
    assert.equal(taken.granted, 0);
    await granted(5, taken);
    assert.equal(taken.granted, 5);
  });

  test("a Redis that hangs counts as away", async () => {
    const own = await redis();
    const connection = { commandTimeout: 1_000 };
    const one = await budget(randomUUID(), { ...own, connection });
    one.report({ allowed: 20, count: 1, resetMs: 60_000 });
    await delay(100);
    own.pause();
    const taken = takes(one, 10);
    // The first request waits for the command, the next three are granted at once; then a response has to come.
    while (taken.granted < 4) await delay(50);
    one.report({ allowed: 20, count: 5, resetMs: 60_000 });
    while (taken.granted < 10) await delay(50);
    own.resume();
    await own.close();
  });

  test("the longest pause counts, also while Redis is away", async () => {
    const own = await redis();
    const one = await budget(randomUUID(), own);
    one.report({ allowed: 100, count: 1, resetMs: 1_000 });
    one.report({ retryAfterMs: 3_000 });
    one.report({ retryAfterMs: 100 });
    await delay(50);
    const taken = takes(one, 5);
    await delay(800);
    assert.equal(taken.granted, 0);
    await own.stop();
    await delay(1_000);
    assert.equal(taken.granted, 0);
    await granted(1, taken);
    await own.start();
    await own.close();
  });

  test("while Redis is away, a reset of 0 ms ends the window", async () => {
    const own = await redis();
    const one = await budget(randomUUID(), own);
    one.report({ allowed: 10, count: 1, resetMs: 1_000 });
    await own.stop();
    await delay(200);
    one.report({ allowed: 10, count: 10, resetMs: 0 });
    const taken = takes(one, 3);
    await granted(3, taken);
    assert.equal(taken.granted, 3);
    await own.start();
    await own.close();
  });

  test("an aborted request is not counted", async () => {
    const one = await budget(randomUUID());
    one.report({ allowed: 10, count: 8, resetMs: 60_000 });
    const gone = takes(one, 5, { signal: AbortSignal.abort("enough") });
    const taken = takes(one, 5);
    while (gone.refused.length < 5) await delay(20);
    await granted(2, taken);
    assert.deepEqual([gone.granted, gone.refused.length, taken.granted], [0, 5, 2]);
  });

  test("a request that would wait too long is refused, with the time", async () => {
    const one = await budget(randomUUID());
    one.report({ allowed: 3, count: 3, resetMs: 40_000 });
    await delay(50);
    const error = await one.take({ priority: false, follows: false, signal: end.signal }).catch((error) => error);
    assert.deepEqual([error.name, error.code], ["DisconnectError", "RATE_LIMITED"]);
    assert.ok(error.retryAfterMs > 30_000 && error.retryAfterMs <= 40_000, error.retryAfterMs);
  });

  test("a write goes before first reads, and priority before the others; aborted requests are skipped", async () => {
    const one = await budget(randomUUID());
    one.report({ allowed: 100, count: 100, resetMs: 1_000 });
    await delay(50);
    const order = [];
    const leaver = new AbortController();
    const take = (name, more) =>
      one.take({ priority: false, follows: false, signal: end.signal, ...more }).then(
        () => order.push(name),
        (reason) => order.push(`${name}: ${reason}`),
      );
    const all = [
      take("read 1"),
      take("read 2"),
      take("priority", { priority: true }),
      take("write", { follows: true }),
      take("gone", { follows: true, signal: leaver.signal }),
    ];
    leaver.abort("enough");
    await Promise.all(all);
    assert.deepEqual(order, ["gone: enough", "write", "priority", "read 1", "read 2"]);
  });

  test("while Redis is away, each worker has its share of what is left; then Redis counts again", async () => {
    const own = await redis();
    const key = randomUUID();
    const both = [await budget(key, own), await budget(key, own)];
    for (const one of both) {
      one.shareWith(2);
      one.report({ allowed: 20, count: 4, resetMs: 60_000 });
    }
    const before = takes(both[0], 4);
    await granted(4, before);
    assert.equal(before.granted, 4);
    await own.stop();
    await delay(300);
    // Each worker may send four until a response, then its half of what is left.
    const first = both.map((one) => takes(one, 10));
    await calm(...first);
    assert.ok(
      first.every(({ granted }) => granted <= 4),
      JSON.stringify(first),
    );
    for (const one of both) one.report({ allowed: 20, count: 16, resetMs: 60_000 });
    await granted(8, ...first);
    const sent = first.map(({ granted }) => granted);
    assert.ok(sent[0] + sent[1] <= 12, sent.join());
    assert.ok(sent[0] >= 4 && sent[1] >= 4, sent.join());
    for (const { refused } of first) for (const { code } of refused) assert.equal(code, "RATE_LIMITED");
    await own.start();
    await delay(500);
    // Again at most four, until a response has reported what Redis has not counted.
    const again = takes(both[0], 10);
    await calm(again);
    assert.ok(again.granted <= 4, again.granted);
    both[0].report({ allowed: 20, count: 20, resetMs: 60_000 });
    await calm(again);
    assert.ok(again.granted <= 4, again.granted);
    assert.ok(again.refused.length >= 6, again.refused.length);
    await own.close();
  });

  test("a budget without the platform's headers is 300 a minute", async () => {
    const one = await budget(randomUUID());
    one.report({});
    const taken = takes(one, 400);
    while (taken.granted + taken.refused.length < 400) await delay(20);
    assert.equal(taken.granted, 300);
    assert.equal(taken.refused.length, 100);
  });
});
