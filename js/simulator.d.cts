/** One scripted fault. It affects the requests that it matches, `times` times (default 1), after `skip` of them. */
export interface Fault {
  /** Which requests it affects; default: both kinds. */
  on?: "read" | "write";
  /** Requests whose path contains this, of any kind; default: those of conversations. */
  path?: string;
  skip?: number;
  times?: number;
  /** Answers with this status instead of what the platform would say; 4xx and 5xx with the platform's error body. */
  status?: number;
  /** The code and the message of that error body. */
  code?: string;
  message?: string;
  /** The whole body, as it is. */
  body?: string;
  /** A JSON body of so many bytes. */
  bodyBytes?: number;
  headers?: [name: string, value: string][];
  /** The platform does the work although it answers `status`. */
  performed?: boolean;
  /** The answer comes so much later, in milliseconds. */
  delayMs?: number;
  /** The connection breaks before the platform saw the request, or after it did the work. */
  lost?: "before" | "after";
  /** As `lost`, but the connection stays open and silent. */
  hang?: "before" | "after";
  /** The connection breaks after so many bytes of the body. */
  cutAfterBytes?: number;
  /** The body trickles: so many bytes at a time, with a pause between, in milliseconds. */
  slowBytes?: number;
  slowPauseMs?: number;
  /** A page of HTML instead of JSON. */
  html?: boolean;
  /** 307 to this address. */
  redirect?: string;
}

/** From `at` on, in milliseconds, the participant is truly in `state`; without a state it is not listed. */
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
  /** Events of changes in these times are lost: from, inclusive, to, exclusive. */
  gaps?: [from: number, to: number][];
  /** Heartbeats come, events do not: what happens with too many channels. */
  starved?: boolean;
  /** Nothing comes, though the socket is open. */
  silent?: boolean;
  /** Default 30000. */
  heartbeatMs?: number;
  /** How long a channel lives after it was made, or its subscriptions were changed; default a day. */
  lifeMs?: number;
  /** Channels of a user and an OAuth client; one more removes the one that was used longest ago; default 20. */
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
  /** How long a token is valid, in milliseconds; default a day. */
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
      /** Whom the leg listens to: a supervisor's. */
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
  /** With it, only tokens that it issued are accepted, and `accessToken` where that is set. */
  login?: SimulatedLogin;
  notifications?: SimulatedNotifications;
  /** Reads show what was true so long ago, in milliseconds. */
  readLagMs?: number;
  /** From the acceptance of a disconnect to its effect, in milliseconds. */
  effectDelayMs?: number;
  /** States whose disconnect is accepted; default `["connected"]`. */
  acceptedStates?: string[];
  /** The one access token that is accepted; default: any. */
  accessToken?: string;
  /** How many requests one token may make in a minute, with the platform's headers and its 429; default: any number. */
  requestsPerMinute?: number;
  /** The length of that minute, in milliseconds; default 60000. */
  rateWindowMs?: number;
  faults?: Fault[];
  /** What the clock's 0 is as a date, in milliseconds since 1970; default: now, or with `now` 22 November 2026. */
  startedAtMs?: number;
  /** The clock, in milliseconds; default: it starts at 0 with the simulator. */
  now?: () => number;
}

/** One request as the platform saw it. */
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

/** What `simulator.WebSocket` makes. */
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
   * What the platform's notification channel says of a conversation now, for `client.observe`. By default of a user's
   * topic for calls; `"v2.users.{id}.conversations"` has the states in `calls[]`.
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
  /** Changes how they behave from now on. */
  setNotifications(changes: SimulatedNotifications): void;
  /** Cuts their sockets; with `notice` after the platform's `v2.system.socket_closing`. */
  cutChannels(options?: { notice?: boolean }): void;
  /** Ends the tokens that the sign-in has issued: the next request of each is a 401. */
  revokeTokens(): void;
  /** The platform as a `fetch` in this process; every host name leads to it, redirects are not followed. */
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
