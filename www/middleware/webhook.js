// The webhook's signature (Standard Webhooks 1.0), and its idempotency.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { LRUCache } from "lru-cache";
import { Problem } from "./problem.js";

/** How far a timestamp may be from now. */
export const TOLERANCE_S = 300;
/** How long, and of how many deliveries, the answers are kept. */
const KEPT_MS = 24 * 60 * 60 * 1_000;
const KEPT = 50_000;
/** Removals that may be under way at a time. */
export const MAX_UNDER_WAY = 1_000;

/** Visible ASCII without a dot, which separates the parts of what is signed. */
const ID = /^[!-\-/-~]{1,256}$/;

const sha256 = (text) => createHash("sha256").update(text).digest();

/** Equal, in a time that does not tell how much of it. */
const isEqual = (one, other) => timingSafeEqual(sha256(one), sha256(other));

/**
 * Checks the signature of a body, with any of the keys; throws the problem.
 * @param {Buffer[]} keys
 * @param {Record<string, string | string[] | undefined>} headers
 * @param {Buffer} body as it came
 * @returns {string} the `webhook-id`
 */
export function verify(keys, headers, body, now = Date.now()) {
  const refused = (detail) => new Problem("BAD_SIGNATURE", detail);
  const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
  const missing = names.filter((name) => !headers[name]);
  if (missing.length > 0)
    throw refused(`Missing: ${missing.join(", ")}. Sign the request as Standard Webhooks 1.0 says.`);
  const [id, timestamp, signatures] = names.map((name) => String(headers[name]));
  if (!ID.test(id)) throw refused("webhook-id takes 1 to 256 visible ASCII characters without a dot.");
  if (!/^\d{1,15}$/.test(timestamp)) throw refused("webhook-timestamp takes the Unix time in seconds.");

  // A header that was sent twice arrives with a comma between.
  const given = signatures.split(/,?\s+/).filter((one) => one.startsWith("v1,"));
  const macs = keys.map((key) => createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest());
  const matches = (encoded) => macs.some((mac) => given.some((one) => isEqual(one.slice(3), encoded(mac))));
  if (!matches((mac) => mac.toString("base64"))) {
    if (given.length === 0) throw refused("webhook-signature holds no signature of version v1.");
    if (
      matches((mac) => mac.toString("hex")) ||
      matches((mac) => Buffer.from(mac.toString("hex")).toString("base64"))
    ) {
      throw refused("The signature is made of the hex digits of the HMAC: it takes the Base64 of its 32 bytes.");
    }
    throw refused(
      "The signature fits none of the secrets. It is the Base64 of HMAC-SHA256 over `id.timestamp.body`, the body " +
        "byte for byte as it was sent, with the Base64-decoded part after whsec_ as the key.",
    );
  }

  const age = Math.round(now / 1_000 - Number(timestamp));
  if (Math.abs(age) > TOLERANCE_S) {
    const how = Number(timestamp) > 1e11 ? "looks like milliseconds" : `is ${age} s old`;
    throw new Problem(
      "STALE_TIMESTAMP",
      `webhook-timestamp ${how}; at most ${TOLERANCE_S} s. Check the sender's clock.`,
    );
  }
  return id;
}

/** Whether a request bears the token. */
export const bears = (token, authorization = "") =>
  Boolean(token) && isEqual(authorization.replace(/^bearer /i, "Bearer "), `Bearer ${token}`);

export const shuttingDown = () =>
  new Problem("SHUTTING_DOWN", "This process takes no new work. Try again with the same webhook-id.");

/** The deliveries by their `webhook-id`: one that comes again is not done again. */
export class Deliveries {
  #isDraining = false;
  #underWay = new Map();
  #done = new LRUCache({ max: KEPT, ttl: KEPT_MS });

  get underWay() {
    return this.#underWay.size;
  }

  get(id) {
    return this.#underWay.get(id) ?? this.#done.get(id);
  }

  /**
   * The delivery of this id; `start` gives the answer of one that is new. Where an answer is not final, the sender's
   * next try with the same id is done.
   * @param {string} id
   * @param {Buffer} body
   * @param {() => Promise<{ status: number, headers: object, body: object, isFinal: boolean }>} start never rejects
   */
  accept(id, body, start) {
    const known = this.get(id);
    const digest = sha256(body);
    if (known && !known.digest.equals(digest)) {
      throw new Problem("ID_REUSED", `webhook-id ${id} was used for another body: give each removal an id of its own.`);
    }
    if (known && known.answer?.isFinal !== false) return known;
    if (this.#isDraining) throw shuttingDown();
    if (this.#underWay.size >= MAX_UNDER_WAY) {
      throw new Problem("OVERLOADED", `${MAX_UNDER_WAY} removals are under way. Try again with the same webhook-id.`);
    }
    const delivery = { id, digest, answer: undefined, settled: undefined };
    this.#underWay.set(id, delivery);
    delivery.settled = start().then((answer) => {
      delivery.answer = answer;
      this.#underWay.delete(id);
      this.#done.set(id, delivery);
      return answer;
    });
    return delivery;
  }

  get isDraining() {
    return this.#isDraining;
  }

  /** Takes nothing new; settles when all that are under way have ended. */
  async drain() {
    this.#isDraining = true;
    await Promise.all([...this.#underWay.values()].map(({ settled }) => settled));
  }
}
