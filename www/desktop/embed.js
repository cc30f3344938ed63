// The desktop's side of the protocol in host.js: copy this file to the page that shows the desktop page in a frame.

const PROTOCOL = "remove-caller";
const VERSION = 1;

/**
 * Loads the desktop page into a frame, and gives it its conversation.
 * @param {HTMLIFrameElement} frame its sandbox needs allow-scripts, allow-same-origin, allow-popups and allow-forms
 * @param {object} options
 * @param {string} options.page the desktop page's address, with `?gcTargetEnv=` where it serves several regions
 * @param {string} [options.conversationId] default: none, until `show`
 * @param {string} [options.language] `de-at`
 * @param {Record<string, (message: any) => void>} [options.on] by type: `ready`, `sign-in-required`, `signed-in`,
 * `outcome`, `error`, `height`, `invalid`
 */
export function embedRemoveCaller(frame, { page, conversationId, language, on = {} }) {
  const address = new URL(page, location.href);
  address.searchParams.set("host", location.origin);
  if (language) address.searchParams.set("gcLangTag", language);
  let order = { conversationId, language };
  let isReady = false;

  /** @param {string} type @param {object} [content] */
  const tell = (type, content) =>
    frame.contentWindow?.postMessage({ protocol: PROTOCOL, version: VERSION, type, ...content }, address.origin);

  function init() {
    if (isReady && order.conversationId) tell("init", order);
  }

  /** @param {MessageEvent} event */
  function onMessage({ source, origin, data }) {
    if (source !== frame.contentWindow || origin !== address.origin || data?.protocol !== PROTOCOL) return;
    if (data.type === "ready") {
      isReady = true;
      init();
    }
    if (data.type === "height") frame.style.height = `${data.height}px`;
    if (Object.hasOwn(on, data.type)) on[data.type](data);
  }

  window.addEventListener("message", onMessage);
  frame.src = address.href;
  return {
    /** Shows another conversation. @param {string} conversationId @param {string} [language] */
    show(conversationId, language = order.language) {
      order = { conversationId, language };
      init();
    },
    /** Reads the participants again. */
    refresh: () => tell("refresh"),
    /** Unloads the desktop page; the frame stays. */
    close() {
      window.removeEventListener("message", onMessage);
      frame.src = "about:blank";
    },
  };
}
