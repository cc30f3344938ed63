// @ts-check
// A trap of the module (a panic, exhausted memory) ends every call in flight with `INTERNAL`; the next call runs on a
// fresh instance. Whatever enters the module later than the start of a call goes through `caught`.

import { DisconnectError } from "./error.js";

/** @type {Set<{ promise: Promise<unknown>, reject: (error: unknown) => void }>} */
const inFlight = new Set();
/** Counts the instances: what an earlier one left behind, a timer or a promise, does nothing any more. */
let generation = 0;
/** @type {Set<ReturnType<typeof setTimeout>>} */
const timers = new Set();
let reset = () => {};
/** @type {Promise<void> | undefined} */
let recovery;

/** @param {() => void} renew gives the module a fresh instance */
export function recoverBy(renew) {
  reset = renew;
}

/** Tells instances apart: what an earlier one made is of no use to a later one. */
export const instance = () => generation;

/** Settles when a fresh instance is there; `undefined` where it is. */
export const recovering = () => recovery;

/**
 * What a call in flight rejects with. The instance is renewed later: functions of the old one may be on the stack.
 * @param {unknown} cause
 */
export function trapped(cause) {
  const error = new DisconnectError({
    code: "INTERNAL",
    message:
      "disconnectIfConnected: the WebAssembly module failed, with all calls under way. A disconnect may have been " +
      "sent: read the state first. The next call starts a fresh instance. Please report the cause.",
    mayHaveDisconnected: true,
    cause,
  });
  generation++;
  recovery ??= Promise.resolve().then(() => {
    generation++;
    recovery = undefined;
    for (const { promise, reject } of inFlight) {
      // One that trapped before its promise was given away is nobody's to handle.
      promise.catch(() => {});
      reject(error);
    }
    inFlight.clear();
    timers.forEach(stopTimer);
    try {
      reset();
    } catch {
      // The next call traps too, and tries again.
    }
  });
  return error;
}

/**
 * A callback into the module.
 * @param {(value: unknown) => unknown} callback
 */
export function caught(callback) {
  const own = generation;
  return (/** @type {unknown} */ value) => {
    if (own !== generation) return;
    try {
      callback(value);
    } catch (error) {
      trapped(error);
    }
  };
}

/** @param {() => unknown} callback @param {number} delayMs */
export function startTimer(callback, delayMs) {
  const timer = setTimeout(caught(callback), delayMs);
  timers.add(timer);
  return timer;
}

/** @param {ReturnType<typeof setTimeout>} timer */
export function stopTimer(timer) {
  timers.delete(timer);
  clearTimeout(timer);
}

/**
 * Calls back in a reaction to a resolved promise.
 * @param {(value: unknown) => unknown} callback
 * @param {unknown} value
 */
export function soon(callback, value) {
  Promise.resolve(value).then(caught(callback));
}

/**
 * The promise of a call, which a trap rejects.
 * @param {(resolve: (value: unknown) => void, reject: (error: unknown) => void) => void} executor
 */
export function pending(executor) {
  /** @type {any} */
  const call = {};
  call.promise = new Promise((resolve, reject) => Object.assign(call, { resolve, reject }));
  inFlight.add(call);
  /** @param {"resolve" | "reject"} how */
  const end = (how) => (/** @type {unknown} */ value) => {
    inFlight.delete(call);
    call[how](value);
  };
  executor(end("resolve"), end("reject"));
  return call.promise;
}

/**
 * What a promise, a thenable or a plain value settles with. Not by the promise's own `then`, which may throw. The
 * object is for JsFuture, whose callbacks lead into the module: a new `then` on a promise would make V8 slower at all
 * promises.
 * @param {unknown} value
 */
export function settled(value) {
  const promise = Promise.resolve(value);
  /** @type {(onValue: (value: unknown) => unknown, onError: (error: unknown) => unknown) => unknown} */
  const then = (onValue, onError) => {
    try {
      return Promise.prototype.then.call(promise, caught(onValue), caught(onError));
    } catch (error) {
      return Promise.reject(error).catch(caught(onError));
    }
  };
  return { then };
}
