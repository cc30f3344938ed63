// @ts-check
// `disconnect-if-connected/wasm`: the same function without the module's bytes, for those who serve, cache or compile
// the module themselves. The other entry points are this one with a source of their own.

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
  "disconnectIfConnected: WebAssembly cannot run here; no request was sent. A page's policy needs script-src 'self' " +
  '\'wasm-unsafe-eval\', an extension (MV3) in its manifest "content_security_policy": { "extension_pages": ' +
  "\"script-src 'self' 'wasm-unsafe-eval'; object-src 'self'\" }, Node no --jitless.";

/** @typedef {InstanceType<typeof Client>} OwnClient */
/** @typedef {InstanceType<typeof Budget>} OwnBudget */

let isLoaded = false;

/** The host has no WebAssembly, or a policy forbids it: not even the empty module compiles. */
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
    // First, because Node's own fetch, which `start` touches, ends a process without it.
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

/** What cannot be cloned is left as it is: the module reports it. @param {any} value */
function cloned(value) {
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
}

/** The options as they are now: the caller may change the object later. @param {any} options */
function copied(options) {
  try {
    if (options === null || typeof options !== "object" || Array.isArray(options)) return options;
    const copy = { ...options };
    for (const name of ["participant", "where", "api", "disconnectableStates", "goneStates"]) {
      if (copy[name] !== undefined) copy[name] = cloned(copy[name]);
    }
    return copy;
  } catch {
    // A getter or a proxy throws: the module reports it.
    return options;
  }
}

/** The module is there, and not about to be renewed. */
const isReady = () => isLoaded && !recovering();

/**
 * What the module gives for these options, once it is there.
 * @param {(options: any) => Promise<any>} begin
 * @param {any} options
 * @param {any} [source]
 */
async function entered(begin, options, source) {
  let given = options;
  if (!isReady()) {
    given = copied(options);
    await load(source);
    await recovering();
  }
  try {
    return await begun(begin, given);
  } catch (error) {
    // Made in a later task; where the engine can, its stack leads to the caller's await.
    if (error instanceof DisconnectError) Error.captureStackTrace?.(error, entered);
    throw error;
  }
}

/**
 * @template T
 * @param {(options: any) => T} begin
 * @param {any} [options]
 */
function begun(begin, options) {
  try {
    return begin(options);
  } catch (error) {
    // The module's own refusals are no trap.
    throw error instanceof DisconnectError ? error : trapped(error);
  }
}

/** @type {typeof import("./index.cjs").disconnectIfConnected} */
export const disconnectIfConnected = (options) => entered(call, options);

/** Notifications that arrive before the module is there; the oldest make room. */
const MAX_EARLY = 200;

/** Of each `RateBudget` the module's own. @type {WeakMap<object, () => OwnBudget>} */
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

/** A client whose module loads at its first call. */
export class ConversationClient {
  #options;
  #source;
  #isClosed = false;
  /** @type {[notification: string, at: number][]} */
  #early = [];
  /** @type {OwnClient | undefined} */
  #client;
  #instance = -1;
  /** @type {Set<(conversationId: string) => void>} */
  #subscribers = new Set();

  /** @param {any} options @param {any} [source] of the module, for `entered` */
  constructor(options, source) {
    this.#options = copied(options);
    this.#source = source;
  }

  /** The module's own client; a fresh instance of the module has a fresh one. */
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
    return entered((given) => this.#current().disconnectIfConnected(given), options, this.#source);
  }

  /** @param {any} options */
  disconnectAll(options) {
    return entered((given) => this.#current().disconnectAll(given), options, this.#source);
  }

  /** @param {any} conversationId @param {any} [options] */
  participants(conversationId, options) {
    return entered((given) => this.#current().participants(conversationId, given), options, this.#source);
  }

  /** @param {any} notification */
  observe(notification) {
    if (this.#isClosed) return;
    let text;
    try {
      text = typeof notification === "string" ? notification : JSON.stringify(notification);
    } catch {
      // Nothing that a channel would send.
    }
    if (typeof text !== "string") return;
    this.#early.push([text, performance.now()]);
    if (this.#early.length > MAX_EARLY) this.#early.shift();
    if (!this.#client || !isReady()) return;
    try {
      begun(() => {
        this.#observeEarly(this.#current());
      });
    } catch {
      // The module failed: the calls in flight end with that.
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
          // As with `onEvent`: what it throws changes nothing.
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
    // Only the module knows what a notification tells: it is loaded now, and tells what came early.
    entered(async () => this.#observeEarly(this.#current()), undefined, this.#source).catch(() => {});
    return () => void this.#subscribers.delete(own);
  }

  close() {
    this.#isClosed = true;
    this.#early = [];
    if (!this.#client || this.#instance !== instance() || !isReady()) return;
    try {
      begun(() => this.#client?.close());
    } catch {
      // As above.
    }
  }

  [Symbol.dispose ?? "dispose"]() {
    this.close();
  }
}

/** A budget whose module loads with the first request. */
export class RateBudget {
  #options;
  #source;
  /** @type {OwnBudget | undefined} */
  #budget;
  #instance = -1;

  /** @param {any} [options] @param {any} [source] */
  constructor(options, source) {
    this.#options = copied(options);
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
    return entered((given) => this.#current().take(given), request, this.#source);
  }

  /** @param {any} limits */
  report(limits) {
    if (isReady()) begun(() => this.#current().report(limits));
  }
}

export { DisconnectError, isDisconnectError };
