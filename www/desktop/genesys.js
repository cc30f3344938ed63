// The Genesys Cloud desktop around the page: its lifecycle and its toasts, by the vendor's client.
import ClientApp from "purecloud-client-app-sdk";
import { SetUpError } from "./environments.js";

/**
 * Refuses an origin that is not the region's: toasts go there.
 * @param {{ desktopOrigin: string, domain: string }} environment
 * @param {string} given `{{gcHostOrigin}}`
 */
export function checkDesktop({ desktopOrigin, domain }, given) {
  if (given !== desktopOrigin)
    throw new SetUpError(
      `gcHostOrigin is "${given}", but the desktop of "${domain}" is "${desktopOrigin}". ` +
        "Where it is another one, config.json needs its desktopOrigin.",
    );
}

/**
 * @param {string} origin `{{gcHostOrigin}}`: messages go to it and come from it only
 * @param {{ onFocus: () => void, onStop: () => void }} hooks
 */
export function joinDesktop(origin, { onFocus, onStop }) {
  const { lifecycle, alerting } = new ClientApp({ pcOrigin: origin });
  // The desktop waits for an answer to both, and ends the page after a while without one.
  lifecycle.addBootstrapListener(() => lifecycle.bootstrapped());
  lifecycle.addStopListener(() => {
    onStop();
    lifecycle.stopped();
  });
  lifecycle.addFocusListener(onFocus);
  // Names come from outside: they are shown as plain text, not as Markdown.
  const common = /** @type {const} */ ({ showCloseButton: true, markdownMessage: false });
  return {
    /**
     * An error stays until it is closed.
     * @param {"success" | "info" | "error"} type
     * @param {string} title
     * @param {string} text
     */
    toast(type, title, text) {
      if (type === "error") alerting.showToastPopup(title, text, { type, timeout: 0, ...common });
      else alerting.showToastPopup(title, text, { type, ...common });
    },
  };
}
