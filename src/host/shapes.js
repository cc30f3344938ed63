// What do the objects look like that cross to JavaScript? One call each: a shape costs one crossing of the boundary and no code in
// the wasm (with serde-wasm-bindgen, the package is 3 KB of brotli larger; docs/packaging.md).

/** Without what is absent, as the types promise. (`delete` instead would make the object a slow one.) */
const present = (object) => {
  const all = {};
  for (const key in object) if (object[key] !== undefined) all[key] = object[key];
  return all;
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

const lists = {};

/**
 * The values of an object's fields, in the order of `names`; then a number with a bit for each that is given; and last the first name that
 * is not among them: one crossing for all. A getter that throws leaves its own name in place of the unknown one, with a space before it.
 */
export const pick = (object, names) => {
  lists[names] ??= names.split(" ");
  const known = lists[names];
  const values = [];
  let given = 0;
  let wrong = Object.keys(object).find((name) => !known.includes(name));
  for (const name of known) {
    let value;
    try {
      value = object[name];
    } catch {
      wrong ??= ` ${name}`;
    }
    if (value !== undefined) given |= 1 << values.length;
    values.push(value);
  }
  values.push(given, wrong);
  return values;
};

let lastUrl;
let lastParts;

/**
 * What a URL consists of, with a space after each: protocol, hostname, origin, whether that is all besides its path, and its path. The
 * last one is remembered, because callers pass the same again.
 */
export const urlParts = (text) => {
  if (lastUrl !== text) {
    try {
      const { href, origin, pathname, protocol, hostname } = new URL(text);
      lastParts = [protocol, hostname, origin, href === origin + pathname, pathname].join(" ");
    } catch {
      lastParts = undefined;
    }
    lastUrl = text;
  }
  return lastParts;
};

// A cached read is a lie about the state; but a host that does not know the field refuses it (workerd before 2024-11-11).
const cache = () => (typeof Request === "function" && "cache" in Request.prototype ? "no-store" : undefined);

/** The second argument of fetch: a plain object, with only what the exchange needs; some hosts refuse other fields. */
export const requestInit = (method, Authorization, body, signal) => {
  const headers = { Authorization, Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return present({ method, headers, body, redirect: "manual", cache: cache(), signal });
};
