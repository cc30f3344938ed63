/**
 * The function, the client and the error.
 *
 * @module disconnect-if-connected
 */

/**
 * Removes one participant from a live multi-party voice conversation on Genesys Cloud, only while that participant is
 * connected, and reports the actual outcome.
 *
 * A call repeats read -> decide -> write until it has an answer: every disconnect directly follows a read that saw
 * `connected`.
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
 * @throws A `DisconnectError` if the call has no outcome. An aborted call rejects with `signal.reason`; if the token
 * provider throws, the call rejects with that error.
 */
export function disconnectIfConnected(options: DisconnectOptions): Promise<DisconnectResult>;

/**
 * The options of a call. An unknown option, a wrong type or a value out of range is an `INVALID_ARGUMENT` before any
 * request; `undefined` counts as not given.
 */
export type DisconnectOptions = CallOptions & Whom;

/** The participant to remove: exactly one of the two. */
export type Whom =
  | {
      /** The id of the participant to remove, as the conversation lists it. */
      participantId: string;
      participant?: undefined;
    }
  | {
      /** What is known of the participant to remove, where its id is not known. */
      participant: ParticipantDescription;
      participantId?: undefined;
    };

/**
 * A participant by what is known of it; at least one field, and all that are given have to match. It is looked up in
 * the same read, at no extra request. Of those that match, the one that is live is meant; several live ones are an
 * `AMBIGUOUS_PARTICIPANT`.
 */
export interface ParticipantDescription {
  /** `"customer"`, `"external"`, `"agent"` …; of an array, one of them. Compared without regard to case. */
  purpose?: string | readonly string[] | undefined;
  /** The user's id: `userId` or `user.id` of the participant. */
  userId?: string | undefined;
  /** Equal as it is, or by its digits where both are telephone addresses: `tel:+1…`, `sip:…@…`, `+1 …`. */
  address?: string | undefined;
  name?: string | undefined;
  id?: string | undefined;
}

/** The options beside the participant to remove. */
export interface CallOptions {
  /** The conversation's id. */
  conversationId: string;
  /**
   * The OAuth access token, without "Bearer ", or a function that returns one. The function is called once for each
   * call (by a client, once for calls that overlap), and once more with `refresh: true` after a 401.
   */
  accessToken: string | ((request: { refresh: boolean }) => string | PromiseLike<string>);
  /** The routes of the platform; default `"voice"`. `"calls"` is the published Conversations API. */
  api?: "voice" | "calls" | ApiDialect | undefined;
  /** A region of Genesys Cloud by AWS name or domain. Either this or `baseUrl` is required. */
  region?: Region | undefined;
  /** An https origin, optionally with a path prefix; http only to a loopback host. */
  baseUrl?: string | undefined;
  /** How long to keep reading while the state is not settled, in milliseconds; default 1500. */
  settleMs?: number | undefined;
  /** The deadline of the whole call, in milliseconds; default 10000. */
  timeoutMs?: number | undefined;
  /** The deadline of one HTTP exchange, body included, in milliseconds; default 3000. */
  requestTimeoutMs?: number | undefined;
  /** Transient failures in a row that are retried; default 3. */
  maxRetries?: number | undefined;
  /** Reading of a response stops beyond this size, in bytes; default 8388608. */
  maxResponseBytes?: number | undefined;
  /** After the disconnect was accepted, keep reading within `settleMs` until the participant is seen gone. */
  confirm?: boolean | undefined;
  /** The states in which the disconnect is sent; default `["connected"]`. Compared without regard to case. */
  disconnectableStates?: readonly string[] | undefined;
  /** The states of a participant that is gone; default `["disconnected", "terminated"]`. */
  goneStates?: readonly string[] | undefined;
  /** `api: "calls"` only: disconnect on behalf of this user. */
  onBehalfOf?: string | undefined;
  /** An `AbortSignal`. It aborts the call, waits included, which then rejects with `signal.reason`. */
  signal?: AbortSignalLike | undefined;
  /** Used instead of the global fetch; called with a URL string and a plain object. */
  fetch?: FetchLike | undefined;
  /** Receives what the timeline records, as it happens. An exception from it changes nothing. */
  onEvent?: ((event: DisconnectEvent) => void) | undefined;
}

