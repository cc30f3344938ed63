// The signature of webhooks (Standard Webhooks 1.0).
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { Problem } from "./problem.js";

/** How far a timestamp may be from now. */
export const TOLERANCE_S = 300;

/** A `webhook-id`: visible ASCII without a dot, which separates the signed parts. */
const ID = /^[!-\-/-~]{1,256}$/;

const sha256 = (text) => createHash("sha256").update(text).digest();

/** A digest by which a repeated body is recognised. */
export const digestOf = (body) => sha256(body).toString("base64");

/** Compares in a time that does not depend on where two texts differ. */
const isEqual = (one, other) => timingSafeEqual(sha256(one), sha256(other));

/**
 * Checks that the signature of a body is by one of the keys; throws a problem if not.
 * @param {Buffer[]} keys
 * @param {Record<string, string | string[] | undefined>} headers
 * @param {Buffer} body as it was received
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

  // Node joins a header that was sent twice by a comma.
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

/** Whether an Authorization header bears the token. */
export const bears = (token, authorization = "") =>
  Boolean(token) && isEqual(authorization.replace(/^bearer /i, "Bearer "), `Bearer ${token}`);
