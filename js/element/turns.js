// @ts-check
// One removal of a participant at a time, for all elements of an origin: several of them may show one call.

/** A removal that has ended. @typedef {{ key: string, result: any }} Ended */

/** The listeners of this page. @type {Set<(ended: Ended) => void>} */
const listeners = new Set();

/** The channel to other pages of the origin, open while there are listeners. @type {BroadcastChannel | undefined} */
let channel;

/** The removals under way in this page, used where there are no Web Locks. @type {Map<string, Promise<unknown>>} */
const underWay = new Map();

/** How long a read may lag behind a disconnect that was sent, in milliseconds. */
const LAG_MS = 1_500;

/** @param {Ended} ended */
const notify = (ended) => {
  for (const listener of [...listeners]) listener(ended);
};

/**
 * Listens for removals that end in any element of the origin.
 * @param {(ended: Ended) => void} listener
 * @returns {() => void} stops listening
 */
export function listen(listener) {
  listeners.add(listener);
  try {
    channel ??= new BroadcastChannel("remove-caller");
    channel.onmessage = ({ data }) => data?.key && data.result && notify(data);
  } catch {
    // No BroadcastChannel here, or none for an opaque origin: other frames notice the change by their reads.
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    channel?.close();
    channel = undefined;
  };
}

/** Notifies the elements of this page, and those of other pages. @param {Ended} ended */
function share(ended) {
  notify(ended);
  try {
    channel?.postMessage(ended);
  } catch {
    // The result of an application's own client may not be cloneable.
  }
}

/**
 * Holds the lock of a name while `work` runs.
 * @template T
 * @param {string} name
 * @param {{ signal: AbortSignal, onWait: () => void }} options
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function locked(name, { signal, onWait }, work) {
  const locks = globalThis.navigator?.locks;
  // A sandboxed frame without an origin has the interface, but may not use it.
  if (await locks?.query().catch(() => undefined)) {
    const own = await locks.request(name, { ifAvailable: true }, async (lock) => lock && { result: await work() });
    if (own) return own.result;
    onWait();
    return locks.request(name, { signal }, work);
  }
  for (let before = underWay.get(name); before; before = underWay.get(name)) {
    onWait();
    await before;
    signal.throwIfAborted();
  }
  const own = work();
  const settled = own.catch(() => {}).then(() => underWay.delete(name));
  underWay.set(name, settled);
  return own;
}

/**
 * Runs `remove` when no other element is removing that participant. An element that waited for another one's removal
 * gets that result: nothing is sent twice. After an abort that came too late for a disconnect, the lock is held for as
 * long as reads may lag.
 * @param {string} key of the conversation and the participant
 * @param {{ signal: AbortSignal, onWait: () => void, hasWritten: () => boolean }} options
 * @param {() => Promise<any>} remove
 */
export async function inTurn(key, options, remove) {
  const { signal } = options;
  /** @type {Ended | undefined} */
  let other;
  const stop = listen((ended) => {
    if (ended.key === key) other = ended;
  });
  let abort = () => {};
  const aborted = new Promise((_, reject) => {
    abort = () => reject(signal.reason);
  });
  signal.addEventListener("abort", abort);
  const turn = locked(`remove-caller ${key}`, options, async () => {
    if (other) return other.result;
    signal.throwIfAborted();
    try {
      const result = await Promise.race([remove(), aborted]);
      share({ key, result });
      return result;
    } finally {
      if (signal.aborted && options.hasWritten()) await new Promise((resolve) => setTimeout(resolve, LAG_MS));
    }
  });
  try {
    return await Promise.race([turn, aborted]);
  } finally {
    stop();
    signal.removeEventListener("abort", abort);
    turn.catch(() => {});
  }
}