/** An `AbortSignal`, by its members: also one of another realm or a polyfill. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A fetch, by its signature: the global one, undici's, node-fetch's, a mock. */
export type FetchLike = (url: string, init: FetchInit) => PromiseLike<ResponseLike>;

/** What a fetch is called with. */
export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  body?: string;
  redirect: "manual";
  cache?: "no-store";
  /** An `AbortSignal`. */
  signal: any;
}

/** What a call uses of a response: the stream `body` where there is one, otherwise `text()` or `json()`. */
export interface ResponseLike {
  readonly status: number;
  readonly headers: { get(name: string): string | null | undefined };
  readonly body?: unknown;
  text?(): PromiseLike<string>;
  json?(): PromiseLike<unknown>;
}

/**
 * Another API's routes as data. `{conversationId}` and `{participantId}` stand for the ids: percent-encoded in paths,
 * unchanged in strings of the body.
 */
export interface ApiDialect {
  /**
   * A GET. `participants` is where the body has the list: a name, with dots for depth (`"data.participants"`), or `""`
   * where the body is the list. `fields` is where a participant has its fields, if not under the platform's names.
   */
  read: { path: string; participants: string; fields?: ParticipantFields | undefined };
  /** `{participantId}` has to be in `path` or `body`. */
  write: { method: "POST" | "PUT" | "PATCH" | "DELETE"; path: string; body?: JsonValue | undefined };
}

/** Where a participant of the list has its fields: names, with dots for depth (`"user.id"`). */
export interface ParticipantFields {
  id?: string | undefined;
  state?: string | undefined;
  userId?: string | undefined;
  purpose?: string | undefined;
  address?: string | undefined;
  name?: string | undefined;
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
  /** The id that was given, or of the participant that was found. */
  participantId: string;
  /** The last state that a read showed after the last disconnect of the call (of all, where it sent none). */
  state?: string;
  /**
   * The platform answered a disconnect of this call with 2xx. `disconnected` without it: a disconnect of unknown effect
   * was sent and the participant is gone; nobody can tell who ended the leg.
   */
  acknowledged: boolean;
  /** HTTP requests sent. */
  requests: number;
  elapsedMs: number;
  /** `ININ-Correlation-Id` of the deciding response; absent where the host hides it (CORS). */
  correlationId?: string;
  /** What was asked, answered, seen and waited for, in order. */
  timeline: DisconnectEvent[];
}

/** A disconnect of this call was accepted, or one of unknown effect was sent and the participant is gone. */
export interface Disconnected extends ResultFields {
  outcome: "disconnected";
  /** A read, or the platform's own answer, showed the participant gone. */
  confirmed: boolean;
}

/** The participant was gone, and no disconnect of this call can have done it. */
export interface AlreadyDisconnected extends ResultFields {
  outcome: "already-disconnected";
  acknowledged: false;
  confirmed: true;
}

/** The participant stayed in `state` for all of `settleMs`; nothing was changed. */
export interface NotConnected extends ResultFields {
  outcome: "not-connected";
  acknowledged: false;
  confirmed: false;
}

/** How the call ended; `outcome` tells the three apart. */
export type DisconnectResult = Disconnected | AlreadyDisconnected | NotConnected;
/** What happened to the participant. */
export type Outcome = DisconnectResult["outcome"];

/** Why a call has no outcome; docs/api.md says what to do about each. */
export type DisconnectErrorCode =
  | "INVALID_ARGUMENT"
  | "PARTICIPANT_NOT_FOUND"
  | "CONVERSATION_NOT_FOUND"
  | "AMBIGUOUS_PARTICIPANT"
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "CONFLICT"
  | "RATE_LIMITED"
  | "SERVER_ERROR"
  | "NETWORK"
  | "TIMEOUT"
  | "BAD_RESPONSE"
  | "REJECTED"
  | "CLOSED"
  | "UNSUPPORTED"
  | "INTERNAL";

/** The fields of an error. */
export interface DisconnectErrorFields {
  code: DisconnectErrorCode;
  /** The HTTP status of the deciding response. */
  status?: number;
  /** The code of the platform's error body. */
  platformCode?: string;
  /** `ININ-Correlation-Id` of the deciding response. */
  correlationId?: string;
  /** The wait that the platform requested, in milliseconds. */
  retryAfterMs?: number;
  /** The last state seen. */
  state?: string;
  /** The option that is wrong, with `INVALID_ARGUMENT`. */
  option?: string;
  /** A disconnect of unknown effect was sent and nothing later settled it. */
  mayHaveDisconnected: boolean;
  timeline: DisconnectEvent[];
}

