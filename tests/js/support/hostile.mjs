// Hostile objects: every kind in every place of a caller's value. Each call has to end in a result or an error, never
// in INTERNAL, without an uncaught error or an unhandled rejection, and the next call has to work. Prints the counts
// and the failures as JSON, for ../hostile.test.mjs. It is a process of its own, because node:test handles uncaught
// errors itself.
import { types } from "node:util";
import { runInNewContext } from "node:vm";
import { disconnectIfConnected } from "./package.mjs";

const BATCH = 40;
/** A call that takes longer hangs: all its own deadlines are below 100 ms. */
const HANGS_MS = 20_000;

const thrown = new Error("hostile");
const fail = () => {
  throw thrown;
};
const thenable = (then) => ({ then });
const never = () => new Promise(() => {});

// ---- Kinds: each makes a hostile value of the right value for a place ----

/** The value, or an empty object for a value that has no properties. */
const target = (value) => (value !== null && ["object", "function"].includes(typeof value) ? value : {});

const kinds = {};
for (const trap of ["get", "has", "ownKeys", "getOwnPropertyDescriptor", "getPrototypeOf", "apply", "construct"]) {
  kinds[`a proxy whose ${trap} throws`] = (value) => new Proxy(target(value), { [trap]: fail });
}
for (const [words, other] of Object.entries({
  undefined: undefined,
  null: null,
  "a symbol": Symbol("s"),
  "a proxy": 0,
})) {
  kinds[`a proxy whose get gives ${words}`] = (value) =>
    new Proxy(target(value), { get: () => (other === 0 ? new Proxy({}, { get: fail }) : other) });
}
Object.assign(kinds, {
  "a proxy without traps": (value) => new Proxy(target(value), {}),
  "a proxy that lists what it does not have": (value) =>
    new Proxy(target(value), {
      ownKeys: () => ["conversationId", "then", "length", "0", "nothing"],
      getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: 1 }),
    }),
  "a proxy that gives nonsense": () =>
    new Proxy({}, { ownKeys: () => 1, getPrototypeOf: () => 1, getOwnPropertyDescriptor: () => 1, has: () => 1 }),
  "a revoked proxy": (value) => {
    const { proxy, revoke } = Proxy.revocable(target(value), {});
    revoke();
    return proxy;
  },
  "a revoked proxy of a function": () => {
    const { proxy, revoke } = Proxy.revocable(() => {}, {});
    revoke();
    return proxy;
  },
  "getters that throw": (value) => {
    const object = Array.isArray(value) ? [] : {};
    for (const key of Reflect.ownKeys(target(value))) {
      if (key !== "length") Object.defineProperty(object, key, { get: fail, enumerable: true, configurable: true });
    }
    return object;
  },
  "getters that throw on the second read": (value) => {
    const object = Array.isArray(value) ? [] : {};
    for (const key of Reflect.ownKeys(target(value))) {
      if (key === "length") continue;
      let reads = 0;
      const get = () => (reads++ > 0 ? fail() : value[key]);
      Object.defineProperty(object, key, { get, enumerable: true, configurable: true });
    }
    return object;
  },
  "getters that change": (value) => {
    const object = {};
    for (const key of Reflect.ownKeys(target(value))) {
      let reads = 0;
      Object.defineProperty(object, key, { get: () => (reads++ % 2 ? Symbol("s") : value[key]), enumerable: true });
    }
    return object;
  },
  "an array of getters that throw": () => Object.defineProperty([], 0, { get: fail, enumerable: true }),
  "an array of proxies": () => [new Proxy({}, { get: fail }), new Proxy([], { ownKeys: fail })],
  "an array that says it is long": () => new Proxy([], { get: (_, key) => (key === "length" ? 2 ** 32 : undefined) }),
  "an array whose length is a symbol": () => new Proxy([], { get: (_, key) => (key === "length" ? Symbol("s") : 1) }),
  "an array with holes": () => new Array(5),
  "a thenable whose then throws": () => thenable(fail),
  "a thenable whose then is a getter that throws": () => Object.defineProperty({}, "then", { get: fail }),
  "a thenable that resolves twice, then throws": (value) =>
    thenable((resolve) => {
      resolve(value);
      resolve(value);
      fail();
    }),
  "a thenable that rejects with a proxy": () => thenable((_, reject) => reject(new Proxy({}, { get: fail }))),
  "a thenable that resolves with itself": () => {
    let depth = 0;
    const self = thenable((resolve) => queueMicrotask(() => resolve(depth++ < 3 ? self : 1)));
    return self;
  },
  "a promise that is rejected": () => Promise.reject(thrown),
  "a promise rejected with undefined": () => Promise.reject(undefined),
  "a promise whose then throws": () => Object.assign(Promise.resolve(1), thenable(fail)),
  "a promise whose constructor throws": () => Object.defineProperty(Promise.resolve(1), "constructor", { get: fail }),
  "a promise that never settles": never,
  "an object that throws as a primitive": () => ({ toString: fail, valueOf: fail, [Symbol.toPrimitive]: fail }),
  "an object that throws as JSON": () => ({ toJSON: fail }),
  "a circle": () => {
    const circle = {};
    circle.circle = circle;
    return circle;
  },
  "an object without a prototype": (value) => Object.assign(Object.create(null), target(value)),
  "an object whose prototype throws": () => Object.create(new Proxy({}, { get: fail, has: fail })),
  "a frozen object": (value) => Object.freeze({ ...target(value) }),
  "an object of another realm": (value) => runInNewContext("Object.assign({}, value)", { value: target(value) }),
  "an error of another realm": () => runInNewContext("new TypeError('foreign')"),
  "a function of another realm": () => runInNewContext("() => { throw new Error('foreign'); }"),
  "a function that throws": () => fail,
  "a function that throws undefined": () => () => {
    throw undefined;
  },
  "a function that throws a symbol": () => () => {
    throw Symbol("s");
  },
  "a function that throws a proxy": () => () => {
    throw new Proxy({}, { get: fail, getPrototypeOf: fail });
  },
  "a function that gives nothing": () => () => {},
  "a function that gives a promise that is rejected": () => async () => fail(),
  "a function that never settles": () => never,
  "a function whose name and length throw": () => new Proxy(() => {}, { get: fail, apply: () => 1 }),
  "a class": () => class {},
  "a generator": () => (function* () {})(),
  "bytes that are detached": () => {
    const bytes = new Uint8Array(8);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    return bytes;
  },
  "shared bytes": () => new Uint8Array(new SharedArrayBuffer(8)),
  "a view of another kind": () => new DataView(new ArrayBuffer(8)),
  "a stream that is locked": () => {
    const stream = new ReadableStream();
    stream.getReader();
    return stream;
  },
  "a stream that fails": () => new ReadableStream({ start: (controller) => controller.error(thrown) }),
  "a stream of nonsense": () => new ReadableStream({ start: (controller) => controller.enqueue(Symbol("s")) }),
  "a response that was read": () => {
    const response = new Response("{}");
    response.text();
    return response;
  },
  "a symbol": () => Symbol("s"),
  "a BigInt": () => 2n ** 70n,
  "a boxed string": () => Object("connected"),
  "a boxed number": () => Object(1),
  NaN: () => Number.NaN,
  "-Infinity": () => Number.NEGATIVE_INFINITY,
  "2 to the power of 64": () => 2 ** 64,
  "a long string": () => "x".repeat(100_000),
  "half a character": () => "\ud800",
  "an empty string": () => "",
  null: () => null,
  undefined: () => undefined,
  false: () => false,
  "a date": () => new Date(Number.NaN),
  "a map": () => new Map([["get", fail]]),
});

