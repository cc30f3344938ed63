// @ts-check
// Recovery from a trap of the module (a panic, exhausted memory): it ends every call in flight with `INTERNAL`, and the
// next call runs on a fresh instance. Every callback into the module goes through `caught`.

import { DisconnectError } from "./error.js";

/** @type {Set<{ promise: Promise<unknown>, reject: (error: unknown) => void }>} */
const inFlight = new Set();
/** The number of the instance: timers and promises of an earlier one have no effect. */
let generation = 0;
/** @type {Set<ReturnType<typeof setTimeout>>} */
const timers = new Set();
/** Gives the module a fresh instance. */
let reset = () => {};
/** @type {Promise<void> | undefined} */
let recovery;

/** @param {() => void} renew gives the module a fresh instance */
export function recoverBy(renew) {
  reset = renew;
}

/** The number of the instance: objects of an earlier one are of no use. */
export const instance = () => generation;

/** Settles when the fresh instance is there; `undefined` unless one is on its way. */
export const recovering = () => recovery;

/**
 * The error with which calls in flight reject after a trap. The instance is renewed in a later task, because functions
 * of the old one may still be on the stack.
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
      // Nobody handles the promise of a call that trapped before it was returned.
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
 * A callback into the module that reports a trap, and does nothing once the instance was renewed.
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
 * Calls back in a microtask, as a reaction to a resolved promise.
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
  const settle = (how) => (/** @type {unknown} */ value) => {
    inFlight.delete(call);
    call[how](value);
  };
  executor(settle("resolve"), settle("reject"));
  return call.promise;
}

/**
 * An object for JsFuture, whose callbacks enter the module; it settles as a promise, a thenable or a plain value does.
 * It avoids the promise's own `then`, which may throw, and sets no `then` on a promise, because that makes all
 * promises slower in V8.
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
