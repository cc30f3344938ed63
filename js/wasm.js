// @ts-check
// The entry point `disconnect-if-connected/wasm`: the API without the module's bytes, for applications that serve,
// cache or compile the module by themselves. The other entry points add a source of the module.

import start, {
  RateBudget as Budget,
  ConversationClient as Client,
  disconnectIfConnected as call,
  DisconnectError,
  instance,
  isDisconnectError,
  recoverBy,
  recovering,
  __wbg_reset_state as renew,
  trapped,
} from "./core.js";
import { lazily } from "./load.js";

const SOURCES = "a WebAssembly.Module, its bytes, a Response or a URL";

const UNSUPPORTED =
  "disconnectIfConnected: WebAssembly cannot run here; no request was sent. In a page, the Content-Security-Policy " +
  "needs script-src 'self' 'wasm-unsafe-eval'. In an extension (MV3), the manifest needs " +
  '"content_security_policy": { "extension_pages": ' +
  "\"script-src 'self' 'wasm-unsafe-eval'; object-src 'self'\" }. In Node, pass no --jitless.";

/** @typedef {InstanceType<typeof Client>} OwnClient */
/** @typedef {InstanceType<typeof Budget>} OwnBudget */

let isLoaded = false;

/** Whether the host has no WebAssembly, or a policy forbids it: not even the empty module compiles. */
function isForbidden() {
  try {
    return !new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  } catch {
    return true;
  }
}

const load = lazily(async (/** @type {any} */ source) => {
  const module_or_path = await (typeof source === "function" ? source() : source);
  if (!module_or_path) {
    throw new TypeError(`disconnect-if-connected/wasm is not loaded: call init(source) first, with ${SOURCES}`);
  }
  try {
    // Before `start`: that uses fetch, and Node's fetch ends a process that has no WebAssembly.
    WebAssembly.Module;
    await start({ module_or_path });
  } catch (cause) {
    throw isForbidden() ? new DisconnectError({ code: "UNSUPPORTED", message: UNSUPPORTED, cause }) : cause;
  }
  recoverBy(renew);
  isLoaded = true;
});

/** @type {typeof import("./wasm.cjs").init} */
export const init = load;

/** A deep copy; a value that cannot be cloned stays as it is, and the module reports it. @param {any} value */
function clone(value) {
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}

/** A copy of the options, because the caller may change the object later. @param {any} options */
function copyOf(options) {
  try {
    if (options === null || typeof options !== "object" || Array.isArray(options)) return options;
    const copy = { ...options };
    for (const name of ["participant", "where", "api", "disconnectableStates", "goneStates"]) {
      if (copy[name] !== undefined) copy[name] = clone(copy[name]);
    }
    return copy;
  } catch {
    // A getter or a proxy throws: the module reports it.
    return options;
  }
}

/** Whether the module is loaded, and not about to be renewed. */
const isReady = () => isLoaded && !recovering();

/**
 * Calls the module, which it loads first where needed.
 * @param {(options: any) => Promise<any>} run
 * @param {any} options
 * @param {any} [source] of the module, for `init`
 */
async function whenReady(run, options, source) {
  let given = options;
  if (!isReady()) {
    given = copyOf(options);
    await load(source);
    await recovering();
  }
  try {
    return await guarded(run, given);
  } catch (error) {
    // The error was created in a later task: where the engine can, its stack leads to the caller's await.
    if (error instanceof DisconnectError) Error.captureStackTrace?.(error, whenReady);
    throw error;
  }
}

/**
 * Calls the module; anything that it throws, other than a DisconnectError, is a trap.
 * @template T
 * @param {(options: any) => T} run
 * @param {any} [options]
 */
function guarded(run, options) {
  try {
    return run(options);
  } catch (error) {
    throw error instanceof DisconnectError ? error : trapped(error);
  }
}

/** @type {typeof import("./index.cjs").disconnectIfConnected} */
export const disconnectIfConnected = (options) => whenReady(call, options);

/** How many notifications are kept until the module is loaded; the oldest are dropped. */
const MAX_EARLY = 200;

/** The module's own budget of each `RateBudget`. @type {WeakMap<object, () => OwnBudget>} */
const budgets = new WeakMap();

/** The module's own budget of a `RateBudget` that no subclass has changed. @param {any} options */
function ownBudget(options) {
  try {
    const { take, report } = RateBudget.prototype;
    const { budget } = options;
    return budget.take === take && budget.report === report ? budgets.get(budget) : undefined;
  } catch {
    return undefined;
  }
}

