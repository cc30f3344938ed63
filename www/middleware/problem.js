// Errors as RFC 9457 problems: what happened, to whom, and what to do.

/** The HTTP status of each code; of any other code of the package it is 502. */
const STATUS = {
  INVALID_ARGUMENT: 400,
  NOT_JSON: 400,
  BAD_SIGNATURE: 401,
  STALE_TIMESTAMP: 401,
  PARTICIPANT_NOT_FOUND: 404,
  CONVERSATION_NOT_FOUND: 404,
  NOT_FOUND: 404,
  AMBIGUOUS_PARTICIPANT: 409,
  CONFLICT: 409,
  BODY_TOO_LARGE: 413,
  ID_REUSED: 422,
  RATE_LIMITED: 503,
  SHUTTING_DOWN: 503,
  OVERLOADED: 503,
  NOT_READY: 503,
  TIMEOUT: 504,
  EXPIRED: 504,
};

const TITLES = {
  INVALID_ARGUMENT: "The request is not valid",
  NOT_JSON: "The body is not JSON",
  BAD_SIGNATURE: "The signature is missing or wrong",
  STALE_TIMESTAMP: "The timestamp is too far from now",
  PARTICIPANT_NOT_FOUND: "The participant was not found",
  CONVERSATION_NOT_FOUND: "The conversation was not found",
  NOT_FOUND: "There is nothing here",
  AMBIGUOUS_PARTICIPANT: "Several participants match",
  CONFLICT: "The platform refused the disconnect",
  BODY_TOO_LARGE: "The body is too large",
  ID_REUSED: "The webhook-id was used for another body",
  RATE_LIMITED: "The platform's limit of requests is used up",
  SHUTTING_DOWN: "The server is shutting down",
  OVERLOADED: "The server has too much to do",
  NOT_READY: "The server is not ready",
  TIMEOUT: "The removal took too long",
  EXPIRED: "The removal waited too long",
};

/** When a sender may try again where nothing says more, in milliseconds. */
const RETRY_AFTER_MS = { RATE_LIMITED: 10_000, SHUTTING_DOWN: 1_000, OVERLOADED: 1_000, NOT_READY: 1_000 };

const TYPES = "https://github.com/disconnect-if-connected/disconnect-if-connected/blob/main/docs/middleware.md";

export class Problem extends Error {
  /** @param {{ correlationId?: string, retryAfterMs?: number, mayHaveDisconnected?: true, cause?: unknown }} [more] */
  constructor(code, detail, { cause, ...more } = {}) {
    super(detail, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = STATUS[code] ?? 502;
    this.more = { retryAfterMs: RETRY_AFTER_MS[code], ...more };
  }

  /** As it goes over the wire; what is undefined is left out. */
  answer(id) {
    const { code, status, message: detail } = this;
    const { correlationId, retryAfterMs, mayHaveDisconnected } = this.more;
    const title = TITLES[code] ?? "The platform did not do it";
    const type = `${TYPES}#${code.toLowerCase()}`;
    return {
      status,
      isFinal: status < 500 || FINAL.includes(code),
      headers: {
        "Content-Type": "application/problem+json",
        ...(retryAfterMs === undefined ? {} : { "Retry-After": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }),
      },
      body: { type, title, status, detail, code, id, correlationId, retryAfterMs, mayHaveDisconnected },
    };
  }
}

/** Nothing changes by itself: a try with the same id is answered the same. The others of 500 and above may pass. */
const FINAL = ["FORBIDDEN", "REJECTED"];

/** Fastify's own errors that mean something to a sender. */
const OF_FASTIFY = {
  FST_ERR_CTP_BODY_TOO_LARGE: "BODY_TOO_LARGE",
  FST_ERR_VALIDATION: "INVALID_ARGUMENT",
};

/** Any error as a problem. Of an error that is not ours, nothing is shown: it may hold what it should not. */
export function problemOf(error) {
  if (error instanceof Problem) return error;
  if (error?.name === "DisconnectError") {
    const { correlationId, retryAfterMs } = error;
    const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
    // Only where it is true: it is what a sender has to look at.
    const mayHaveDisconnected = error.mayHaveDisconnected || undefined;
    return new Problem(error.code, error.message, { correlationId, mayHaveDisconnected, ...retry, cause: error });
  }
  const isOfSender = error?.statusCode >= 400 && error.statusCode < 500;
  const code = OF_FASTIFY[error?.code] ?? (isOfSender ? "INVALID_ARGUMENT" : undefined);
  if (code) return new Problem(code, error.message);
  return new Problem("INTERNAL", "The middleware failed; its log has the reason.", { cause: error });
}
