// Several machines, as processes: the death of a worker during its removals, and a restart of Redis.
import assert from "node:assert/strict";
import { test } from "node:test";
import { REQUESTS_PER_SECOND, removeByFleet } from "./fleet.mjs";
import { withoutRedis } from "./redis.mjs";

const REMOVALS = 200;
/** The numbers of accepted disconnects after which a worker is killed, and Redis restarted. */
const FAULTS = { killWorkerAt: 40, restartRedisAt: 80 };

/** Asserts what holds in every run, on slow machines too. */
function check(t, { outcomes, statuses, takeovers, gone, exits, events, requests, limited, accepted, removed }) {
  // A participant that the killed worker had removed is already gone for the next worker.
  assert.deepEqual(
    outcomes.filter((outcome) => !/^(already-)?disconnected$/.test(outcome)),
    [],
  );
  assert.equal(gone.filter(Boolean).length, REMOVALS);
  assert.deepEqual([accepted, removed], [REMOVALS, REMOVALS]);
  assert.ok(takeovers > 0);
  assert.ok(statuses.get(503) > 0, "senders came while Redis was away");
  assert.deepEqual(exits, [0, "SIGKILL", 0, 0]);
  const again = outcomes.filter((outcome) => outcome === "already-disconnected").length;
  t.diagnostic(`${events.join("; ")}; ${takeovers} taken over, of whom ${again} were gone already`);
  const answers = [...statuses].map(([status, count]) => `${count} x ${status}`).join(", ");
  // While the workers count without Redis, their windows differ from the platform's. The share of 429s depends on the
  // machine, so it is only printed.
  t.diagnostic(`${requests} requests to the platform, ${limited} of them a 429; answers: ${answers}`);
}

test("200 removals by three workers, one killed, Redis restarted: none lost, none twice", {
  skip: withoutRedis,
}, async (t) => {
  const options = { workers: 3, removals: REMOVALS, requestsPerSecond: REQUESTS_PER_SECOND, faults: FAULTS };
  check(t, await removeByFleet(options));
});
