// The built package; one that is missing or older than its sources is refused.
import { isFresh } from "../../../scripts/stamp.mjs";

if (!isFresh()) throw new Error("pkg/ is missing or older than its sources: run `npm run build` first");

export const { ConversationClient, DisconnectError, disconnectIfConnected, isDisconnectError, RateBudget } =
  await import("../../../pkg/index.node.mjs");
export const { createSimulator } = await import("../../../pkg/simulator.js");
