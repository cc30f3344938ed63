// What do the objects look like that cross to JavaScript, and what is read of those that come from there? One call each: a shape costs one
// crossing of the boundary and no code in the wasm (with serde-wasm-bindgen, the package is 3 KB of brotli larger; docs/packaging.md).
// What is absent is left out, as the types promise.

export const requestEvent = (at, method, path) => ({ type: "request", at, method, path });
export const responseEvent = (at, status, correlationId, platformCode, failure) => {
  const event = { type: "response", at };
  if (status !== undefined) event.status = status;
  if (correlationId !== undefined) event.correlationId = correlationId;
  if (platformCode !== undefined) event.platformCode = platformCode;
  if (failure !== undefined) event.failure = failure;
  return event;
};
export const stateEvent = (at, state) => (state === undefined ? { type: "state", at } : { type: "state", at, state });
export const waitEvent = (at, ms, reason) => ({ type: "wait", at, ms, reason });
export const outcomeEvent = (at, outcome, code) =>
  outcome === undefined ? { type: "outcome", at, code } : { type: "outcome", at, outcome };

export const result = (outcome, conversationId, participantId, state, confirmed, requests, elapsedMs, correlationId, timeline) => {
  const fields = { outcome, conversationId, participantId, confirmed, requests, elapsedMs, timeline };
  if (state !== undefined) fields.state = state;
  if (correlationId !== undefined) fields.correlationId = correlationId;
  return fields;
};

const present = (object) => {
  const all = {};
  for (const key in object) if (object[key] !== undefined) all[key] = object[key];
  return all;
};
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
  let name;
  try {
    for (name of known) {
      const value = object[name];
      if (value !== undefined) given |= 1 << values.length;
      values.push(value);
    }
  } catch {
    wrong ??= ` ${name}`;
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

/** The second argument of fetch: a plain object, with only what the exchange needs; some hosts refuse other fields. */
export const requestInit = (method, Authorization, body, signal) => {
  const headers = { Authorization, Accept: "application/json" };
  const init = { method, headers, redirect: "manual", signal };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = body;
  }
  // A cached read is a lie about the state; but a host that does not know the field refuses it (workerd before 2024-11-11).
  if (typeof Request === "function" && "cache" in Request.prototype) init.cache = "no-store";
  return init;
};

/** The fetch of Node, the window or the worker, as it is at this moment. */
export const globalFetch = () => (typeof fetch === "function" ? fetch : undefined);

/**
 * What a response says before its body, by its looks, because a fetch of another realm or library returns another class: its status, its
 * correlation id, its `Retry-After`, and the stream of its body. What is not there, or throws, is undefined.
 */
export const head = (response) => {
  const fields = [undefined, undefined, undefined, undefined];
  try {
    fields[0] = response.status;
    fields[3] = response.body;
    const { headers } = response;
    fields[1] = headers.get("ININ-Correlation-Id");
    if (fields[0] >= 400) fields[2] = headers.get("Retry-After");
  } catch {
    // Of such a response one knows what was read before.
  }
  return fields;
};

/** What a stream's reader gave: the chunk, or undefined at the end. */
export const chunkOf = ({ done, value }) => (done ? undefined : (value ?? null));
