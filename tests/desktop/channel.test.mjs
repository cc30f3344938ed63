// The shared notification channel: several pages of one browser, on the simulator's channels, with an injected clock.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { joinChannel } from "../../www/desktop/channel.js";
import { createSimulator } from "../js/support/package.mjs";

const TOPIC = "v2.users.u-ada.conversations.calls";

/** Web Locks and BroadcastChannel as in a browser; messages arrive in a microtask. */
function sharedBrowser() {
  const queues = new Map();
  const tabs = new Set();
  const locks = {
    async request(name, { signal }, work) {
      const queue = queues.get(name) ?? [];
      queues.set(name, queue);
      const turn = {};
      queue.push(turn);
      signal.addEventListener("abort", () => turn.reject?.(signal.reason));
      try {
        if (queue[0] !== turn) await new Promise((resolve, reject) => Object.assign(turn, { resolve, reject }));
        return await work();
      } finally {
        const wasFirst = queue[0] === turn;
        queue.splice(queue.indexOf(turn), 1);
        if (wasFirst) queue[0]?.resolve?.();
      }
    },
  };
  class Channel {
    constructor(name) {
      this.name = name;
      tabs.add(this);
    }
    postMessage(data) {
      assert.ok(tabs.has(this), "closed");
      for (const other of tabs) {
        if (other !== this && other.name === this.name)
          queueMicrotask(() => tabs.has(other) && other.onmessage?.({ data: structuredClone(data) }));
      }
    }
    close() {
      tabs.delete(this);
    }
  }
  return { locks, BroadcastChannel: Channel };
}

/** A clock that the test advances; timers fire in order of time. */
function clock() {
  let nowMs = 0;
  let count = 0;
  const timers = new Map();
  return {
    now: () => nowMs,
    setTimeout: (work, ms) => {
      timers.set(++count, { work, atMs: nowMs + ms });
      return count;
    },
    clearTimeout: (id) => timers.delete(id),
    /** Fires the timers of hours, as if that time had passed. */
    async skipHours() {
      for (const [id, { work, atMs }] of [...timers]) {
        if (atMs - nowMs < 3_600_000) continue;
        timers.delete(id);
        work();
      }
      await settle();
    },
    waits: () => [...timers.values()].map(({ atMs }) => atMs - nowMs),
    async advance(ms) {
      const endMs = nowMs + ms;
      for (;;) {
        const due = [...timers].filter(([, { atMs }]) => atMs <= endMs).sort(([, a], [, b]) => a.atMs - b.atMs);
        if (due.length === 0) break;
        const [[id, { work, atMs }]] = due;
        nowMs = Math.max(nowMs, atMs);
        timers.delete(id);
        work();
        await settle();
      }
      nowMs = endMs;
      await settle();
    },
  };
}

/** Waits until everything that is due has been delivered: the simulator checks every 50 ms of real time. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 130));

async function until(condition, what) {
  for (let tries = 0; !condition(); tries++) {
    assert.ok(tries < 1_000, `not within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const ends = [];
afterEach(() => {
  for (const leave of ends.splice(0)) leave();
});

async function stage(config) {
  const time = clock();
  const simulator = await createSimulator({
    conversations: [
      {
        id: "c-1",
        participants: [
          { id: "p-ada", purpose: "agent", userId: "u-ada", schedule: [{ state: "connected" }] },
          { id: "p-grace", schedule: [{ state: "alerting" }] },
        ],
      },
    ],
    users: [{ id: "u-ada" }],
    now: time.now,
    ...config,
  });
  const browser = sharedBrowser();
  const requests = () =>
    simulator.log().map(({ method, path }) => `${method} ${path.replace("/api/v2/notifications", "")}`);

  /** One page that joins, with a record of what it receives. */
  function page(more = {}) {
    const seen = { states: [], gaps: 0, events: [], tokens: [] };
    const { setTimeout, clearTimeout } = time;
    seen.leave = joinChannel({
      name: "https://api.mypurecloud.com client u-ada",
      topics: [TOPIC],
      apiUrl: "https://api.mypurecloud.com",
      accessToken: ({ refresh }) => {
        seen.tokens.push(refresh);
        return "t";
      },
      onNotification: ({ eventBody }) => seen.events.push(eventBody.participants[1].state),
      onGap: () => {
        seen.gaps += 1;
      },
      onState: (state, error) => seen.states.push(error?.status ? `${state} ${error.status}` : state),
      host: {
        ...browser,
        setTimeout,
        clearTimeout,
        fetch: simulator.fetch,
        WebSocket: simulator.WebSocket,
        random: () => 1,
        ...more,
      },
      ...more.options,
    });
    ends.push(seen.leave);
    return seen;
  }
  return { simulator, time, page, requests };
}

