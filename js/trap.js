// @ts-check
// Recovery from a trap of the module (a panic, exhausted memory): it ends every call in flight with `INTERNAL`, and the
// next call runs on a fresh instance. Every callback into the module goes through `enter`.

import { DisconnectError } from "./error.js";

/**
 * @typedef {{
 *   promise: Promise<unknown>, resolve: (value: unknown) => void, reject: (error: unknown) => void
 * }} Deferred
 */

/** The calls under way. @type {Set<Deferred>} */
const inFlight = new Set();
/** The number of the instance: timers and promises of an earlier one have no effect. */
let generation = 0;
/** @type {Set<Wait>} */
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
    for (const timer of timers) {
      try {
        stopTimer(timer);
      } catch {
        // Replaced by something that throws. A timer of the old instance has no effect.
      }
    }
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
 * @param {(value: any) => unknown} callback
 */
export function caught(callback) {
  const own = generation;
  return (/** @type {unknown} */ value) => enter(own, callback, value);
}

/**
 * Calls a callback of the instance with the number `own`, unless that was renewed; reports a trap.
 * @param {number} own
 * @param {(value: any) => unknown} callback
 * @param {unknown} value
 */
function enter(own, callback, value) {
  if (own !== generation) return;
  try {
    callback(value);
  } catch (error) {
    trapped(error);
  }
}

/**
 * What a task waits for: a promise or a timer. `isRejected` is undefined until it is over.
 * @typedef {{ isRejected?: boolean, value?: unknown, timer?: ReturnType<typeof setTimeout> }} Wait
 */

/** @typedef {(task: number) => unknown} Poll polls the task with this id */

/** @param {number} delayMs @param {Poll} poll @param {number} task */
export function startTimer(delayMs, poll, task) {
  /** @type {Wait} */
  const wait = { isRejected: undefined, timer: undefined };
  const fire = () => {
    wait.isRejected = false;
    soon(poll, task);
  };
  wait.timer = setTimeout(caught(fire), delayMs);
  timers.add(wait);
  return wait;
}

/** @param {Wait} wait */
export function stopTimer(wait) {
  timers.delete(wait);
  clearTimeout(wait.timer);
}

/**
 * Polls a task in a microtask, as a reaction to a resolved promise.
 * @param {Poll} poll
 * @param {number} task
 */
export function soon(poll, task) {
  Promise.resolve(task).then(caught(poll));
}

/**
 * Calls back once a promise, a thenable or a plain value has settled. It avoids the promise's own `then`, which may
 * throw.
 * @param {unknown} value
 * @param {(value: unknown) => unknown} onValue
 * @param {(error: unknown) => unknown} onError
 */
function whenSettled(value, onValue, onError) {
  try {
    Promise.prototype.then.call(Promise.resolve(value), onValue, onError);
  } catch (error) {
    Promise.reject(error).catch(onError);
  }
}

/**
 * Waits until a value has settled; the reaction to it polls the task.
 * @param {unknown} value
 * @param {Poll} poll
 * @param {number} task
 */
export function settle(value, poll, task) {
  /** @type {Wait} */
  const wait = { isRejected: undefined, value: undefined };
  const own = generation;
  /** @param {boolean} isRejected @param {unknown} result */
  const settled = (isRejected, result) => {
    wait.isRejected = isRejected;
    wait.value = result;
    enter(own, poll, task);
  };
  whenSettled(
    value,
    (result) => settled(false, result),
    (error) => settled(true, error),
  );
  return wait;
}

/**
 * A promise for JsFuture, whose callbacks enter the module. It sets no `then` on a promise, because that makes all
 * promises slower in V8.
 * @param {unknown} value
 */
export function promise(value) {
  const own = Promise.resolve(value);
  /** @type {(onValue: (value: unknown) => unknown, onError: (error: unknown) => unknown) => void} */
  const then = (onValue, onError) => whenSettled(own, caught(onValue), caught(onError));
  return { then };
}

/**
 * Drops a value that is not awaited: if it is a promise that rejects, the rejection counts as handled.
 * @param {unknown} value
 */
export function ignore(value) {
  whenSettled(
    value,
    () => {},
    () => {},
  );
}

/** A promise, and what settles it. */
export function deferred() {
  const all = /** @type {Deferred} */ ({});
  all.promise = new Promise((resolve, reject) => {
    all.resolve = resolve;
    all.reject = reject;
  });
  return all;
}

/** The promise of a call, which a trap rejects. */
export function begin() {
  const call = deferred();
  inFlight.add(call);
  return call;
}

/** @param {Deferred} call @param {boolean} isRejected @param {unknown} result */
export function end(call, isRejected, result) {
  inFlight.delete(call);
  if (isRejected) call.reject(result);
  else call.resolve(result);
}
