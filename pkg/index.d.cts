/**
 * Removes one participant from a live multi-party voice conversation on Genesys Cloud, only when that participant is connected, and says
 * truthfully what happened.
 *
 * A call repeats read → decide → write until it can answer: every disconnect directly follows a read that saw `connected`.
 *
 * @example
 * const result = await disconnectIfConnected({
 *   conversationId, participantId,
 *   accessToken: () => getToken(),
 *   api: "calls",
 *   region: "us-east-1",
 * });
 * if (result.outcome === "not-connected") console.log(`still ${result.state}`);
 *
 * @throws {DisconnectError} where the call cannot answer; an aborted call rejects with `signal.reason`, a token provider that throws with
 * its own error.
 */
export function disconnectIfConnected(options: DisconnectOptions): Promise<DisconnectResult>;

/** What a call is given. An unknown option, a wrong type or a value out of range is an `INVALID_ARGUMENT` before any request. */
export interface DisconnectOptions {
  /** The conversation's id. */
  conversationId: string;
  /** The id of the participant to remove, as it stands in the conversation. */
  participantId: string;
  /**
   * The OAuth access token, without "Bearer ", or what gives one. A provider is asked once for each call, and once more with
   * `refresh: true` after a 401.
   */
  accessToken: string | ((request: { refresh: boolean }) => string | Promise<string>);
  /** The routes to speak. `"voice"` unless told; `"calls"` is the published Conversations API. */
  api?: "voice" | "calls" | ApiDialect;
  /** A region of Genesys Cloud by AWS name or domain. Either this or `baseUrl` is required. */
  region?: Region;
  /** An https origin, optionally with a path prefix; http only to a loopback host. */
  baseUrl?: string;
  /** How long the platform may take to make up its mind, in milliseconds: 1500 unless told. */
  settleMs?: number;
  /** The whole call, in milliseconds: 10000 unless told. */
  timeoutMs?: number;
  /** One HTTP exchange, body included, in milliseconds: 3000 unless told. */
  requestTimeoutMs?: number;
  /** Transient failures in a row that are retried: 3 unless told. */
  maxRetries?: number;
  /** A longer body is not read on: 8388608 bytes unless told. */
  maxResponseBytes?: number;
  /** After the disconnect was accepted, read on within `settleMs` until the participant is seen gone. */
  confirm?: boolean;
  /** The states in which the disconnect is sent: `["connected"]` unless told. */
  disconnectableStates?: string[];
  /** `api: "calls"` only: disconnect on behalf of this user. */
  onBehalfOf?: string;
  /** Aborts the call, waits included; it then rejects with `signal.reason`. */
  signal?: AbortSignal;
  /** Instead of the global fetch; called with a URL string and a plain object. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Receives what the timeline records, as it happens. What it throws changes nothing. */
  onEvent?: (event: DisconnectEvent) => void;
}

/** Another API's routes as data. `{conversationId}` and `{participantId}` stand for the ids, in paths percent-encoded. */
export interface ApiDialect {
  /** GET; `participants` is the name of the list in the body. */
  read: { path: string; participants: string };
  write: { method: "POST" | "PUT" | "PATCH" | "DELETE"; path: string; body?: JsonValue };
}

/** What `JSON.stringify` can write. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Genesys Cloud's regions, by AWS name or by domain. */
export type Region =
  | "us-east-1"
  | "mypurecloud.com"
  | "us-east-2"
  | "use2.us-gov-pure.cloud"
  | "us-west-2"
  | "usw2.pure.cloud"
  | "ca-central-1"
  | "cac1.pure.cloud"
  | "sa-east-1"
  | "sae1.pure.cloud"
  | "mx-central-1"
  | "mxc1.pure.cloud"
  | "eu-west-1"
  | "mypurecloud.ie"
  | "eu-west-2"
  | "euw2.pure.cloud"
  | "eu-central-1"
  | "mypurecloud.de"
  | "eu-central-2"
  | "euc2.pure.cloud"
  | "me-central-1"
  | "mec1.pure.cloud"
  | "ap-south-1"
  | "aps1.pure.cloud"
  | "ap-northeast-1"
  | "mypurecloud.jp"
  | "ap-northeast-2"
  | "apne2.pure.cloud"
  | "ap-northeast-3"
  | "apne3.pure.cloud"
  | "ap-southeast-1"
  | "apse1.pure.cloud"
  | "ap-southeast-2"
  | "mypurecloud.com.au"
  | "eusc-de-east-1"
  | "edee1.eusc-pure.cloud"
  // Any other string type-checks, so that a region read from configuration does; the call checks it.
  | (string & {});

