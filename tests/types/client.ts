// Types of the client and the simulator, as users write them: `tsc -p tests/types` compiles this file, nothing runs it.
import {
  type Budget,
  ConversationClient,
  type ConversationParticipant,
  type DisconnectResult,
  RateBudget,
} from "disconnect-if-connected";
import { createSimulator, type Simulator } from "disconnect-if-connected/simulator";
import { expectTypeOf } from "expect-type";

const budget: Budget = {
  take: async ({ priority, signal }) => {
    expectTypeOf(priority).toBeBoolean();
    signal.throwIfAborted();
  },
};

export async function conference(): Promise<string[]> {
  using client = new ConversationClient({ accessToken: () => "t", region: "mypurecloud.de", api: "calls", budget });
  client.observe({ eventBody: {} });
  const unsubscribe = client.subscribe((conversationId) => expectTypeOf(conversationId).toBeString());
  expectTypeOf(unsubscribe).toEqualTypeOf<() => void>();

  const people = await client.participants("c", { where: "people" });
  expectTypeOf(people).toEqualTypeOf<ConversationParticipant[]>();
  expectTypeOf<ConversationParticipant["kind"]>().toEqualTypeOf<"connected" | "gone" | "unsettled">();

  await client.disconnectIfConnected({ conversationId: "c", participantId: "p", priority: true });
  const { results } = await client.disconnectAll({ conversationId: "c", where: { purpose: "customer" }, keep: 1 });
  return results.map(({ participantId, result, error }) => {
    expectTypeOf(result).toEqualTypeOf<DisconnectResult | undefined>();
    expectTypeOf(error).toBeUnknown();
    return `${participantId}: ${result?.outcome}`;
  });
}

new ConversationClient({ region: "us-east-1", budget: new RateBudget({ requestsPerMinute: 100 }) });
// @ts-expect-error: a misspelt option
new ConversationClient({ region: "us-east-1", requestsPerMinutes: 100 });

export async function simulated(): Promise<void> {
  const participants = [{ id: "p", schedule: [{ state: "alerting" }, { at: 300, state: "connected" }] }];
  const simulator = await createSimulator({ conversations: [{ id: "c", participants }] });
  expectTypeOf(simulator).toEqualTypeOf<Simulator>();
  simulator.addFault({ on: "write", lost: "after" });
  // @ts-expect-error: no such moment
  simulator.addFault({ on: "write", lost: "later" });
}
