// The connection to a Genesys Cloud desktop, by the vendor's client: lifecycle and toasts.
import ClientApp from "purecloud-client-app-sdk";
import { SetUpError } from "./environments.js";

/**
 * Refuses an origin that is not the region's, because toasts are sent to it.
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
 * Joins the desktop's lifecycle; returns its toasts.
 * @param {string} origin `{{gcHostOrigin}}`: messages are sent to it, and accepted from it, only
 * @param {{ onFocus: () => void, onStop: () => void }} hooks
 */
export function joinDesktop(origin, { onFocus, onStop }) {
  const { lifecycle, alerting } = new ClientApp({ pcOrigin: origin });
  // The desktop waits for an answer to both, and closes the page after a while without one.
  lifecycle.addBootstrapListener(() => lifecycle.bootstrapped());
  lifecycle.addStopListener(() => {
    onStop();
    lifecycle.stopped();
  });
  lifecycle.addFocusListener(onFocus);
  // Plain text, not Markdown, because names of participants come from outside.
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
