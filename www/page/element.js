// The real element, on a simulated platform in real time.
import "../../pkg/element/define.js";
import { ConversationClient } from "../../pkg/index.js";
import { createSimulator } from "../../pkg/simulator.js";
import { ACCESS_TOKEN, CALLER, CONVERSATION, platform, stories } from "./world.js";

/** Ends the previous conversation. */
let started = new AbortController();

/** Restarts the conversation with these settings. */
export async function restart(element, setting) {
  started.abort();
  started = new AbortController();
  const { signal } = started;
  const { faults, ...config } = platform(setting);
  // The story begins with the first removal; at once if Grace cannot be removed at first.
  const [{ state }] = stories[setting.story].schedule(setting.transitionMs);
  let startedAt = state === "connected" ? undefined : performance.now();
  const now = () => (startedAt === undefined ? -1 : performance.now() - startedAt);
  const simulator = await createSimulator({ ...config, now });
  if (signal.aborted) return;
  let isFirst = true;
  const begin = ({ detail: { participant } }) => {
    startedAt ??= performance.now();
    if (participant.id !== CALLER || !isFirst) return;
    isFirst = false;
    for (const fault of faults) simulator.addFault(fault);
  };
  element.addEventListener("remove-caller-before", begin, { signal });
  const fetch = async (url, init) => {
    await new Promise((resolve) => setTimeout(resolve, setting.latencyMs));
    init.signal?.throwIfAborted();
    return simulator.fetch(url, init);
  };
  const { api, settleMs, confirmMode, language } = setting;
  element.client?.close();
  Object.assign(element, { pollMs: 500, conversationId: CONVERSATION, confirmMode, lang: language });
  element.client = new ConversationClient({ accessToken: ACCESS_TOKEN, region: "us-east-1", api, settleMs, fetch });
}
