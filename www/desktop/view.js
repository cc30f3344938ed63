// What the page shows beside the list: one status line, notices, who is signed in, the sign-in. It keeps the keys of
// texts, so that another language shows at once.
import { sleep } from "./channel.js";
import { redirectUri, SignInError } from "./sign-in.js";
import { filled, languageOf, languages } from "./texts.js";

/** After a redirect that leads nowhere, the button comes back. */
const REDIRECT_MS = 10_000;
/** Errors of a login that a redirect URI which is not the client's may have caused. */
const OF_ADDRESS = ["invalid_request", "invalid_grant", "unauthorized_client"];

/** @param {string} id @returns {any} */
export const part = (id) => document.getElementById(id);

/** @typedef {{ key: string, values?: Record<string, unknown> }} Said */

let language = "en";
/** What each element says. @type {Map<Element, Said>} */
const said = new Map();

/** @param {Said} said */
const words = ({ key, values = {} }) => filled(languages[language][key], values);

/** @param {Element} element @param {Said | undefined} text */
function write(element, text) {
  if (text) said.set(element, text);
  else said.delete(element);
  const now = text ? words(text) : "";
  // A live region speaks at each change.
  if (element.textContent !== now) element.textContent = now;
}

/** @param {string} key */
export const text = (key) => words({ key });

/**
 * Shows a text in an element of the page; without a key, none.
 * @param {string} id
 * @param {string} [key]
 * @param {any} [values]
 */
export const show = (id, key, values) => write(part(id), key === undefined ? undefined : { key, values });

/** @param {string | undefined} tag such as `en-us` */
export function speak(tag) {
  language = languageOf(tag);
  document.documentElement.lang = language;
  // It draws itself anew then.
  part("participants").lang = language;
  document.title = text("title");
  for (const [element, text] of said) write(element, text);
}

/** The status line. @param {string} [key] @param {Record<string, unknown>} [values] */
export function say(key, values) {
  show("status", key, values);
  part("status").dataset.kind = "";
}

/** The status line: why it does not go on. @param {any} error */
export function explain(error) {
  const { key, values } = reasonOf(error);
  say(key, values);
  part("status").dataset.kind = "problem";
}

/**
 * A notice that stays: something is set up wrongly. Without a key it goes.
 * @param {string} id
 * @param {string} [key]
 * @param {any} [values]
 */
export function notice(id, key, values) {
  const list = part("notices");
  const old = list.querySelector(`[data-id="${id}"]`);
  if (key === undefined) {
    if (old) said.delete(old);
    return old?.remove();
  }
  const item = old ?? document.createElement("li");
  item.dataset.id = id;
  write(item, { key, values });
  if (!old) list.append(item);
}

/** @param {any} error @returns {Said} */
function reasonOf(error) {
  if (!(error instanceof SignInError)) return { key: "error", values: { text: String(error?.message ?? error) } };
  const { code } = error;
  const values = { code, description: error.message === code ? "" : error.message, redirectUri: redirectUri() };
  if (Object.hasOwn(languages.en, `error.${code}`)) return { key: `error.${code}`, values };
  return { key: OF_ADDRESS.includes(code) ? "error.address" : "error.other", values };
}

/**
 * @param {import("./sign-in.js").SignIn} signIn
 * @param {any} prepared
 * @param {boolean} popup
 * @param {AbortSignal} signal
 */
async function attempt(signIn, prepared, popup, signal) {
  part("sign-in").hidden = true;
  if (!popup) {
    say("leaving");
    signIn.redirect(prepared);
    await sleep(REDIRECT_MS, signal);
    throw new SignInError("failed");
  }
  const cancelled = new AbortController();
  show("cancel", "cancel");
  part("cancel").hidden = false;
  part("cancel").onclick = () => cancelled.abort(new SignInError("popup_closed"));
  part("cancel").focus();
  say("waitingForWindow");
  await signIn.popup(prepared, AbortSignal.any([cancelled.signal, signal]));
}

/**
 * Signs in: at once by a redirect where nothing speaks against it, otherwise when the button is clicked.
 * @param {import("./sign-in.js").SignIn} signIn
 * @param {import("./launch.js").Launch} launch
 * @param {{ popup: boolean, atOnce?: boolean, problem?: unknown, isAgain?: boolean, hadFocus?: boolean, signal:
 * AbortSignal }} how
 */
export async function askToSignIn(signIn, launch, how) {
  let { popup, atOnce = false, problem, isAgain = false, hadFocus = false, signal } = how;
  const button = part("sign-in");
  const cancel = part("cancel");
  const done = new AbortController();
  const over = AbortSignal.any([done.signal, signal]);
  // Another frame of this tab may sign in meanwhile; the desktop may close the page.
  const elsewhere = new Promise((resolve) => {
    const look = () => signIn.isSignedIn && resolve(undefined);
    for (const type of ["storage", "focus"]) window.addEventListener(type, look, { signal: over });
    signal.addEventListener("abort", resolve, { signal: done.signal });
  });
  while (!signIn.isSignedIn && !signal.aborted) {
    const prepared = await signIn.prepare(launch, popup);
    const clicked = new Promise((resolve) => {
      button.onclick = () => resolve(attempt(signIn, prepared, popup, over));
      if (atOnce) button.onclick();
    });
    if (!atOnce) {
      if (problem) explain(problem);
      else say(isAgain ? "signInAgain" : "signInFirst");
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
  // Ends a window that is still open.
  done.abort(new SignInError("popup_closed"));
  button.hidden = true;
  say();
  if (hadFocus) part("title").focus();
}