const isLive = (page) => page.states.at(-1) === "live";

test("three pages share one channel; each gets each event", async () => {
  const { simulator, page, requests } = await stage();
  const pages = [page(), page(), page()];
  await until(() => pages.every(isLive), "live");
  assert.deepEqual(requests(), ["POST /channels", "PUT /channels/streaming-1/subscriptions"]);
  simulator.setState("c-1", "p-grace", "connected");
  await until(() => pages.every(({ events }) => events.length === 1), "an event for each");
  await settle();
  assert.deepEqual(
    pages.map(({ events }) => events),
    [["connected"], ["connected"], ["connected"]],
  );
  assert.deepEqual(
    pages.map(({ gaps }) => gaps),
    [1, 1, 1],
  );
});

test("a page that comes later learns the state from the leader", async () => {
  const { page, requests } = await stage();
  const first = page();
  await until(() => isLive(first), "live");
  const second = page();
  await until(() => isLive(second), "live");
  assert.equal(second.gaps, 1, "it may have read before it joined");
  assert.equal(requests().length, 2);
});

test("the leader leaves: another page leads, and all pages read again", async () => {
  const { simulator, page, requests } = await stage();
  const [first, second, third] = [page(), page(), page()];
  await until(() => isLive(third), "live");
  first.leave();
  await until(() => second.gaps === 2 && third.gaps === 2, "a gap for each");
  assert.deepEqual(
    [second.states, third.states].map((states) => states.slice(-3)),
    [
      ["live", "waiting", "live"],
      ["live", "waiting", "live"],
    ],
  );
  assert.equal(requests().length, 4);
  simulator.setState("c-1", "p-grace", "connected");
  await until(() => second.events.length === 1 && third.events.length === 1, "an event for each");
  assert.deepEqual(first.events, []);
});

test("a cut socket: a new channel after a pause; all pages read again, missed events are not replayed", async () => {
  const { simulator, time, page } = await stage();
  const [first, second] = [page(), page()];
  await until(() => isLive(second), "live");
  simulator.cutChannels();
  await until(() => second.states.at(-1) === "down", "down");
  simulator.setState("c-1", "p-grace", "connected");
  await time.advance(1_999);
  assert.deepEqual(first.states, ["waiting", "live", "down"]);
  await time.advance(1);
  await until(() => isLive(first) && isLive(second), "live again");
  assert.deepEqual([first.gaps, second.gaps, first.events.length], [2, 2, 0]);
});

test("the pause doubles up to 90 s while it fails, and Retry-After is kept", async () => {
  const { simulator, time, page } = await stage({ faults: [{ path: "/channels", status: 503, times: 9 }] });
  const one = page();
  const waits = [];
  for (let count = 0; count < 8; count++) {
    await until(() => time.waits().length === 1, "a pause");
    waits.push(time.waits()[0]);
    await time.advance(waits.at(-1));
  }
  assert.deepEqual(waits, [2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 90_000, 90_000]);
  simulator.addFault({ path: "/channels", status: 429, headers: [["Retry-After", "600"]] });
  await time.advance(90_000);
  await until(() => time.waits().length === 1, "a pause");
  assert.deepEqual(time.waits(), [600_000]);
  await time.advance(600_000);
  await until(() => isLive(one), "live");
  assert.deepEqual(one.states, ["waiting", "down", "live"]);
});

test("a socket that closes at once does not reset the pause; one that stayed open does", async () => {
  const { simulator, time, page } = await stage();
  const one = page();
  const pauses = [];
  const cut = async () => {
    await until(() => isLive(one), "live");
    simulator.cutChannels();
    await until(() => one.states.at(-1) === "down", "down");
    await until(() => time.waits().length === 1, "a pause");
    pauses.push(time.waits()[0]);
    await time.advance(pauses.at(-1));
  };
  await cut();
  await cut();
  await cut();
  await until(() => isLive(one), "live");
  await time.advance(15_000);
  await cut();
  assert.deepEqual(pauses, [2_000, 4_000, 8_000, 2_000]);
});

test("silence: a ping after 14 s, an end after 35 s; an answer to the ping keeps it", async () => {
  const { simulator, time, page, requests } = await stage();
  const one = page();
  await until(() => isLive(one), "live");
  await time.advance(120_000);
  assert.deepEqual(one.states, ["waiting", "live"], "the platform answers pings");
  simulator.setNotifications({ silent: true });
  await time.advance(35_000);
  assert.equal(one.states.at(-1), "down");
  simulator.setNotifications({ silent: false });
  await time.advance(2_000);
  await until(() => isLive(one), "live");
  assert.equal(requests().length, 4);
});

