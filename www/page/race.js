// One race of one contender in virtual time, and what can be said against its report.
import { createSimulator } from "../../pkg/simulator.js";
import { generator } from "./clock.js";
import { ACCESS_TOKEN, CALLER, CONVERSATION, GONE } from "./world.js";

/** An exchange that takes its time each way, recorded. */
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
      Object.assign(record, { status, ended: clock.now });
      const text = async () => body;
      return { status, ok: status < 300, headers: response.headers, text, json: async () => JSON.parse(body) };
    } catch (error) {
      Object.assign(record, { failed: true, ended: clock.now });
      throw error;
    }
  };
}

/** Runs one contender on a platform; `call` are more options of the call. */
export async function race(contender, config, { api, settleMs, confirm, latencyMs, seed, ...more }, clock) {
  clock.reset(seed);
  const simulator = await clock.outside(createSimulator({ ...config, now: () => clock.now }));
  const requests = [];
  const events = [];
  const fetch = network(simulator, clock, { latencyMs, seed }, requests);
  const ids = { conversationId: CONVERSATION, participantId: CALLER, accessToken: ACCESS_TOKEN };
  const call = { ...ids, api, settleMs, confirm, fetch, baseUrl: "https://api.example.test", ...more };
  let end;
  try {
    end = await clock.until(contender.run(call, (event) => events.push(event)));
  } catch (error) {
    end = error?.code ? error : "no answer";
  }
  const endedAt = clock.now;
  const accepted = simulator.log().some((entry) => entry.accepted);
  clock.now = endedAt + 1e6;
  const last = simulator.state(CONVERSATION, CALLER);
  return { contender, simulator, requests, events, end, endedAt, accepted, last };
}

/** What the contender told its caller, in a word. */
export const told = (end) => (typeof end === "string" ? end : (end.outcome ?? end.code));

/** A report that is not true, in words; `undefined` where it is. */
export function falseReport({ end, accepted, last }, isRemovable, hasWriteFaults) {
  const isGone = last === undefined || GONE.includes(last);
  switch (told(end)) {
    case "removed":
      return accepted ? undefined : "it reports a removal that did not happen";
    case "not active":
      if (accepted) return "it reports that nothing was done, but Grace was removed";
      return isRemovable && last === "connected" ? "it reports that Grace is not active, but she is" : undefined;
    case "disconnected":
      if (end.acknowledged && !accepted) return "it reports an answer that was not given";
      if (!isGone) return "it reports a removal that did not happen";
      return accepted || hasWriteFaults ? undefined : "it reports a removal by somebody else as its own";
    case "already-disconnected":
      return accepted || !isGone ? "it reports that Grace had left by herself" : undefined;
    case "not-connected":
      return accepted || (isRemovable && last === "connected") ? "it reports that nothing was done" : undefined;
    default:
      if (!accepted || end.mayHaveDisconnected) return undefined;
      return "it reports a failure, but Grace was removed";
  }
}