// ---- Places: the right value, and the options with another value in its place ----

const connected = {
  id: "p",
  state: "connected",
  purpose: "customer",
  user: { id: "u" },
  calls: [{ state: "connected" }],
};
const listed = JSON.stringify({ entities: [connected] });
const chunk = { done: false, value: new TextEncoder().encode(listed) };
const plain = (body = listed) => ({ status: 200, headers: { get: () => null }, text: async () => body });
const base = {
  conversationId: "c",
  participantId: "p",
  accessToken: "tok-00000000",
  region: "us-east-1",
  settleMs: 5,
  timeoutMs: 60,
  requestTimeoutMs: 40,
  maxRetries: 1,
  fetch: async () => plain(),
};
const dialect = {
  read: { path: "/{conversationId}", participants: "entities", fields: { id: "id", userId: "user.id" } },
  write: { method: "POST", path: "/{participantId}", body: { states: ["x"], deep: { deeper: 1 } } },
};
const reader = (read) => ({ read: async () => read() });
const stream = (given) => ({ getReader: () => given });
const answers = (fields) => ({ ...base, fetch: async () => ({ ...plain(), ...fields }) });
const streamed = (given) => ({ ...base, fetch: async () => ({ ...plain(), text: undefined, body: given }) });
const onceRead = (first) => {
  const results = [first, { done: true }];
  return streamed(stream(reader(() => results.shift())));
};
const { signal } = new AbortController();
const listens = { aborted: false, reason: undefined, addEventListener() {}, removeEventListener() {} };

