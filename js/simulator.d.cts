/**
 * A model of the platform, for tests.
 *
 * @module disconnect-if-connected/simulator
 */

/** One scripted fault. It affects `times` (default 1) of the requests that it matches, after the first `skip`. */
export interface Fault {
  /** Which requests it affects; default: both kinds. */
  on?: "read" | "write";
  /** Affects requests whose path contains this, of any kind; default: those of conversations. */
  path?: string;
  skip?: number;
  times?: number;
  /** Answers with this status instead of the platform's own; 4xx and 5xx with the platform's error body. */
  status?: number;
  /** The code and the message of that error body. */
  code?: string;
  message?: string;
  /** The whole body, as it is. */
  body?: string;
  /** A JSON body of this many bytes. */
  bodyBytes?: number;
  headers?: [name: string, value: string][];
  /** The platform does the work although it answers `status`. */
  performed?: boolean;
  /** The answer is delayed by this many milliseconds. */
  delayMs?: number;
  /** The connection breaks before the platform received the request, or after it did the work. */
  lost?: "before" | "after";
  /** As `lost`, but the connection stays open and silent. */
  hang?: "before" | "after";
  /** The connection breaks after this many bytes of the body. */
  cutAfterBytes?: number;
  /** The body arrives slowly: this many bytes at a time, with a pause of `slowPauseMs` before each part. */
  slowBytes?: number;
  slowPauseMs?: number;
  /** A page of HTML instead of JSON. */
  html?: boolean;
  /** 307 to this address. */
  redirect?: string;
}

/** From `at` on, in milliseconds, the participant's true state is `state`; without one it is not listed. */
export interface Step {
  at?: number;
  state?: string;
  /** The platform is changing the participant: reads show the state, writes are refused. */
  changing?: boolean;
}

/** How notification channels behave; times in milliseconds. */
export interface SimulatedNotifications {
  /** From a change to its event; default 0. */
  delayMs?: number;
  /** The number of extra copies of each event; default 0. */
  duplicates?: number;
  /** Events of changes in these periods are lost; `from` is inclusive, `to` exclusive. */
  gaps?: [from: number, to: number][];
  /** Heartbeats are sent, events are not, as on a platform with too many channels. */
  starved?: boolean;
  /** Nothing is sent, though the socket is open. */
  silent?: boolean;
  /** Default 30000. */
  heartbeatMs?: number;
  /** How long a channel lives after it was created, or its subscriptions were changed; default: a day. */
  lifeMs?: number;
  /** Channels of a user and an OAuth client; one more removes the least recently used one; default 20. */
  maxChannels?: number;
}

/** The sign-in: authorization code with PKCE at `/oauth/authorize` and `/oauth/token`. */
export interface SimulatedLogin {
  clients: {
    id: string;
    redirectUris: string[];
    /** Default: `conversations`, `notifications`, `users:readonly`. */
    scopes?: string[];
  }[];
  /** How long a token is valid, in milliseconds; default: a day. */
  tokenLifeMs?: number;
  /** A page asks which user signs in; default: the first one is signed in there already. */
  asks?: boolean;
  /** The sign-in fails with this `error` and `error_description`. */
  error?: [error: string, description: string];
}

/** Who is in which conversation, and how the platform behaves. */
export interface SimulatorConfig {
  conversations: {
    id: string;
    participants: {
      id: string;
      /** Default `"customer"`. */
      purpose?: string;
      name?: string;
      userId?: string;
      /** Default `"tel:+13175550142"`. */
      address?: string;
      /** The leg only listens to this participant, as a supervisor's does. */
      monitoredParticipantId?: string;
      coachedParticipantId?: string;
      bargedParticipantId?: string;
      held?: boolean;
      schedule: Step[];
      /** Size of the attributes that the participant carries, in bytes. */
      attributeBytes?: number;
    }[];
  }[];
  /**
   * Who may sign in; without a `login`, every token is the first one's. Default: `u-1`. Default of `permissions`:
   * `conversation:communication:disconnect`.
   */
  users?: { id: string; name?: string; permissions?: string[] }[];
  /** With a `login`, only the tokens that it issued are accepted, and `accessToken` if that is set. */
  login?: SimulatedLogin;
  notifications?: SimulatedNotifications;
  /** Reads show the state of this many milliseconds ago. */
  readLagMs?: number;
  /** From the acceptance of a disconnect to its effect, in milliseconds. */
  effectDelayMs?: number;
  /** States whose disconnect is accepted; default `["connected"]`. */
  acceptedStates?: string[];
  /** The one access token that is accepted; default: any. */
  accessToken?: string;
  /** Requests that one token may make in a minute, with the platform's headers and its 429; default: no limit. */
  requestsPerMinute?: number;
  /** The length of that minute, in milliseconds; default 60000. */
  rateWindowMs?: number;
  faults?: Fault[];
  /** The date of the clock's 0, in milliseconds since 1970; default: now, or with `now` 22 November 2026. */
  startedAtMs?: number;
  /** The clock, in milliseconds; default: it starts at 0 with the simulator. */
  now?: () => number;
}

