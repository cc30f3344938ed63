// The launch parameters: the desktop's placeholders in the query, or, after a redirect, in `state`.

/** The current and the old placeholder of each parameter. */
const PARAMETERS = {
  conversationId: ["gcConversationId", "pcConversationId"],
  environment: ["gcTargetEnv", "pcEnvironment"],
  desktopOrigin: ["gcHostOrigin"],
  language: ["gcLangTag", "pcLangTag"],
  popup: ["gcUsePopupAuth", "pcUsePopupAuth"],
  // The origin of a desktop other than that of Genesys Cloud.
  host: ["host"],
};

/** @typedef {Partial<Record<keyof typeof PARAMETERS, string>>} Launch */

/** A placeholder that the desktop did not replace counts as missing. @param {string | null} value */
const isGiven = (value) => Boolean(value) && !/^\{\{.*\}\}$/.test(String(value));

/** @param {URL} url @returns {Launch} */
export function launchOf(url) {
  const entries = Object.entries(PARAMETERS).map(([name, all]) => [
    name,
    all.map((one) => url.searchParams.get(one)).find(isGiven),
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value));
}

/** The address for a reload, without the sign-in's response. @param {URL} url @param {Launch} launch */
export function addressOf(url, launch) {
  const address = new URL(url.pathname, url);
  for (const [name, [parameter]] of Object.entries(PARAMETERS)) {
    const value = Reflect.get(launch, name);
    if (value) address.searchParams.set(parameter, value);
  }
  return address.href;
}

/**
 * The OAuth `state`, which carries the placeholders over the redirect, because that has no query of its own.
 * @param {{ nonce: string, popup: boolean, launch: Launch }} content
 */
export function stateOf(content) {
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
}

/**
 * The content of a `state`; `undefined` if it is not one of this page.
 * @param {string | null} state
 * @returns {{ nonce: string, popup: boolean, launch: Launch } | undefined}
 */
export function contentOf(state) {
  try {
    const text = atob(String(state).replace(/-/g, "+").replace(/_/g, "/"));
    const content = JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (one) => one.charCodeAt(0))));
    return typeof content?.launch === "object" && content.launch ? content : undefined;
  } catch {
    return undefined;
  }
}
