// Virtual time in a worker: timers fire as soon as nothing else is left to do, so that seconds pass in milliseconds and
// a run is reproducible.

/** A generator of random numbers from 0 to 1 (mulberry32). */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A clock that replaces the worker's clock, timers and random numbers. */
export class VirtualClock {
  now = 0;
  #timers = new Map();
  #ids = 0;
  /** Operations under way outside of virtual time, such as the reading of a body. */
  #busy = 0;
  #channel = new MessageChannel();
  #resume = () => {};

  install(scope) {
    scope.setTimeout = (work, ms = 0, ...rest) => {
      this.#timers.set(++this.#ids, { at: this.now + Math.max(0, ms), work: () => work(...rest) });
      return this.#ids;
    };
    scope.clearTimeout = (id) => void this.#timers.delete(id);
    scope.performance.now = () => this.now;
    this.#channel.port1.onmessage = () => this.#resume();
  }

  /** Starts a new run at 0 ms, with the random numbers of a seed. */
  reset(seed) {
    this.now = 0;
    this.#timers.clear();
    Math.random = generator(seed);
  }

  sleep = (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });

  /** Waits for a real operation, while the clock stands still. */
  async outside(promise) {
    this.#busy++;
    try {
      return await promise;
    } finally {
      this.#busy--;
    }
  }

  /** Resolves after all pending callbacks of promises have run. */
  #turn() {
    return new Promise((resolve) => {
      this.#resume = resolve;
      this.#channel.port2.postMessage(undefined);
    });
  }

  /** Lets time pass until `promise` settles, or no timer is left. */
  async until(promise) {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    promise.then(over, over);
    for (await this.#turn(); !isOver; await this.#turn()) {
      if (this.#busy > 0) continue;
      let next;
      for (const [id, timer] of this.#timers) if (!next || timer.at < next.at) next = { id, ...timer };
      if (!next) throw new Error("nothing is left to wait for");
      this.#timers.delete(next.id);
      this.now = Math.max(this.now, next.at);
      next.work();
    }
    return promise;
  }
}