/** A call without an outcome: its message has the participant, the cause and advice. */
export class DisconnectError extends Error implements Readonly<DisconnectErrorFields> {
  /** For your own tests; a field that is not given has its default. */
  constructor(
    fields: Partial<DisconnectErrorFields> & { code: DisconnectErrorCode; message?: string; cause?: unknown },
  );
  readonly name: "DisconnectError";
  readonly code: DisconnectErrorCode;
  readonly status?: number;
  readonly platformCode?: string;
  readonly correlationId?: string;
  readonly retryAfterMs?: number;
  readonly state?: string;
  readonly option?: string;
  readonly mayHaveDisconnected: boolean;
  readonly timeline: DisconnectEvent[];
  readonly cause?: unknown;
  /** For logs: all fields, with name and message, without `cause`. */
  toJSON(): DisconnectErrorFields & { name: "DisconnectError"; message: string };
}

/** Whether it is a `DisconnectError`: also one of another realm, or of another copy of the package. */
export function isDisconnectError(value: unknown): value is DisconnectError;

/** What was asked, answered, seen or waited for; `at` is milliseconds since the start of the call. */
export type DisconnectEvent =
  | { type: "request"; at: number; method: string; path: string }
  | {
      type: "response";
      at: number;
      /** Absent where no response came. */
      status?: number;
      correlationId?: string;
      platformCode?: string;
      /** Where no response came, or its body broke off. */
      failure?: "network" | "timeout";
    }
  | {
      type: "state";
      at: number;
      /** Absent where the participant is not listed, or has none. */
      state?: string;
      /** A read, or a notification that a client observed. */
      source?: "read" | "event";
    }
  | {
      type: "wait";
      at: number;
      /** With a budget of your own, or before the first response, a `rate-limit` wait has the longest time left. */
      ms: number;
      reason: "settling" | "backoff" | "retry-after" | "rate-limit";
    }
  | { type: "outcome"; at: number; outcome?: Outcome; code?: DisconnectErrorCode };

/**
 * Removes participants for many callers at once: overlapping calls for the same participant share one set of requests,
 * all calls share one budget of requests, and a state that the application observed replaces a read.
 *
 * The constructor needs no loaded module; the options are checked by the first call.
 *
 * @example
 * const client = new ConversationClient({ accessToken: () => getToken(), api: "calls", region: "us-east-1" });
 * channel.onmessage = ({ data }) => client.observe(data);
 * await client.disconnectIfConnected({ conversationId, participant: { purpose: "customer" } });
 */
export class ConversationClient {
  constructor(options: ConversationClientOptions);
  /**
   * As the function `disconnectIfConnected`, with the client's options as defaults. Calls for the same conversation and
   * participant that overlap share their requests; each has its own signal, deadline, events and result.
   */
  disconnectIfConnected(options: ClientDisconnectOptions): Promise<DisconnectResult>;
  /**
   * Reads once, then removes each participant of `where` that is not gone, at most eight at a time. One failure does
   * not hide the other results.
   *
   * @example
   * const { results } = await client.disconnectAll({ conversationId, where: { purpose: ["external", "customer"] } });
   * for (const { participantId, result, error } of results) console.log(participantId, result?.outcome ?? error);
   */
  disconnectAll(options: DisconnectAllOptions): Promise<DisconnectAllResult>;
  /** The participants of a conversation, as one read and the events of the last `maxAgeMs` show them. */
  participants(conversationId: string, options?: ParticipantsOptions): Promise<ConversationParticipant[]>;
  /**
   * Takes over what the application's own notification channel has received: a notification, its `eventBody`, or either
   * as JSON text. Anything but an event about a conversation's calls is ignored; it never throws.
   */
  observe(notification: unknown): void;
  /**
   * Calls `subscriber` with the conversation's id after each notification with states of its participants: what to show
   * may have changed. Returns the function that unsubscribes. An exception from a subscriber changes nothing.
   */
  subscribe(subscriber: (conversationId: string) => void): () => void;
  /** Ends the calls in flight, and those that come later, with `CLOSED`. */
  close(): void;
  [Symbol.dispose](): void;
}

declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}

/** Options of a call that need not be given. */
type Defaults = { [Name in keyof CallOptions]?: CallOptions[Name] | undefined };

