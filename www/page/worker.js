// The races of the page, in virtual time, in a worker of their own.
import { disconnectIfConnected } from "../../pkg/index.js";
import { createSimulator } from "../../pkg/simulator.js";
import { generator, VirtualClock } from "./clock.js";
import { contenders } from "./contenders.js";
import { falseReport, race, reportOf } from "./race.js";
import { CALLER, CONVERSATION, isGone, participants, platform } from "./world.js";

// Both modules load in real time, before the virtual clock is installed.
const loaded = Promise.all([createSimulator({ conversations: [] }), disconnectIfConnected({}).catch(() => {})]);

const clock = new VirtualClock();

/** The part of the lanes before the click, and after the end of the last contender. */
const BEFORE_MS = 150;
const AFTER_MS = 400;
/** The interval at which states are sampled. */
const SAMPLE_MS = 5;
/** The number of races between two reports of progress. */
const REPORT_EVERY = 20;

/** The states over time, as segments. */
function segments(simulator, participantId, schedule, shown, until) {
  const list = [];
  for (let at = -BEFORE_MS; at <= until; at += SAMPLE_MS) {
    clock.now = at;
    const state = simulator[shown ? "shownState" : "state"](CONVERSATION, participantId);
    const step = schedule.findLast((one) => (one.at ?? 0) <= at);
    const changing = !shown && step?.changing === true && state === step.state;
    const last = list.at(-1);
    if (last && last.state === state && last.changing === changing) last.to = at + SAMPLE_MS;
    else list.push({ from: at, to: at + SAMPLE_MS, state, changing });
  }
  return list;
}

/** Whether the answer to a disconnect may be lost, or a 5xx, so that its effect is unknown. */
const mayLoseAnswers = ({ unavailable, lost }) => unavailable || lost;

/** All contenders on one schedule, as data for the charts. */
async function compare(setting) {
  const runs = [];
  for (const contender of contenders) runs.push(await race(contender, platform(setting), setting, clock));
  const until = Math.max(600, ...runs.map(({ endedAt }) => endedAt)) + AFTER_MS;
  const people = participants(setting);
  const grace = people.find(({ id }) => id === CALLER);
  const { state, changing } = grace.schedule.at(-1);
  const isRemovable = state === "connected" && !changing;
  clock.reset(setting.seed);
  const untouched = await clock.outside(createSimulator({ ...platform(setting), now: () => clock.now }));
  const lanes = (simulator, { id, name, schedule }) => ({
    name,
    truth: segments(simulator, id, schedule, false, until),
    shown: segments(simulator, id, schedule, true, until),
  });
  return {
    from: -BEFORE_MS,
    until,
    conversation: people.map((one) => lanes(untouched, one)),
    runs: runs.map((run) => {
      const { contender, simulator, requests, events, end, endedAt, accepted, atEnd, last } = run;
      return {
        id: contender.id,
        report: reportOf(end),
        acknowledged: end.acknowledged,
        confirmed: end.confirmed,
        mayHaveDisconnected: end.mayHaveDisconnected === true,
        wrong: falseReport(run, isRemovable, mayLoseAnswers(setting)),
        message: typeof end === "string" ? undefined : end.message,
        timeline: events,
        requests: requests.map(({ ended = until, ...request }) => ({ ...request, ended })),
        endedAt,
        accepted,
        atEnd,
        last,
        ...lanes(simulator, grace),
      };
    }),
  };
}

/** The states of random races, as in tests/support/race.rs. */
const STATES = [
  { state: "connected" },
  { state: "connected" },
  { state: "connected" },
  { state: "connected", changing: true },
  { state: "alerting" },
  { state: "queued" },
  { state: "unheardOf" },
  {},
  { state: "disconnected" },
  { state: "terminated" },
];

/** A random platform: one to four states within a second, and in two races of five the faults of the settings. */
function randomPlatform(random, setting) {
  const whole = (limit) => Math.floor(random() * (limit + 1));
  const schedule = [];
  let at = 0;
  for (let left = 1 + whole(3); left > 0; left--) {
    const step = STATES[whole(STATES.length - 1)];
    schedule.push({ at: schedule.length === 0 ? -1e6 : at, ...step });
    at += whole(300);
    // A gone leg never comes back.
    if (isGone(step.state)) break;
  }
  const drawn = { ...setting, lagMs: whole(setting.lagMs), effectMs: whole(setting.effectMs) };
  if (random() > 0.4) Object.assign(drawn, { conflict: false, limited: false, unavailable: false, lost: false });
  const config = platform(drawn);
  config.conversations[0].participants.find(({ id }) => id === CALLER).schedule = schedule;
  const isRemovable = schedule.at(-1).state === "connected" && !schedule.at(-1).changing;
  return { config, isRemovable, drawn };
}

/** Many random races of all contenders, with regular reports of the tallies. */
async function races(setting, count, report) {
  const random = generator(setting.seed);
  const tallies = contenders.map(({ id }) => ({ id, removed: 0, wrong: 0, conflicts: 0, requests: 0 }));
  let removable = 0;
  for (let done = 1; done <= count; done++) {
    const { config, isRemovable, drawn } = randomPlatform(random, setting);
    removable += isRemovable ? 1 : 0;
    for (const [index, contender] of contenders.entries()) {
      const seed = setting.seed * 1_000 + done;
      const run = await race(contender, config, { ...setting, seed }, clock, { requestTimeoutMs: 1_000 });
      const tally = tallies[index];
      tally.removed += isRemovable && run.accepted ? 1 : 0;
      tally.wrong += falseReport(run, isRemovable, mayLoseAnswers(drawn)) ? 1 : 0;
      tally.conflicts += reportOf(run.end) === "HTTP 409" || run.end.status === 409 ? 1 : 0;
      tally.requests += run.requests.length;
    }
    if (done % REPORT_EVERY === 0 || done === count) report({ done, count, removable, tallies });
  }
}

const ready = loaded.then(() => clock.install(globalThis));

addEventListener("message", async ({ data: { id, setting, count } }) => {
  await ready;
  try {
    if (count) await races(setting, count, (progress) => postMessage({ id, progress }));
    else postMessage({ id, result: await compare(setting) });
  } catch (error) {
    postMessage({ id, error: String(error?.message ?? error) });
  }
});
