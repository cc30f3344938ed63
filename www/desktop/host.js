// The connection to any other desktop: a small protocol over postMessage, with a checked origin on both sides.
import { SetUpError } from "./environments.js";

const PROTOCOL = "remove-caller";
const VERSION = 1;

/**
 * Joins the desktop; returns `tell`, which sends it messages.
 * @param {string} origin of the desktop, as the query names it
 * @param {unknown} allowed `hosts` of config.json
 * @param {{ onInit: (order: { conversationId: string, language?: string }) => void, onRefresh: () => void }} hooks
 */
export function joinHost(origin, allowed, { onInit, onRefresh }) {
  if (!Array.isArray(allowed) || !allowed.includes(origin))
    throw new SetUpError(`The desktop "${origin}" is not listed in hosts of config.json.`);

  /** @param {string} type @param {object} [content] */
  const tell = (type, content) =>
    window.parent.postMessage({ protocol: PROTOCOL, version: VERSION, type, ...content }, origin);

  window.addEventListener("message", ({ source, origin: from, data }) => {
    if (source !== window.parent || from !== origin || data?.protocol !== PROTOCOL) return;
    const { type, conversationId, language } = data;
    if (data.version !== VERSION) return tell("invalid", { reason: `version is ${VERSION}` });
    if (type === "refresh") return onRefresh();
    if (type !== "init") return tell("invalid", { reason: "type is init or refresh" });
    if (typeof conversationId !== "string" || conversationId.trim() === "")
      return tell("invalid", { reason: "conversationId is a non-empty string" });
    if (language !== undefined && typeof language !== "string")
      return tell("invalid", { reason: "language is a string" });
    onInit({ conversationId: conversationId.trim(), language });
  });

  let height = 0;
  new ResizeObserver(() => {
    const now = document.documentElement.offsetHeight;
    if (now !== height) tell("height", { height: now });
    height = now;
  }).observe(document.documentElement);
  return { tell };
}
