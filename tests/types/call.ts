// Types of one call, as users write them: `tsc -p tests/types` compiles this file, nothing runs it.
import {
  type ApiDialect,
  DisconnectError,
  type DisconnectErrorCode,
  type DisconnectEvent,
  type DisconnectOptions,
  type DisconnectResult,
  disconnectIfConnected,
  isDisconnectError,
  type Outcome,
} from "disconnect-if-connected";
import { expectTypeOf } from "expect-type";

const ids = { conversationId: "c", participantId: "p" };
const options: DisconnectOptions = { ...ids, accessToken: "t", region: "us-east-1" };

// Either an id or a description, and never both.
disconnectIfConnected({ conversationId: "c", participant: { purpose: ["customer"] }, accessToken: "t" });
// @ts-expect-error: no participant
disconnectIfConnected({ conversationId: "c", accessToken: "t" });
// @ts-expect-error: two participants
disconnectIfConnected({ ...options, participant: { id: "p" }, participantId: "p" });
// @ts-expect-error: a misspelt option
disconnectIfConnected({ ...options, settleMS: 1 });
// @ts-expect-error: not one of the dialects
disconnectIfConnected({ ...options, api: "call" });

// A value that may be undefined is accepted, also with exactOptionalPropertyTypes.
const configured: { settleMs: number | undefined; signal: AbortSignal | undefined } = {
  settleMs: 1,
  signal: undefined,
};
disconnectIfConnected({ ...options, ...configured, signal: new AbortController().signal, fetch });
disconnectIfConnected({ ...options, accessToken: async ({ refresh }) => (refresh ? "new" : "old") });
// A region that was read from configuration is a string.
declare const configuredRegion: string;
disconnectIfConnected({ ...options, region: configuredRegion });

const gateway: ApiDialect = {
  read: { path: "/legs/{conversationId}", participants: "data.legs", fields: { id: "leg.id" } },
  write: { method: "DELETE", path: "/legs/{conversationId}/{participantId}", body: { reason: ["x", 1, null] } },
};
disconnectIfConnected({ ...options, api: gateway });

expectTypeOf(disconnectIfConnected).returns.resolves.toEqualTypeOf<DisconnectResult>();
expectTypeOf<Outcome>().toEqualTypeOf<"disconnected" | "already-disconnected" | "not-connected">();

/** `outcome` tells the three results apart. */
export function show(result: DisconnectResult): string {
  expectTypeOf(result.state).toEqualTypeOf<string | undefined>();
  switch (result.outcome) {
    case "disconnected":
      expectTypeOf(result.confirmed).toEqualTypeOf<boolean>();
      return "gone";
    case "already-disconnected":
      expectTypeOf(result.confirmed).toEqualTypeOf<true>();
      return "gone before";
    case "not-connected":
      expectTypeOf(result.acknowledged).toEqualTypeOf<false>();
      return "still there";
  }
}

/** An event by its type. */
export function line(event: DisconnectEvent): string {
  if (event.type === "wait")
    expectTypeOf(event.reason).toEqualTypeOf<"settling" | "backoff" | "retry-after" | "rate-limit">();
  return event.type === "request" ? `${event.method} ${event.path}` : event.type;
}

/** What was thrown, narrowed. */
export async function remove(): Promise<DisconnectErrorCode | Outcome> {
  try {
    return (await disconnectIfConnected(options)).outcome;
  } catch (error) {
    if (!isDisconnectError(error)) throw error;
    expectTypeOf(error).toEqualTypeOf<DisconnectError>();
    expectTypeOf(error.retryAfterMs).toEqualTypeOf<number | undefined>();
    expectTypeOf(error.mayHaveDisconnected).toBeBoolean();
    return error.code;
  }
}

// For tests of one's own.
new DisconnectError({ code: "CONFLICT" });
new DisconnectError(JSON.parse(JSON.stringify(new DisconnectError({ code: "CONFLICT" }))));
// @ts-expect-error: no code of the package
new DisconnectError({ code: "BUSY" });