/** One request as the platform received it. */
export interface LogEntry {
  at: number;
  method: string;
  path: string;
  body: string;
  isWrite: boolean;
  status: number;
  /** Whether an answer was sent back. */
  delivered: boolean;
  /** A write that took effect, or will. */
  accepted: boolean;
}

interface SocketStates {
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
}

/** A socket of `simulator.WebSocket`. */
export interface SimulatedWebSocket extends EventTarget, SocketStates {
  readonly url: string;
  readonly readyState: number;
  send(text: string): void;
  close(code?: number): void;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: Event & { data: string }) => void) | null;
  onclose: ((event: Event & { code: number; reason: string; wasClean: boolean }) => void) | null;
  onerror: ((event: Event) => void) | null;
  addEventListener(type: "message", listener: (event: Event & { data: string }) => void, options?: object): void;
  addEventListener(
    type: "close",
    listener: (event: Event & { code: number; reason: string; wasClean: boolean }) => void,
    options?: object,
  ): void;
  addEventListener(type: string, listener: ((event: Event) => void) | null, options?: object): void;
}

/** The platform, in the process: as a `fetch`, over HTTP by `listen`, and its true state. */
export interface Simulator {
  /** Milliseconds on the simulator's clock. */
  now(): number;
  /** The true state; `undefined` where the participant is not listed. */
  state(conversationId: string, participantId: string): string | undefined;
  /** The state that a read shows. */
  shownState(conversationId: string, participantId: string): string | undefined;
  /** Another party changes the true state. */
  setState(conversationId: string, participantId: string, state?: string): void;
  /**
   * The notification that the platform would send for a conversation now, for `client.observe`. Default topic: a user's
   * calls; `"v2.users.{id}.conversations"` has the states in `calls[]`.
   */
  notification(
    conversationId: string,
    topic?: string,
  ): { topicName: string; version: string; eventBody: object; metadata: object };
  addFault(fault: Fault): void;
  /** The requests so far, in order. */
  log(): LogEntry[];
  /** The notification channels. */
  channels(): { id: string; topics: string[]; expiresMs: number; socket: number | null }[];
  /** Changes the behaviour of the channels from now on. */
  setNotifications(changes: SimulatedNotifications): void;
  /** Cuts the sockets of the channels; with `notice`, after the platform's `v2.system.socket_closing`. */
  cutChannels(options?: { notice?: boolean }): void;
  /** Ends the tokens that the sign-in has issued: the next request of each is a 401. */
  revokeTokens(): void;
  /** The platform as a `fetch` in this process, at any host name; redirects are not followed. */
  fetch: typeof globalThis.fetch;
  /** The channels in this process, in place of the global `WebSocket`. */
  WebSocket: { new (url: string | URL): SimulatedWebSocket } & SocketStates;
  /** The platform over HTTP (Node 20.16 or later, Deno, Bun); default: a free port of the loopback host. */
  listen(port?: number, host?: string): Promise<{ baseUrl: string; port: number; close(): Promise<void> }>;
}

/**
 * A deterministic model of the platform: both dialects, `GET /api/v2/conversations/{id}`, the sign-in, `users/me` and
 * notification channels.
 */
export function createSimulator(config: SimulatorConfig): Promise<Simulator>;