/** The options of a client: its own, and any option of a call as a default. */
export interface ConversationClientOptions extends Defaults {
  /** For calls without a participant; calls about all participants ignore it. Either this or `participant`. */
  participantId?: string | undefined;
  participant?: ParticipantDescription | undefined;
  /** Its requests go before those without, where the budget makes them wait. */
  priority?: boolean | undefined;
  /** A `RateBudget` that several clients share, or an object with its interface. Either this or `requestsPerMinute`. */
  budget?: Budget | undefined;
  /** Requests in a minute, until the platform's headers report another limit; default 300. */
  requestsPerMinute?: number | undefined;
  /** A state that was observed less than this ago replaces a read, in milliseconds; default 2000. */
  maxAgeMs?: number | undefined;
}

/** The options of a client's call; the client's own options are the defaults. */
export interface ClientCallOptions extends Omit<Defaults, "conversationId"> {
  conversationId: string;
  /** Its requests go before those without, where the budget makes them wait. */
  priority?: boolean | undefined;
}

/** The options of `client.disconnectIfConnected`; without a participant, the client's default is used. */
export type ClientDisconnectOptions = ClientCallOptions &
  (Whom | { participantId?: undefined; participant?: undefined });

/** The options of `client.participants`, beside the conversation. */
export interface ParticipantsOptions extends Omit<ClientCallOptions, "conversationId"> {
  /** The participants to list; default: all. `"people"` is all but infrastructure and legs that only listen. */
  where?: ParticipantDescription | "people" | undefined;
}

/** The options of `client.disconnectAll`. */
export interface DisconnectAllOptions extends ClientCallOptions {
  /**
   * The participants to remove: all given fields have to match. Default `"people"`: all but infrastructure (`acd`,
   * `ivr`, `voicemail`, `workflow`, `fax`, `api`, `campaign`, `dialer`, `system`) and legs that only listen;
   * infrastructure is removed where its purpose or id is given.
   */
  where?: ParticipantDescription | "people" | undefined;
  /** How many connected participants, without infrastructure and legs that only listen, have to stay; default 0. */
  keep?: number | undefined;
}

/** How each removal ended. */
export interface DisconnectAllResult {
  /** One for each participant of `where` that was not gone, in the order of the conversation's list. */
  results: (
    | { participantId: string; result: DisconnectResult; error?: undefined }
    | { participantId: string; result?: undefined; error: unknown }
  )[];
  /** HTTP requests sent. */
  requests: number;
}

/** A participant as a read shows it. */
export interface ConversationParticipant {
  id: string;
  /** Absent where the platform gives none. */
  state?: string;
  /** `"connected"`: in a state in which a disconnect is sent. */
  kind: "connected" | "gone" | "unsettled";
  purpose?: string;
  userId?: string;
  address?: string;
  name?: string;
}

/** Grants the requests of a client: the package's `RateBudget`, or an object that counts for several processes. */
export interface Budget {
  /**
   * Settles when the request may be sent. `follows`: it directly follows another request of the same call, as a write
   * follows its read, and should go before those of calls that begin: the longer it waits, the older is what was read.
   * `signal` is an `AbortSignal`, aborted when the request is not needed any more.
   */
  take(request: { priority: boolean; follows: boolean; signal: any }): PromiseLike<void>;
  /** Receives the limits that a response reports; a field is absent where the host hides the header. */
  report?(limits: RateLimits): void;
}

/** `inin-ratelimit-allowed`, `-count`, `-reset`, and of a 429 the wait that it requests, in milliseconds. */
export interface RateLimits {
  allowed?: number;
  count?: number;
  resetMs?: number;
  retryAfterMs?: number;
}

/**
 * A count of requests in a window of time, as the platform limits them: what is left of the limit goes at once, the
 * rest waits for the reset. Until the first report at most four requests are under way.
 *
 * @example
 * const budget = new RateBudget();
 * const clients = regions.map((region) => new ConversationClient({ ...options, region, budget }));
 */
export class RateBudget implements Budget {
  constructor(options?: { requestsPerMinute?: number | undefined });
  take(request: {
    priority: boolean;
    follows?: boolean | undefined;
    signal?: AbortSignalLike | undefined;
  }): Promise<void>;
  /** To be called after each response to a request that `take` granted; clients report their own requests. */
  report(limits: RateLimits): void;
}
