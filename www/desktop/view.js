// The parts of the page around the list: status line, notices, user and sign-in. The keys of the texts are kept, so
// that a new language applies at once.
import { sleep } from "./channel.js";
import { redirectUri, SignInError } from "./sign-in.js";
import { filled, languageOf, languages } from "./texts.js";

/** How long a redirect may take before the button is shown again. */
const REDIRECT_MS = 10_000;
/** Errors of a login that a wrong redirect URI may have caused. */
const OF_ADDRESS = ["invalid_request", "invalid_grant", "unauthorized_client"];

/** An element of the page. @param {string} id @returns {any} */
export const part = (id) => document.getElementById(id);

/** A text by its key. @typedef {{ key: string, values?: Record<string, unknown> }} Message */

let language = "en";
/** The text of each element. @type {Map<Element, Message>} */
const messages = new Map();

/** @param {Message} message */
const textOf = ({ key, values = {} }) => filled(languages[language][key], values);

/** @param {Element} element @param {Message | undefined} message */
function write(element, message) {
  if (message) messages.set(element, message);
  else messages.delete(element);
  const now = message ? textOf(message) : "";
  // Only if it changes, because a live region is read at each change.
  if (element.textContent !== now) element.textContent = now;
}

/** The text of a key in the page's language. @param {string} key */
export const text = (key) => textOf({ key });

/**
 * Shows a text in an element of the page; without a key, none.
 * @param {string} id
 * @param {string} [key]
 * @param {any} [values]
 */
export const show = (id, key, values) => write(part(id), key === undefined ? undefined : { key, values });

/** Sets the page's language. @param {string | undefined} tag such as `en-us` */
export function setLanguage(tag) {
  language = languageOf(tag);
  document.documentElement.lang = language;
  part("participants").lang = language;
  document.title = text("title");
  for (const [element, message] of messages) write(element, message);
}

/** Sets the status line. @param {string} [key] @param {Record<string, unknown>} [values] */
export function setStatus(key, values) {
  show("status", key, values);
  part("status").dataset.kind = "";
}

/** Shows in the status line why the page cannot go on. @param {any} error */
export function showProblem(error) {
  const { key, values } = reasonOf(error);
  setStatus(key, values);
  part("status").dataset.kind = "problem";
}

/**
 * Shows a notice that stays, about a mistake in the set-up; without a key, removes it.
 * @param {string} id
 * @param {string} [key]
 * @param {any} [values]
 */
export function notice(id, key, values) {
  const list = part("notices");
  const old = list.querySelector(`[data-id="${id}"]`);
  if (key === undefined) {
    if (old) messages.delete(old);
    return old?.remove();
  }
  const item = old ?? document.createElement("li");
  item.dataset.id = id;
  write(item, { key, values });
  if (!old) list.append(item);
}

/** The text for an error. @param {any} error @returns {Message} */
function reasonOf(error) {
  if (!(error instanceof SignInError)) return { key: "error", values: { text: String(error?.message ?? error) } };
  const { code } = error;
  const values = { code, description: error.message === code ? "" : error.message, redirectUri: redirectUri() };
  if (Object.hasOwn(languages.en, `error.${code}`)) return { key: `error.${code}`, values };
  return { key: OF_ADDRESS.includes(code) ? "error.address" : "error.other", values };
}

/**
 * One attempt to sign in, started by a click or at once.
 * @param {import("./sign-in.js").SignIn} signIn
 * @param {any} prepared
 * @param {boolean} popup
 * @param {AbortSignal} signal
 */
async function attempt(signIn, prepared, popup, signal) {
  part("sign-in").hidden = true;
  if (!popup) {
    setStatus("leaving");
    signIn.redirect(prepared);
    await sleep(REDIRECT_MS, signal);
    throw new SignInError("failed");
  }
  const cancelled = new AbortController();
  show("cancel", "cancel");
  part("cancel").hidden = false;
  part("cancel").onclick = () => cancelled.abort(new SignInError("popup_closed"));
  part("cancel").focus();
  setStatus("waitingForWindow");
  await signIn.popup(prepared, AbortSignal.any([cancelled.signal, signal]));
}

/**
 * Signs in, with `atOnce` by a redirect, otherwise at each click on the button, until there is a valid token.
 * @param {import("./sign-in.js").SignIn} signIn
 * @param {import("./launch.js").Launch} launch
 * @param {{
 *   popup: boolean, atOnce?: boolean, problem?: unknown, isAgain?: boolean, hadFocus?: boolean, signal: AbortSignal
 * }} how `problem`: of the last attempt; `isAgain`: a sign-in has expired; `hadFocus`: the button gets the focus
 */
export async function askToSignIn(signIn, launch, how) {
  let { popup, atOnce = false, problem, isAgain = false, hadFocus = false, signal } = how;
  const button = part("sign-in");
  const cancel = part("cancel");
  const done = new AbortController();
  const over = AbortSignal.any([done.signal, signal]);
  // Another frame of this tab may sign in meanwhile; the desktop may close the page.
  const elsewhere = new Promise((resolve) => {
    const check = () => signIn.isSignedIn && resolve(undefined);
    for (const type of ["storage", "focus"]) window.addEventListener(type, check, { signal: over });
    signal.addEventListener("abort", resolve, { signal: done.signal });
  });
  while (!signIn.isSignedIn && !signal.aborted) {
    const prepared = await signIn.prepare(launch, popup);
    const clicked = new Promise((resolve) => {
      button.onclick = () => resolve(attempt(signIn, prepared, popup, over));
      if (atOnce) button.onclick();
    });
    if (!atOnce) {
      if (problem) showProblem(problem);
      else setStatus(isAgain ? "signInAgain" : "signInFirst");
      show("sign-in", problem ? "retry" : "signIn");
      button.hidden = false;
      if (hadFocus) button.focus();
    }
    [atOnce, problem] = [false, undefined];
    await Promise.race([clicked, elsewhere]).catch((error) => {
      problem = error;
    });
    hadFocus = [button, cancel].includes(document.activeElement);
    cancel.hidden = true;
  }
  // Closes a sign-in window that is still open.
  done.abort(new SignInError("popup_closed"));
  button.hidden = true;
  setStatus();
  if (hadFocus) part("title").focus();
}
