// The deliveries of webhooks by `webhook-id`, in this process: a repeated delivery is not carried out again.
import { LRUCache } from "lru-cache";
import { idReused, overloaded, shuttingDown } from "./problem.js";
import { answered } from "./removal.js";
import { digestOf } from "./webhook.js";

/** How long answers are kept, and of how many deliveries. */
export const KEPT_MS = 24 * 60 * 60 * 1_000;
const KEPT = 50_000;
/** The highest number of removals under way. */
const MAX_UNDER_WAY = 1_000;

/**
 * A delivery.
 * @typedef {object} Delivery
 * @property {Answer} [answer] once the removal has ended
 * @property {(ms: number) => Promise<Answer | undefined>} within the answer, or `undefined` if that takes longer
 */

/**
 * The answer to the sender. After an answer that is not final, the next try with the same id is carried out.
 * @typedef {{ status: number, headers: object, body: object, isFinal: boolean }} Answer
 */

export class Deliveries {
  #remove;
  #isDraining = false;
  #underWay = new Map();
  #done = new LRUCache({ max: KEPT, ttl: KEPT_MS });
  /** Called for each removal that ended. @type {(ending: import("./removal.js").Ending, seconds: number) => void} */
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
   * The delivery of this id; a new one starts its removal.
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

  /** Refuses new deliveries from now on; settles when the removals under way have ended. */
  async drain() {
    this.#isDraining = true;
    await Promise.all([...this.#underWay.values()].map(({ settled }) => settled));
  }
}

/** The result of a promise, or `undefined` if it takes longer than `ms`. */
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