interface ResultFields {
  conversationId: string;
  participantId: string;
  /** HTTP requests sent. */
  requests: number;
  elapsedMs: number;
  /** The deciding response's `ININ-Correlation-Id`; absent where the host hides it (CORS). */
  correlationId?: string;
  /** What was asked, answered and waited for, in order. */
  timeline: DisconnectEvent[];
}

/** A disconnect of this call was accepted, or one of unknown fate was sent and the participant is gone. */
export interface Disconnected extends ResultFields {
  outcome: "disconnected";
  /** The last state seen. */
  state?: string;
  /** A read, or the platform's own answer, showed the participant gone. */
  confirmed: boolean;
}

/** The participant was gone, and no disconnect of this call can have done it. */
export interface AlreadyDisconnected extends ResultFields {
  outcome: "already-disconnected";
  /** The last state seen. */
  state?: string;
  confirmed: true;
}

/** The participant stayed in `state` for all of `settleMs`; nothing was changed. */
export interface NotConnected extends ResultFields {
  outcome: "not-connected";
  /** The last state seen; absent where the platform named none. */
  state?: string;
  confirmed: false;
}

/** How the call ended; `outcome` tells the three apart. */
export type DisconnectResult = Disconnected | AlreadyDisconnected | NotConnected;
/** What became of the participant. */
export type Outcome = DisconnectResult["outcome"];

/** Why a call could not answer; docs/api.md says what to do about each. */
export type DisconnectErrorCode =
  | "INVALID_ARGUMENT"
  | "PARTICIPANT_NOT_FOUND"
  | "CONVERSATION_NOT_FOUND"
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "CONFLICT"
  | "RATE_LIMITED"
  | "SERVER_ERROR"
  | "NETWORK"
  | "TIMEOUT"
  | "BAD_RESPONSE"
  | "REJECTED";

/** Why a call could not answer: what happened, to whom, and what to do about it. */
export class DisconnectError extends Error {
  private constructor();
  readonly name: "DisconnectError";
  readonly code: DisconnectErrorCode;
  /** The HTTP status of the deciding response. */
  readonly status?: number;
  /** The code of the platform's error body. */
  readonly platformCode?: string;
  /** The deciding response's `ININ-Correlation-Id`. */
  readonly correlationId?: string;
  /** How long the platform asked to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The last state seen. */
  readonly state?: string;
  /** A disconnect of unknown fate was sent and nothing later settled it. */
  readonly mayHaveDisconnected: boolean;
  readonly timeline: DisconnectEvent[];
  readonly cause?: unknown;
}

/** What was asked, answered, seen or waited for; `at` is milliseconds since the start of the call. */
export type DisconnectEvent =
  | { type: "request"; at: number; method: string; path: string }
  | {
      type: "response";
      at: number;
      /** Absent where no answer came. */
      status?: number;
      correlationId?: string;
      platformCode?: string;
      /** Where no answer came, or its body broke off. */
      failure?: "network" | "timeout";
    }
  | { type: "state"; at: number /** Absent where the participant is not listed, or has none. */; state?: string }
  | { type: "wait"; at: number; ms: number; reason: "settling" | "backoff" | "retry-after" }
  | { type: "outcome"; at: number; outcome?: Outcome; code?: DisconnectErrorCode };