test("a socket that never opens ends too", async () => {
  class Pending {
    readyState = 0;
    close() {}
  }
  const { time, page } = await stage();
  const one = page({ WebSocket: Pending });
  await until(() => time.waits().length > 0, "a socket");
  await time.advance(35_000);
  assert.equal(one.states.at(-1), "down");
});

test("the subscriptions are sent again after 12 hours, on the same channel", async () => {
  const { time, page, requests } = await stage();
  const one = page();
  await until(() => isLive(one), "live");
  await time.advance(14_000);
  assert.equal(time.waits().filter((ms) => ms > 3_600_000)[0], 43_200_000);
  await time.skipHours();
  await time.skipHours();
  const subscription = "PUT /channels/streaming-1/subscriptions";
  assert.deepEqual(requests(), ["POST /channels", subscription, subscription, subscription]);
  assert.deepEqual(one.states, ["waiting", "live"]);
});

test("notices of the platform: an end gives a new channel, expiring subscriptions are sent again", async () => {
  const sockets = [];
  const { simulator, time, page, requests } = await stage();
  class Watched extends simulator.WebSocket {
    constructor(url) {
      super(url);
      sockets.push(this);
    }
  }
  const one = page({ WebSocket: Watched });
  await until(() => isLive(one), "live");
  const [socket] = sockets;
  for (const data of ["{", "null", '{"topicName":7}', '{"topicName":"channel.metadata"}']) socket.onmessage({ data });
  assert.deepEqual([one.states, one.events], [["waiting", "live"], []]);
  socket.onmessage({ data: '{"topicName":"streaming-subscriptions-expiring"}' });
  await until(() => requests().length === 3, "subscriptions");
  simulator.cutChannels({ notice: true });
  await until(() => one.states.at(-1) === "down", "down");
  await time.advance(2_000);
  await until(() => isLive(one), "live");
  assert.equal(sockets.length, 2);
});

test("a token that is refused: it asks for a fresh one once, then another page may lead", async () => {
  const { simulator, page } = await stage({ accessToken: "good" });
  const first = page();
  await until(() => first.states.includes("refused 401"), "refused");
  assert.deepEqual(first.tokens, [false, true]);
  const third = page();
  await until(() => third.states.includes("refused 401"), "refused");
  assert.equal(first.states.at(-1), "refused 401", "another page's attempt changes nothing");
  const second = page({ options: { accessToken: () => "good" } });
  await until(() => isLive(second) && isLive(first), "live for both");
  simulator.setState("c-1", "p-grace", "connected");
  await until(() => first.events.length === 1, "an event for the first too");
});

test("a missing scope is refused with 403, and not tried again", async () => {
  const { page, requests } = await stage({ faults: [{ path: "/channels", status: 403 }] });
  const one = page();
  await until(() => one.states.includes("refused 403"), "refused");
  await settle();
  assert.equal(requests().length, 1);
});

test("duplicates and starvation: everything received is passed on, and nothing else", async () => {
  const { simulator, page } = await stage({ notifications: { duplicates: 2 } });
  const one = page();
  await until(() => isLive(one), "live");
  simulator.setState("c-1", "p-grace", "connected");
  await until(() => one.events.length === 3, "three events");
  simulator.setNotifications({ starved: true });
  simulator.setState("c-1", "p-grace", "terminated");
  await settle();
  assert.deepEqual([one.events.length, one.states.at(-1)], [3, "live"]);
});

test("without Web Locks there is no channel: 20 frames would use up the user's 20", async () => {
  const { page, requests } = await stage();
  const locks = { request: () => Promise.reject(new DOMException("no origin", "SecurityError")) };
  const [one, other] = [page({ locks }), page({ locks: undefined })];
  await until(() => [one, other].every(({ states }) => states.at(-1) === "unsupported"), "unsupported");
  assert.deepEqual(requests(), []);
});

test("leaving while it connects sends nothing more, and leaves no timer and no socket", async () => {
  const { simulator, time, page } = await stage();
  const one = page();
  one.leave();
  await settle();
  const two = page();
  await until(() => isLive(two), "live");
  two.leave();
  await settle();
  assert.deepEqual(one.states, ["waiting"]);
  assert.deepEqual(time.waits(), []);
  assert.deepEqual(
    simulator.channels().map(({ socket }) => socket),
    [null],
  );
});
