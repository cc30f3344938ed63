// Errors as RFC 9457 problems, with advice for the sender.

/** The HTTP status and the title of each code. */
const PROBLEMS = {
  INVALID_ARGUMENT: [400, "The request is not valid"],
  NOT_JSON: [400, "The body is not JSON"],
  BAD_SIGNATURE: [401, "The signature is missing or wrong"],
  STALE_TIMESTAMP: [401, "The timestamp is too far from now"],
  PARTICIPANT_NOT_FOUND: [404, "The participant was not found"],
  CONVERSATION_NOT_FOUND: [404, "The conversation was not found"],
  NOT_FOUND: [404, "There is nothing here"],
  AMBIGUOUS_PARTICIPANT: [409, "Several participants match"],
  CONFLICT: [409, "The platform refused the disconnect"],
  BODY_TOO_LARGE: [413, "The body is too large"],
  ID_REUSED: [422, "The webhook-id was used for another body"],
  RATE_LIMITED: [503, "The platform's limit of requests is used up"],
  SHUTTING_DOWN: [503, "The server is shutting down"],
  OVERLOADED: [503, "The server has too much to do"],
  NOT_READY: [503, "The server is not ready"],
  TIMEOUT: [504, "The removal took too long"],
  EXPIRED: [504, "The removal waited too long"],
};
/** The same for any other code of the package. */
const OTHER = [502, "The platform did not do it"];

/** Default wait before the sender's next try, in milliseconds. */
const RETRY_AFTER_MS = { RATE_LIMITED: 10_000, SHUTTING_DOWN: 1_000, OVERLOADED: 1_000, NOT_READY: 1_000 };

const TYPES = "https://github.com/disconnect-if-connected/disconnect-if-connected/blob/main/docs/middleware.md";

export class Problem extends Error {
  /** @param {{ correlationId?: string, retryAfterMs?: number, mayHaveDisconnected?: true, cause?: unknown }} [more] */
  constructor(code, detail, { cause, ...more } = {}) {
    super(detail, cause === undefined ? undefined : { cause });
    this.code = code;
    [this.status, this.title] = PROBLEMS[code] ?? OTHER;
    this.more = { retryAfterMs: RETRY_AFTER_MS[code], ...more };
  }

  /** As it is stored in a job; `Problem.of` reads it. */
  toJSON() {
    const { code, message: detail, more } = this;
    return { code, detail, ...more };
  }

  static of({ code, detail, ...more }) {
    return new Problem(code, detail, more);
  }

  /** Whether another try with the same id gets the same answer, because the cause is not temporary. */
  get isFinal() {
    return this.status < 500 || FINAL.includes(this.code);
  }

  /** As an HTTP response. @param {string} [id] the `webhook-id` */
  answer(id) {
    const { code, status, title, message: detail, isFinal } = this;
    const { correlationId, retryAfterMs, mayHaveDisconnected } = this.more;
    const type = `${TYPES}#${code.toLowerCase()}`;
    return {
      status,
      isFinal,
      headers: {
        "Content-Type": "application/problem+json",
        ...(retryAfterMs === undefined ? {} : { "Retry-After": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }),
      },
      body: { type, title, status, detail, code, id, correlationId, retryAfterMs, mayHaveDisconnected },
    };
  }
}

/** The codes of status 500 and above whose cause is not temporary. */
const FINAL = ["FORBIDDEN", "REJECTED"];

/** Fastify's own errors that are reported to a sender. */
const OF_FASTIFY = {
  FST_ERR_CTP_BODY_TOO_LARGE: "BODY_TOO_LARGE",
  FST_ERR_VALIDATION: "INVALID_ARGUMENT",
};

/** Any error as a problem. The text of an unknown error is not shown: it may contain secrets. */
export function problemOf(error) {
  if (error instanceof Problem) return error;
  if (error?.name === "DisconnectError") {
    const { correlationId, retryAfterMs } = error;
    const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
    // Only if it is true.
    const mayHaveDisconnected = error.mayHaveDisconnected || undefined;
    return new Problem(error.code, error.message, { correlationId, mayHaveDisconnected, ...retry, cause: error });
  }
  const isOfSender = error?.statusCode >= 400 && error.statusCode < 500;
  const code = OF_FASTIFY[error?.code] ?? (isOfSender ? "INVALID_ARGUMENT" : undefined);
  if (code) return new Problem(code, error.message);
  return new Problem("INTERNAL", "The middleware failed; its log has the reason.", { cause: error });
}

export const shuttingDown = () =>
  new Problem("SHUTTING_DOWN", "This process takes no new work. Try again with the same webhook-id.");

export const overloaded = (why) => new Problem("OVERLOADED", `${why} Try again with the same webhook-id.`);

export const idReused = (id) =>
  new Problem("ID_REUSED", `webhook-id ${id} was used for another body: give each removal an id of its own.`);
