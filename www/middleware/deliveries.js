// The deliveries of webhooks by their `webhook-id`, in this process: one that comes again is not done again.
import { LRUCache } from "lru-cache";
import { idReused, overloaded, shuttingDown } from "./problem.js";
import { answered } from "./removal.js";
import { digestOf } from "./webhook.js";

/** How long, and of how many deliveries, the answers are kept. */
export const KEPT_MS = 24 * 60 * 60 * 1_000;
const KEPT = 50_000;
/** Removals that may be under way at a time. */
const MAX_UNDER_WAY = 1_000;

/**
 * A delivery.
 * @typedef {object} Delivery
 * @property {Answer} [answer]
 * @property {(ms: number) => Promise<Answer | undefined>} within its answer, or `undefined` where that takes longer
 */

/**
 * How the sender is answered. One that is not final is no answer to the next try with the same id: that one is done.
 * @typedef {{ status: number, headers: object, body: object, isFinal: boolean }} Answer
 */

export class Deliveries {
  #remove;
  #isDraining = false;
  #underWay = new Map();
  #done = new LRUCache({ max: KEPT, ttl: KEPT_MS });
  /** Told of each removal that ended. @type {(ending: import("./removal.js").Ending, seconds: number) => void} */
  onEnded = () => {};

  /** @param {ReturnType<typeof import("./removal.js").remover>} remove */
  constructor(remove) {
    this.#remove = remove;
  }

  get underWay() {
    return this.#underWay.size;
  }

  get isDraining() {
    return this.#isDraining;
  }

  #known(id) {
    return this.#underWay.get(id) ?? this.#done.get(id);
  }

  /** @returns {Promise<Delivery | undefined>} */
  async get(id) {
    return this.#known(id);
  }

  /**
   * The delivery of this id; a new one is begun.
   * @param {{ id: string, bytes: Buffer, body: object, log: object }} request
   * @returns {Promise<Delivery>}
   */
  async accept({ id, bytes, body, log }) {
    const known = this.#known(id);
    const digest = digestOf(bytes);
    if (known && known.digest !== digest) throw idReused(id);
    if (known && known.answer?.isFinal !== false) return known;
    if (this.#isDraining) throw shuttingDown();
    if (this.#underWay.size >= MAX_UNDER_WAY) throw overloaded(`${MAX_UNDER_WAY} removals are under way.`);
    const begun = performance.now();
    const delivery = { id, digest, answer: undefined, settled: undefined, within: undefined };
    this.#underWay.set(id, delivery);
    delivery.settled = this.#remove(body, { id, log }).then((ending) => {
      this.onEnded(ending, (performance.now() - begun) / 1_000);
      delivery.answer = answered(id, ending);
      this.#underWay.delete(id);
      this.#done.set(id, delivery);
      return delivery.answer;
    });
    delivery.within = (ms) => within(delivery.settled, ms);
    return delivery;
  }

  /** Takes nothing new; settles when all that are under way have ended. */
  async drain() {
    this.#isDraining = true;
    await Promise.all([...this.#underWay.values()].map(({ settled }) => settled));
  }
}

/** What `work` gives, or `undefined` where it takes longer. */
export async function within(work, ms) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
