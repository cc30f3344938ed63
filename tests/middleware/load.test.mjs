// Signed webhooks at once on one process, whose platform has a limit of 300 requests a window: every one is
// answered, none is lost, none is carried out twice.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { ask, atTheEnd, connected, createSimulator, delay, post, secret, start, statusToken } from "./support.mjs";

const REMOVALS = 500;
/** Shorter than the platform's minute, so that the test is fast. */
const WINDOW_MS = 2_000;
const SHORT_MS = 3_000;
/** Enough for all of them, on a slow machine too. */
const LONG_MS = 120_000;
/** The growth of the process's memory since its start; on a busy machine it collects its garbage later. */
const MAX_GROWTH_BYTES = 300e6;

test(`${REMOVALS} at once: each is a 200, a 202 or a 503 with Retry-After, and each is carried out once`, async (t) => {
  const ids = Array.from({ length: REMOVALS }, (_, index) => `c-${index}`);
  const conversations = ids.map((id) => ({ id, participants: [connected("p")] }));
  // The first responses are slow, so that on any machine some webhooks come before the limits are known.
  const faults = [{ on: "read", delayMs: 1_000, times: 4 }];
  const simulator = await createSimulator({ conversations, requestsPerMinute: 300, rateWindowMs: WINDOW_MS, faults });
  const platform = await simulator.listen();
  atTheEnd(() => platform.close());
  const server = await start({
    WEBHOOK_SECRET: secret,
    STATUS_TOKEN: statusToken,
    GENESYS_CLOUD_BASE_URL: platform.baseUrl,
    GENESYS_CLOUD_ACCESS_TOKEN: "tok-00000000",
    LOG_LEVEL: "warn",
    ANSWER_WITHIN_MS: "1000",
    MAX_AGE_MS: String(LONG_MS),
  });
  const memory = async () => {
    const { text } = await ask(server.url, "GET", "/metrics");
    return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)[1]);
  };
  const before = await memory();
  const seen = new Map();
  const headers = { Authorization: `Bearer ${statusToken}` };

  /** Sends a removal as a good sender: polls while it is pending, and tries again after a 503 or a 504. */
  async function send(conversationId, index) {
    let id = randomUUID();
    // Every other removal has less time at first than the wait for the budget takes.
    let order = { conversationId, participantId: "p", timeoutMs: index % 2 === 1 ? SHORT_MS : LONG_MS };
    // On a slow machine the deadline may come after the disconnect was sent: the answer reports that, and the next try
    // finds the participant gone.
    let wasSent = false;
    for (;;) {
      let answer = await post(server.url, order, { id });
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      assert.ok([200, 202, 502, 503, 504].includes(answer.status), answer.text);
      while (answer.body.status === "pending") {
        await delay(200);
        const polled = await ask(server.url, "GET", `/v1/removals/${id}`, { headers });
        // The process has no time for the question: the answer is still unknown.
        if (polled.body.code !== "OVERLOADED") answer = polled;
      }
      if (answer.status === 200) {
        return wasSent && answer.body.outcome === "already-disconnected" ? "disconnected" : answer.body.outcome;
      }
      wasSent ||= answer.body.mayHaveDisconnected === true;
      const seconds = Number(answer.headers["retry-after"]);
      if (answer.status === 503) assert.ok(seconds >= 1 && /RATE_LIM|OVERL/.test(answer.body.code), answer.text);
      // On a slow machine the platform, which is this process, may take longer than a request may.
      else assert.match(answer.body.code, /^(TIMEOUT|NETWORK)$/, answer.text);
      // A removal with more time is another one.
      if (order.timeoutMs === SHORT_MS) {
        id = randomUUID();
        order = { ...order, timeoutMs: LONG_MS };
      }
      // Before a first response, the middleware assumes a window of a minute, which is longer than the test's.
      await delay(Math.min(seconds || 1, 3) * 1_000);
    }
  }
  const outcomes = await Promise.all(ids.map(send));
  assert.deepEqual([...new Set(outcomes)], ["disconnected"]);
  const log = simulator.log();
  const accepted = log.filter(({ isWrite, status }) => isWrite && status < 300);
  assert.equal(accepted.length, REMOVALS);
  // The limit makes some wait, and refuses others; how many are answered at once depends on the machine.
  assert.ok(seen.get(202) > 0 && seen.get(503) > 0, JSON.stringify([...seen]));
  const growth = (await memory()) - before;
  assert.ok(growth < MAX_GROWTH_BYTES, `${growth} bytes more`);
  const limited = log.filter(({ status }) => status === 429).length;
  const answers = [...seen].map(([status, count]) => `${count} x ${status}`).join(", ");
  t.diagnostic(
    `${answers}; ${log.length} requests to the platform, ${limited} of them 429; + ${(growth / 1e6).toFixed(0)} MB`,
  );
  server.child.kill("SIGTERM");
  assert.equal(await server.exited, 0);
  await platform.close();
});
