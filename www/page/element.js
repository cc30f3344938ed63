// The element in its real form, on a simulated platform in real time.
import "../../pkg/element/define.js";
import { ConversationClient } from "../../pkg/index.js";
import { createSimulator } from "../../pkg/simulator.js";
import { ACCESS_TOKEN, CONVERSATION, platform, stories } from "./world.js";

/** Starts the conversation anew with these settings. */
export async function restart(element, setting) {
  // The story begins with the click; where there is nothing to click yet, at once.
  const first = stories[setting.story].schedule(setting.transitionMs)[0];
  let startedAt = first.state === "connected" ? undefined : performance.now();
  const now = () => (startedAt === undefined ? -1 : performance.now() - startedAt);
  const simulator = await createSimulator({ ...platform(setting), faults: [], now });
  element.addEventListener(
    "remove-caller-before",
    () => {
      startedAt ??= performance.now();
      for (const fault of platform(setting).faults) simulator.addFault(fault);
    },
    { once: true },
  );
  const fetch = async (url, init) => {
    await new Promise((resolve) => setTimeout(resolve, setting.latencyMs));
    init.signal?.throwIfAborted();
    return simulator.fetch(url, init);
  };
  const { api, settleMs } = setting;
  element.client?.close();
  element.pollMs = 500;
  element.conversationId = CONVERSATION;
  element.client = new ConversationClient({ accessToken: ACCESS_TOKEN, region: "us-east-1", api, settleMs, fetch });
}
