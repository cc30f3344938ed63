// The benchmark of the queue, `npm run bench:queue`: the middleware on BullMQ and Redis, with real processes, 500
// removals on a platform with a limit of 120 requests a second and 15 ms of latency. A removal is two requests, so the
// ideal is 60 a second.
import { availableParallelism } from "node:os";
import { build } from "../scripts/build.mjs";
import { installMiddleware } from "../scripts/run.mjs";

await build();
await installMiddleware();
const { FAULTS, REMOVALS, REQUESTS_PER_SECOND, removeByFleet } = await import("../tests/middleware/fleet.mjs");
const { withoutRedis } = await import("../tests/middleware/redis.mjs");
if (withoutRedis) throw new Error(withoutRedis);

const options = { removals: REMOVALS, requestsPerSecond: REQUESTS_PER_SECOND };
const runs = [1, 2, 3].map((workers) => [`${workers} worker${workers > 1 ? "s" : ""}`, { workers }]);
runs.push(["3 workers, one killed, Redis restarted", { workers: 3, faults: FAULTS }]);
console.log("\n| | removals a second | of the ideal | requests | of them 429 | removed | slowest sender |");
console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
const notes = [];
for (const [name, more] of runs) {
  const { requests, limited, removed, accepted, ms, waitedMs, events, takeovers } = await removeByFleet({
    ...options,
    ...more,
  });
  const perSecond = (1_000 * removed) / ms;
  const cells = [
    ...[name, perSecond.toFixed(1), (perSecond / (REQUESTS_PER_SECOND / 2)).toFixed(2), requests, limited],
    ...[`${removed}, by ${accepted} accepted disconnects`, `${(waitedMs / 1_000).toFixed(1)} s`],
  ];
  console.log(`| ${cells.join(" | ")} |`);
  if (events.length > 0) notes.push(`${events.join("; ")}; ${takeovers} removals taken over`);
}
const many = 2_000;
const { cpu, memory, ms } = await removeByFleet({ workers: 1, removals: many, requestsPerSecond: 1e6 });
const each = (name) => `${(cpu[name] / many).toFixed(1)} ms`;
notes.push(
  `Without a limit, 1 worker: ${((1_000 * many) / ms).toFixed(0)} removals a second, with all processes on ` +
    `${availableParallelism()} cores. Processor time of a removal: worker ${each("workers")}, server ` +
    `${each("server")}, Redis ${each("redis")}. Memory of Redis for each: ${(memory / many / 1_000).toFixed(1)} KB`,
);
console.log(`\n${notes.join("\n")}`);
