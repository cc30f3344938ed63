// The budget of requests that all workers of a token share: the client's `Budget`, counted in Redis.
import { DisconnectError } from "disconnect-if-connected";
import { RateLimiterMemory, RateLimiterRedis } from "rate-limiter-flexible";
import { PREFIX } from "./queue.js";

/** The platform's default limit, and the length of its window. */
const ALLOWED = 300;
const WINDOW_MS = 60_000;
/** The longest window or pause that is believed: a longer one is a mistake of a proxy. */
const MAX_WINDOW_MS = 600_000;
/** Requests that may be under way before a first response has shown what is left. */
const FIRST_REQUESTS = 4;
/** After this time without a response, the next requests may be sent. */
const SILENCE_MS = 10_000;
/** The longest wait for the window; a request that would wait longer is refused, and its job is retried later. */
const MAX_WAIT_MS = 5_000;
/** After this time without a reply, the connection to Redis is renewed. */
const HANGS_MS = 900;
/** How often the count is checked during a wait: another worker may have learned that the window ends earlier. */
const CHECK_MS = 1_000;

/**
 * Counts a request, unless all are paused. KEYS: the count. ARGV: 1, seconds of a window, requests of a window.
 * It is the limiter's own script, with the pause added.
 */
const COUNT = `
local pause = redis.call("PTTL", KEYS[1] .. ":pause")
if pause > 0 then return { ARGV[3] + 1, pause } end
redis.call("SET", KEYS[1], 0, "EX", ARGV[2], "NX")
return { redis.call("INCRBY", KEYS[1], ARGV[1]), redis.call("PTTL", KEYS[1]) }`;

/**
 * Corrects the count by what a response reports: the platform also counts requests of others, and knows when the window
 * ends. A count can only grow. The earliest reported end applies: whole seconds and slow responses make it late, never
 * early; before the first report, the end is a guess. KEYS: the count, the mark of a reported end, the limits.
 * ARGV: count, ms to the end, allowed, ms of a window.
 */
const CORRECT = `
redis.call("HSET", KEYS[3], "allowed", ARGV[3], "windowMs", ARGV[4])
redis.call("PEXPIRE", KEYS[3], 2 * ARGV[4])
local count = math.max(tonumber(redis.call("GET", KEYS[1]) or "0"), tonumber(ARGV[1]))
local ends = tonumber(ARGV[2])
local reported = redis.call("PTTL", KEYS[2])
if reported > 0 and reported < ends then ends = reported end
redis.call("SET", KEYS[1], count, "PX", ends)
redis.call("SET", KEYS[2], "1", "PX", ends)`;

/** Pauses all requests; the longest pause applies. KEYS: the pause. ARGV: its ms. */
const PAUSE = `
if redis.call("PTTL", KEYS[1]) < tonumber(ARGV[1]) then redis.call("SET", KEYS[1], "1", "PX", ARGV[1]) end`;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @implements {import("disconnect-if-connected").Budget} */
export class RedisBudget {
  #redis;
  #key;
  /** Settles when the limits that other workers have learned are read. */
  #learned;
  #limiter;
  /** The count of this worker alone, used while Redis is away. */
  #insurance;
  #workers = 1;
  /** The longest reported remainder of a window. */
  #windowMs = 0;
  #pausedUntil = 0;
  /** Whether a response has reported the limits. */
  #isKnown = false;
  /** Requests that were granted before that. */
  #unreported = 0;
  #isServing = false;
  #silence;
  #silenceMs;
  /** The waiting requests, in this order: those that follow another of their call, those with priority, the others. */
  #lines = [new Set(), new Set(), new Set()];

