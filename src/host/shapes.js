// What do the objects look like that cross to JavaScript? One call each: a shape costs one crossing of the boundary and no code in
// the wasm (with serde-wasm-bindgen, the package is 3 KB of brotli larger; docs/packaging.md).

/** Leaves out what is absent, as the types promise. */
const present = (object) => {
  for (const key in object) if (object[key] === undefined) delete object[key];
  return object;
};

export const requestEvent = (at, method, path) => ({ type: "request", at, method, path });
export const responseEvent = (at, status, correlationId, platformCode, failure) =>
  present({ type: "response", at, status, correlationId, platformCode, failure });
export const stateEvent = (at, state) => present({ type: "state", at, state });
export const waitEvent = (at, ms, reason) => ({ type: "wait", at, ms, reason });
export const outcomeEvent = (at, outcome, code) => present({ type: "outcome", at, outcome, code });

export const result = (outcome, conversationId, participantId, state, confirmed, requests, elapsedMs, correlationId, timeline) =>
  present({ outcome, conversationId, participantId, state, confirmed, requests, elapsedMs, correlationId, timeline });
export const errorFields = (
  code,
  message,
  status,
  platformCode,
  correlationId,
  retryAfterMs,
  state,
  mayHaveDisconnected,
  timeline,
  cause,
) => present({ code, message, status, platformCode, correlationId, retryAfterMs, state, mayHaveDisconnected, timeline, cause });

/**
 * The values of an object's fields, in the order of `names`, and last the first name that is not among them: one crossing for all. A
 * getter that throws leaves its own name in place of the unknown one, with a space before it.
 */
export const pick = (object, names) => {
  const known = names.split(" ");
  const values = [];
  let wrong = Object.keys(object).find((name) => !known.includes(name));
  for (const name of known) {
    try {
      values.push(object[name]);
    } catch {
      values.push(undefined);
      wrong ??= ` ${name}`;
    }
  }
  values.push(wrong);
  return values;
};

// A cached read is a lie about the state; but a host that does not know the field refuses it (workerd before 2024-11-11).
const cache = () => (typeof Request === "function" && "cache" in Request.prototype ? "no-store" : undefined);

/** The second argument of fetch: a plain object, with only what the exchange needs; some hosts refuse other fields. */
export const requestInit = (method, authorization, body, signal) =>
  present({
    method,
    headers: present({
      Authorization: authorization,
      Accept: "application/json",
      "Content-Type": body === undefined ? undefined : "application/json",
    }),
    body,
    redirect: "manual",
    cache: cache(),
    signal,
  });
