// One race of one contender in virtual time, and the check of its report.
import { createSimulator } from "../../pkg/simulator.js";
import { generator } from "./clock.js";
import { ACCESS_TOKEN, CALLER, CONVERSATION, isGone } from "./world.js";

/** A request that got no answer. */
class NoAnswer extends Error {}

/** A fetch with latency each way, which records its requests. */
function network(simulator, clock, { latencyMs, seed }, requests) {
  const random = generator(seed);
  return async (url, init) => {
    const { method, signal } = init;
    const record = { at: clock.now, method, isWrite: method !== "GET" };
    requests.push(record);
    const way = () => clock.sleep(latencyMs * (0.3 + 0.4 * random()), signal);
    try {
      await way();
      const response = await simulator.fetch(url, init);
      const { status } = response;
      const body = await clock.outside(response.text());
      await way();
      // The published API's code for a participant that is already gone.
      Object.assign(record, { status, ended: clock.now, isGone: body.includes("call.disconnected") });
      const text = async () => body;
      return { status, ok: status < 300, headers: response.headers, text, json: async () => JSON.parse(body) };
    } catch (cause) {
      Object.assign(record, { failed: true, ended: clock.now });
      throw new NoAnswer("no answer", { cause });
    }
  };
}

/** Runs one contender on a platform; `more` holds further options of the call. */
export async function race(contender, config, { api, settleMs, confirm, latencyMs, seed }, clock, more = {}) {
  clock.reset(seed);
  const simulator = await clock.outside(createSimulator({ ...config, now: () => clock.now }));
  const requests = [];
  const events = [];
  const send = network(simulator, clock, { latencyMs, seed }, requests);
  const ids = { conversationId: CONVERSATION, participantId: CALLER, accessToken: ACCESS_TOKEN };
  const own = contender.id === "ours" ? { settleMs, confirm, ...more } : {};
  const call = { ...ids, api, send, baseUrl: "https://api.example.test", ...own };
  let end;
  try {
    end = await clock.until(contender.run(call, (event) => events.push(event)));
  } catch (error) {
    if (error instanceof NoAnswer) end = "no answer";
    else if (typeof error.code === "string") end = error;
    else throw error;
  }
  const endedAt = clock.now;
  const accepted = simulator.log().some((entry) => entry.accepted);
  const atEnd = simulator.state(CONVERSATION, CALLER);
  // So late that every accepted disconnect has taken effect.
  clock.now = endedAt + 1e6;
  const last = simulator.state(CONVERSATION, CALLER);
  return { contender, simulator, requests, events, end, endedAt, accepted, atEnd, last };
}

/** The report of a contender as one word. */
export const reportOf = (end) => (typeof end === "string" ? end : (end.outcome ?? end.code));

/**
 * A sentence about what is false or missing in a report; `undefined` if it is right. The rules are those of
 * `npm run races`, with the state at the time of the report.
 */
export function falseReport({ end, accepted, atEnd, last }, isRemovable, mayLoseAnswers) {
  const isConnected = isRemovable && atEnd === "connected";
  const hasLeft = last === undefined || isGone(last);
  switch (reportOf(end)) {
    case "removed":
      return accepted ? undefined : "That is not true: nobody was removed.";
    case "not active":
      return accepted || isConnected ? "That is not true: Grace is connected." : undefined;
    case "no answer":
      return accepted ? "It does not know whether Grace was removed. She was." : undefined;
    case "disconnected":
      if (end.acknowledged && !accepted) return "That is not true: the platform accepted nothing.";
      if (!hasLeft) return "That is not true: Grace is still there.";
      return accepted || mayLoseAnswers ? undefined : "That is not true: Grace left by herself.";
    case "already-disconnected":
      if (accepted) return "That is not true: this call removed her.";
      return hasLeft ? undefined : "That is not true: Grace is still there.";
    case "not-connected":
      return accepted || isConnected ? "That is not true: Grace is connected." : undefined;
    default:
      if (!accepted || end.mayHaveDisconnected) return undefined;
      return "That is not true: Grace was removed.";
  }
}