  /**
   * @param {object} options
   * @param {import("ioredis").Redis} options.redis a prompt connection
   * @param {string} options.key of the token
   * @param {number} [options.silenceMs] after this time without a response, the next requests may be sent
   */
  constructor({ redis, key, silenceMs = SILENCE_MS }) {
    this.#silenceMs = silenceMs;
    this.#redis = redis;
    this.#key = key;
    const options = { keyPrefix: `${PREFIX}:budget`, points: ALLOWED, duration: WINDOW_MS / 1_000 };
    this.#insurance = new RateLimiterMemory(options);
    this.#limiter = new RateLimiterRedis({
      ...options,
      storeClient: redis,
      customIncrTtlLuaScript: COUNT,
      rejectIfRedisNotReady: true,
      insuranceLimiter: this.#insurance,
    });
    redis.defineCommand("correctBudget", { numberOfKeys: 3, lua: CORRECT });
    redis.defineCommand("pauseBudget", { numberOfKeys: 1, lua: PAUSE });
    // Redis has not counted what was sent while it was away, nor has this worker what others have sent.
    for (const event of ["close", "ready"]) {
      redis.on(event, () => {
        this.#isKnown = false;
        this.#unreported = 0;
      });
    }
  }

  /** Sets the number of workers: this one may use its share of the budget while Redis is away. */
  shareWith(workers) {
    this.#workers = Math.max(1, workers);
    this.#insurance.points = this.#shareOf(this.#limiter.points);
  }

  #shareOf(requests) {
    return Math.floor(requests / this.#workers);
  }

  /** Limits what this worker may send by itself until the window ends to its share of what is left. */
  async #insure(left, ms) {
    const known = await this.#insurance.get(this.#key);
    const used = this.#insurance.points - this.#shareOf(Math.max(0, left));
    await this.#insurance.set(this.#key, Math.max(used, known?.consumedPoints ?? 0), Math.max(1, ms) / 1_000);
  }

  take({ priority, follows, signal }) {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const line = this.#lines[follows ? 0 : priority ? 1 : 2];
      const waiter = { resolve, reject };
      line.add(waiter);
      signal.addEventListener("abort", () => line.delete(waiter) && reject(signal.reason), { once: true });
      this.#serve();
    });
  }

  report({ allowed, count, resetMs, retryAfterMs }) {
    this.#isKnown = true;
    this.#unreported = 0;
    const isReady = this.#redis.status === "ready";
    const counter = this.#limiter.getKey(this.#key);
    if (retryAfterMs !== undefined) {
      const ms = Math.min(MAX_WINDOW_MS, Math.max(1, Math.ceil(retryAfterMs)));
      if (isReady) this.#redis.pauseBudget(`${counter}:pause`, ms).catch(() => {});
      this.#pausedUntil = Math.max(this.#pausedUntil, Date.now() + ms);
      this.#insurance.block(this.#key, (this.#pausedUntil - Date.now()) / 1_000);
    } else if (allowed >= 1 && count >= 0 && resetMs <= MAX_WINDOW_MS) {
      this.#learn(allowed, Math.max(resetMs, this.#windowMs));
      const keys = [counter, `${counter}:end`, `${counter}:limits`];
      const values = [count, Math.max(1, Math.round(resetMs)), allowed, Math.round(this.#windowMs)];
      if (isReady) this.#redis.correctBudget(...keys, ...values).catch(() => {});
      else this.#insure(allowed - count, resetMs);
    }
    this.#serve();
  }

  #learn(allowed, windowMs) {
    this.#windowMs = windowMs;
    this.#limiter.points = Math.floor(allowed);
    this.#limiter.duration = Math.max(1, Math.ceil(windowMs / 1_000));
    this.#insurance.duration = this.#limiter.duration;
    this.shareWith(this.#workers);
  }

  /** Reads the limits that other workers have learned. */
  async #readLimits() {
    const { allowed, windowMs } = await this.#redis.hgetall(`${this.#limiter.getKey(this.#key)}:limits`);
    if (allowed) this.#learn(Number(allowed), Number(windowMs));
    this.#isKnown ||= Boolean(allowed);
  }

  /** The first line in which a request waits. */
  get #first() {
    return this.#lines.find((line) => line.size > 0);
  }

  /** Grants the waiting requests that the budget allows. */
  async #serve() {
    if (this.#isServing) return;
    this.#isServing = true;
    this.#learned ??= this.#readLimits().catch(() => {});
    await this.#learned;
    while (this.#first && !this.#isUnsure) {
      const waitMs = await this.#count();
      if (waitMs > MAX_WAIT_MS && this.#isKnown) this.#refuse(waitMs);
      else if (waitMs > 0) await sleep(Math.min(waitMs, CHECK_MS));
      else this.#grant();
    }
    this.#isServing = false;
    // A call that ends before its response reports no limits.
    if (this.#isUnsure) {
      this.#silence ??= setTimeout(() => {
        this.#silence = undefined;
        this.#unreported = 0;
        this.#serve();
      }, this.#silenceMs).unref();
    }
  }

  /** Whether the next request has to wait for a first response. */
  get #isUnsure() {
    return !this.#isKnown && this.#unreported >= FIRST_REQUESTS;
  }

  /** Counts one request; returns 0, or in how many milliseconds it may be counted. */
  async #count() {
    const begun = performance.now();
    try {
      const { consumedPoints, msBeforeNext } = await this.#limiter.consume(this.#key);
      if (this.#redis.status === "ready") await this.#insure(this.#limiter.points - consumedPoints, msBeforeNext);
      return 0;
    } catch ({ msBeforeNext = CHECK_MS }) {
      return Math.max(1, msBeforeNext);
    } finally {
      // A Redis that hangs counts as away until it answers on a new connection.
      if (performance.now() - begun > HANGS_MS) this.#redis.disconnect(true);
    }
  }

  #grant() {
    // The first request may have been aborted meanwhile.
    const line = this.#first;
    if (!line) return;
    const [waiter] = line;
    line.delete(waiter);
    if (!this.#isKnown) this.#unreported += 1;
    waiter.resolve();
  }

  #refuse(retryAfterMs) {
    const message = `All requests of the platform's window are used up for ${Math.ceil(retryAfterMs / 1_000)} s.`;
    for (const line of this.#lines) {
      for (const { reject } of line) reject(new DisconnectError({ code: "RATE_LIMITED", message, retryAfterMs }));
      line.clear();
    }
  }
}