/** @type {Record<string, [right: unknown, place: (value: unknown) => unknown]>} */
const places = { "the argument": [base, (value) => value] };
const options = {
  ...{ ...base, participant: { purpose: ["customer"], userId: "u", address: "+1", name: "n", id: "p" }, api: dialect },
  ...{ baseUrl: "https://x.example", confirm: true, maxResponseBytes: 1e6, disconnectableStates: ["connected"] },
  ...{ goneStates: ["terminated"], onBehalfOf: "u", signal, onEvent: () => {} },
};
/** The options with one more; a description replaces the id, `baseUrl` the region. */
const withOption = (name, value) => {
  const { participantId, region, ...rest } = base;
  const id = name.startsWith("participant") && name !== "participantId" ? {} : { participantId };
  return { ...rest, ...id, ...(name === "baseUrl" ? {} : { region }), [name]: value };
};
for (const [name, right] of Object.entries(options)) {
  places[`options.${name}`] = [right, (value) => withOption(name, value)];
}
for (const field of Object.keys(options.participant)) {
  const { participant } = options;
  places[`participant.${field}`] = [
    participant[field],
    (value) => withOption("participant", { ...participant, [field]: value }),
  ];
}
const withRead = (more) => ({ ...base, api: { ...dialect, read: { ...dialect.read, ...more } } });
const withWrite = (more) => ({ ...base, api: { ...dialect, write: { ...dialect.write, ...more } } });
const symbol = Symbol("an option");
Object.assign(places, {
  "an option by a symbol": [1, (value) => ({ ...base, [symbol]: value })],
  "an unknown option": [1, (value) => ({ ...base, more: value })],
  "an element of participant.purpose": ["customer", (value) => withOption("participant", { purpose: [value] })],
  "an element of disconnectableStates": ["connected", (value) => ({ ...base, disconnectableStates: ["a", value] })],
  "an element of goneStates": ["terminated", (value) => ({ ...base, goneStates: [value] })],
  "api.read": [dialect.read, (value) => ({ ...base, api: { ...dialect, read: value } })],
  "api.read.path": [dialect.read.path, (path) => withRead({ path })],
  "api.read.participants": ["entities", (participants) => withRead({ participants })],
  "api.read.fields": [dialect.read.fields, (fields) => withRead({ fields })],
  "api.read.fields.id": ["id", (id) => withRead({ fields: { id } })],
  "api.write": [dialect.write, (value) => ({ ...base, api: { ...dialect, write: value } })],
  "api.write.method": ["PUT", (method) => withWrite({ method })],
  "api.write.body": [dialect.write.body, (body) => withWrite({ body })],
  "a value in api.write.body": [1, (value) => withWrite({ body: { deep: [{ value }] } })],
  "what a token provider gives": ["tok-00000000", (value) => ({ ...base, accessToken: () => value })],
  "what a token provider resolves with": ["tok-00000000", (value) => ({ ...base, accessToken: async () => value })],
  "what onEvent gives": [undefined, (value) => ({ ...base, onEvent: () => value })],
  "signal.aborted": [false, (aborted) => ({ ...base, signal: { ...listens, aborted } })],
  "signal.reason": [thrown, (reason) => ({ ...base, signal: { ...listens, aborted: true, reason } })],
  "signal.addEventListener": [() => {}, (addEventListener) => ({ ...base, signal: { ...listens, addEventListener } })],
  "signal.removeEventListener": [
    () => {},
    (removeEventListener) => ({ ...base, signal: { ...listens, removeEventListener } }),
  ],
  "what onEvent throws": [
    thrown,
    (value) => ({
      ...base,
      onEvent: () => {
        throw value;
      },
    }),
  ],
  "what a token provider throws": [
    thrown,
    (value) => ({
      ...base,
      accessToken: () => {
        throw value;
      },
    }),
  ],
  "a token that is refreshed": [
    "tok-00000001",
    (value) => ({
      ...answers({ status: 401 }),
      accessToken: ({ refresh }) => (refresh ? value : "tok-00000000"),
    }),
  ],
  "what fetch gives to a disconnect": [
    plain(),
    (value) => ({ ...base, fetch: async (_, { method }) => (method === "GET" ? plain() : value) }),
  ],
  "what fetch gives": [plain(), (value) => ({ ...base, fetch: () => value })],
  "what fetch resolves with": [plain(), (value) => ({ ...base, fetch: async () => value })],
  "what fetch throws": [
    thrown,
    (value) => ({
      ...base,
      fetch: () => {
        throw value;
      },
    }),
  ],
  "what fetch rejects with": [thrown, (value) => ({ ...base, fetch: () => Promise.reject(value) })],
  "the cause of what fetch rejects with": [
    thrown,
    (cause) => ({ ...base, fetch: () => Promise.reject(Object.assign(new TypeError("fetch failed"), { cause })) }),
  ],
  "the message of what fetch rejects with": [
    "fetch failed",
    (message) => ({ ...base, fetch: () => Promise.reject({ message }) }),
  ],
  "response.status": [200, (status) => answers({ status })],
  "response.headers": [{ get: () => null }, (headers) => answers({ headers })],
  "response.headers.get": [() => null, (get) => answers({ headers: { get } })],
  "a header": ["1", (value) => answers({ status: 503, headers: { get: () => value } })],
  "response.text": [async () => listed, (text) => answers({ text })],
  "what response.text gives": [listed, (value) => answers({ text: () => value })],
  "what response.text resolves with": [listed, (value) => answers({ text: async () => value })],
  "response.json": [async () => JSON.parse(listed), (json) => answers({ text: undefined, json })],
  "what response.json resolves with": [
    JSON.parse(listed),
    (value) => answers({ text: undefined, json: async () => value }),
  ],
  "a participant of response.json": [
    connected,
    (value) => answers({ text: undefined, json: async () => ({ entities: [value, connected] }) }),
  ],
  "response.body": [stream(reader(() => ({ done: true }))), streamed],
  "response.body.getReader": [() => reader(() => ({ done: true })), (getReader) => streamed({ getReader })],
  "a reader": [reader(() => ({ done: true })), (value) => streamed(stream(value))],
  "reader.read": [async () => ({ done: true }), (read) => streamed(stream({ read }))],
  "what reader.read gives": [{ done: true }, (value) => streamed(stream({ read: () => value }))],
  "what reader.read resolves with": [chunk, onceRead],
  "a chunk's done": [false, (done) => onceRead({ ...chunk, done })],
  "a chunk's value": [chunk.value, (value) => onceRead({ done: false, value })],
  "reader.cancel, of a body that is too large": [
    async () => {},
    (cancel) => ({ ...streamed(stream({ ...reader(() => chunk), cancel })), maxResponseBytes: 5 }),
  ],
  "body.cancel, of a redirect": [async () => {}, (cancel) => answers({ status: 302, body: { cancel } })],
});

