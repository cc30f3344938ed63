// One removal, from the body of its webhook to its ending, as servers and workers carry it out.
import { Problem, problemOf } from "./problem.js";
import { traced, whereOf } from "./telemetry.js";

/**
 * How a removal ended: with a result or a problem, and the number of requests.
 * @typedef {{ result?: object, problem?: Problem, requests: number }} Ending
 */

const expired = (maxAgeMs, mayHaveDisconnected) =>
  mayHaveDisconnected
    ? new Problem(
        "EXPIRED",
        `An earlier try may have disconnected the participant, and no other began within ${maxAgeMs} ms (MAX_AGE_MS).`,
        { mayHaveDisconnected },
      )
    : new Problem(
        "EXPIRED",
        `No request was sent within ${maxAgeMs} ms (MAX_AGE_MS): the removal was not carried out.`,
      );

const misconfigured = ({ message }) => new Problem("INTERNAL", `The middleware's configuration is wrong. ${message}`);

/**
 * A function that carries out removals.
 * @param {{ client: import("disconnect-if-connected").ConversationClient, maxAgeMs: number }} options
 */
export function remover({ client, maxAgeMs }) {
  /**
   * Carries out one removal; never rejects.
   * @param {object} order the body of the webhook
   * @param {object} about
   * @param {string} about.id the `webhook-id`
   * @param {import("fastify").FastifyBaseLogger} about.log
   * @param {number} [about.ageMs] how long it has waited already
   * @param {AbortSignal} [about.signal]
   * @param {true} [about.mayHaveDisconnected] an earlier try may have
   * @returns {Promise<Ending>}
   */
  return async (order, { id, log, ageMs = 0, signal, mayHaveDisconnected }) => {
    if (ageMs > maxAgeMs) return { problem: expired(maxAgeMs, mayHaveDisconnected), requests: 0 };
    const expiry = new AbortController();
    let requests = 0;
    const timer = setTimeout(
      () => {
        if (requests === 0) expiry.abort(expired(maxAgeMs, mayHaveDisconnected));
      },
      Math.min(maxAgeMs, maxAgeMs - ageMs),
    );
    const onEvent = ({ type }) => {
      requests += Number(type === "request");
    };
    try {
      const call = { ...order, signal: AbortSignal.any([expiry.signal, ...(signal ? [signal] : [])]), onEvent };
      const { timeline, ...result } = await traced(order, () => client.disconnectIfConnected(call));
      log.debug({ id, timeline }, "timeline");
      return { result, requests };
    } catch (error) {
      // A wrong option that the sender did not set is the operator's mistake.
      const isOfSender = error?.option === undefined || order[error.option.split(".")[0]] !== undefined;
      const problem = isOfSender ? problemOf(error) : misconfigured(error);
      if (mayHaveDisconnected) problem.more.mayHaveDisconnected = true;
      if (error?.timeline) log.debug({ id, timeline: error.timeline }, "timeline");
      if (problem.code === "INTERNAL" && !signal?.aborted) log.error({ id, ...whereOf(error) }, "a removal failed");
      return { problem, requests };
    } finally {
      clearTimeout(timer);
    }
  };
}

/** The answer to a removal. */
export function answered(id, { result, problem }) {
  if (problem) return problem.answer(id);
  const body = { id, status: "done", ...result };
  return { status: 200, headers: { "Content-Type": "application/json" }, body, isFinal: true };
}