/** A client that loads the module at its first call. */
export class ConversationClient {
  #options;
  #source;
  #isClosed = false;
  /** Notifications not yet passed to the module. @type {[notification: string, at: number][]} */
  #early = [];
  /** @type {OwnClient | undefined} */
  #client;
  #instance = -1;
  /** @type {Set<(conversationId: string) => void>} */
  #subscribers = new Set();

  /** @param {any} options @param {any} [source] of the module, for `init` */
  constructor(options, source) {
    this.#options = copyOf(options);
    this.#source = source;
  }

  /** The module's own client; a fresh instance of the module needs a fresh one. */
  #current() {
    if (!this.#client || this.#instance !== instance()) {
      const client = new Client(this.#options);
      const budget = ownBudget(this.#options)?.();
      if (budget) client.share(budget);
      this.#client = client;
      this.#instance = instance();
      this.#observeEarly(this.#client);
      if (this.#isClosed) this.#client.close();
    }
    return this.#client;
  }

  /** @param {any} options */
  disconnectIfConnected(options) {
    return whenReady((given) => this.#current().disconnectIfConnected(given), options, this.#source);
  }

  /** @param {any} options */
  disconnectAll(options) {
    return whenReady((given) => this.#current().disconnectAll(given), options, this.#source);
  }

  /** @param {any} conversationId @param {any} [options] */
  participants(conversationId, options) {
    return whenReady((given) => this.#current().participants(conversationId, given), options, this.#source);
  }

  /** @param {any} notification */
  observe(notification) {
    if (this.#isClosed) return;
    let text;
    try {
      text = typeof notification === "string" ? notification : JSON.stringify(notification);
    } catch {
      // Not JSON, so not a notification.
    }
    if (typeof text !== "string") return;
    this.#early.push([text, performance.now()]);
    if (this.#early.length > MAX_EARLY) this.#early.shift();
    if (!this.#client || !isReady()) return;
    try {
      guarded(() => {
        this.#observeEarly(this.#current());
      });
    } catch {
      // The module failed; the calls in flight reject with it.
    }
  }

  /** @param {OwnClient} client */
  #observeEarly(client) {
    for (const [notification, at] of this.#early.splice(0)) {
      const conversationId = client.observe(notification, at);
      if (conversationId === undefined) continue;
      for (const subscriber of [...this.#subscribers]) {
        try {
          subscriber(conversationId);
        } catch {
          // As with `onEvent`, an exception of a subscriber is ignored.
        }
      }
    }
  }

  /** @param {(conversationId: string) => void} subscriber */
  subscribe(subscriber) {
    if (typeof subscriber !== "function") {
      const message = `subscribe: the subscriber has to be a function, not ${typeof subscriber}`;
      throw new DisconnectError({ code: "INVALID_ARGUMENT", option: "subscriber", message });
    }
    const own = (/** @type {string} */ conversationId) => subscriber(conversationId);
    this.#subscribers.add(own);
    // Only the module can read notifications: it is loaded now, and reads those that came early.
    whenReady(async () => this.#observeEarly(this.#current()), undefined, this.#source).catch(() => {});
    return () => void this.#subscribers.delete(own);
  }

  close() {
    this.#isClosed = true;
    this.#early = [];
    if (!this.#client || this.#instance !== instance() || !isReady()) return;
    try {
      guarded(() => this.#client?.close());
    } catch {
      // The module failed; the calls in flight reject with it.
    }
  }

  [Symbol.dispose ?? "dispose"]() {
    this.close();
  }
}

/** A budget that loads the module at its first request. */
export class RateBudget {
  #options;
  #source;
  /** @type {OwnBudget | undefined} */
  #budget;
  #instance = -1;

  /** @param {any} [options] @param {any} [source] */
  constructor(options, source) {
    this.#options = copyOf(options);
    this.#source = source;
    budgets.set(this, () => this.#current());
  }

  #current() {
    if (!this.#budget || this.#instance !== instance()) {
      this.#budget = new Budget(this.#options);
      this.#instance = instance();
    }
    return this.#budget;
  }

  /** @param {any} request */
  take(request) {
    return whenReady((given) => this.#current().take(given), request, this.#source);
  }

  /** @param {any} limits */
  report(limits) {
    if (isReady()) guarded(() => this.#current().report(limits));
  }
}

export { DisconnectError, isDisconnectError };