// ---- The run ----

const strays = [];
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error) => strays.push(`${event}: ${String(error?.stack ?? typeof error)}`));
}
const macrotask = () => new Promise((resolve) => setTimeout(resolve, 5));

/** The outcome of one call with a hostile value, as text. */
async function end({ kind, place }) {
  const [right, options] = places[place];
  const value = kinds[kind](right);
  // A rejection of the test's own promise is expected.
  if (types.isPromise(value) && kind.includes("reject")) value.catch(() => {});
  let given;
  try {
    given = options(value);
  } catch {
    return "not possible in JavaScript";
  }
  const call = disconnectIfConnected(given);
  let timer;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, HANGS_MS, "hangs");
  });
  const outcome = await Promise.race([
    call.then(
      ({ outcome }) => outcome,
      (error) => {
        try {
          return error.name === "DisconnectError" ? error.code : "an error of the caller's";
        } catch {
          return "an error of the caller's";
        }
      },
    ),
    timeout,
  ]);
  clearTimeout(timer);
  return outcome;
}

const works = async () => {
  const { outcome } = await disconnectIfConnected({ ...base, timeoutMs: 5_000, requestTimeoutMs: 5_000 });
  return outcome === "disconnected";
};

async function run(cells) {
  const before = strays.length;
  const ends = await Promise.all(cells.map(end));
  const isUsable = await works();
  await macrotask();
  const isFine = ends.every((one) => one !== "hangs" && one !== "INTERNAL") && isUsable;
  return { ends, isFine: isFine && strays.length === before };
}

const cells = Object.keys(places).flatMap((place) => Object.keys(kinds).map((kind) => ({ kind, place })));
const ended = {};
const wrong = [];
for (let at = 0; at < cells.length; at += BATCH) {
  const batch = cells.slice(at, at + BATCH);
  const { ends, isFine } = await run(batch);
  for (const one of ends) ended[one] = (ended[one] ?? 0) + 1;
  if (isFine) continue;
  // Each one alone, to find those that fail.
  const before = wrong.length;
  for (const cell of batch) {
    const known = strays.length;
    const alone = await run([cell]);
    if (!alone.isFine) wrong.push([`${cell.kind} as ${cell.place}`, ...alone.ends, ...strays.slice(known)]);
  }
  if (wrong.length === before) wrong.push(["together", ...batch.map(({ kind, place }) => `${kind} as ${place}`)]);
}
const [kindCount, placeCount] = [Object.keys(kinds).length, Object.keys(places).length];
console.log(JSON.stringify({ kinds: kindCount, places: placeCount, objects: cells.length, ended, wrong, strays }));
