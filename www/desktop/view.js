// What the page shows beside the list: one status line, notices, the sign-in.
import { redirectUri, SignInError } from "./sign-in.js";
import { filled, languageOf, languages } from "./texts.js";

/** @param {string} id @returns {any} */
export const part = (id) => document.getElementById(id);

let language = "en";

/** @param {string} key @param {Record<string, unknown>} [values] */
export const text = (key, values = {}) => filled(languages[language][key], values);

/**
 * A text of the list's. @param {Record<string, Record<string, string>>} all @param {string} key
 * @param {Record<string, unknown>} values
 */
export const elementText = (all, key, values) =>
  filled(Object.hasOwn(all[language], key) ? all[language][key] : all[language].failed, values);

/** @param {string | undefined} tag such as `en-us` */
export function speak(tag) {
  language = languageOf(tag);
  document.documentElement.lang = language;
  document.title = text("title");
  part("title").textContent = text("title");
}

/** One status line, which screen readers speak. @param {string} words @param {"" | "busy" | "problem"} [kind] */
export function say(words, kind = "") {
  if (part("status").textContent !== words) part("status").textContent = words;
  part("status").dataset.kind = kind;
}

/** A notice that stays: something is set up wrongly. @param {string} id @param {string} [words] none: it goes */
export function notice(id, words) {
  const list = part("notices");
  const old = list.querySelector(`[data-id="${id}"]`);
  if (!words) return old?.remove();
  const item = old ?? document.createElement("li");
  item.dataset.id = id;
  item.textContent = words;
  if (!old) list.append(item);
}

/** @param {any} error */
export function reasonOf(error) {
  if (!(error instanceof SignInError)) return String(error?.message ?? error);
  const key = `error.${error.code}`;
  const known = Object.hasOwn(languages[language], key) ? key : "error.other";
  const description = error.message === error.code ? "" : error.message;
  return text(known, { code: error.code, description, redirectUri: redirectUri() });
}

const never = () => new Promise(() => {});

/** @param {import("./sign-in.js").SignIn} signIn @param {any} prepared @param {boolean} popup */
async function attempt(signIn, prepared, popup) {
  part("sign-in").hidden = true;
  if (!popup) {
    say(text("leaving"), "busy");
    signIn.redirect(prepared);
    await never();
  }
  const abort = new AbortController();
  part("cancel").textContent = text("cancel");
  part("cancel").hidden = false;
  part("cancel").onclick = () => abort.abort(new SignInError("popup_closed"));
  say(text("waitingForWindow"), "busy");
  await signIn.popup(prepared, abort.signal).finally(() => {
    part("cancel").hidden = true;
  });
}

/**
 * Signs in: at once by a redirect where nothing speaks against it, otherwise when the button is clicked.
 * @param {import("./sign-in.js").SignIn} signIn
 * @param {import("./launch.js").Launch} launch
 * @param {{ popup: boolean, problem?: unknown, isAgain?: boolean }} how
 */
export async function askToSignIn(signIn, launch, { popup, problem, isAgain = false }) {
  const button = part("sign-in");
  const done = new AbortController();
  // Another frame of this tab may sign in meanwhile.
  const elsewhere = new Promise((resolve) => {
    const look = () => signIn.isSignedIn && resolve(undefined);
    for (const type of ["storage", "focus"]) window.addEventListener(type, look, { signal: done.signal });
  });
  while (!signIn.isSignedIn) {
    const prepared = await signIn.prepare(launch, popup);
    if (!popup && !problem && !isAgain) await attempt(signIn, prepared, popup);
    say(problem ? reasonOf(problem) : text(isAgain ? "signInAgain" : "signInFirst"), problem ? "problem" : "");
    button.textContent = text(problem ? "retry" : "signIn");
    button.hidden = false;
    problem = undefined;
    // In the click itself: a window opens there only.
    const clicked = new Promise((resolve) => {
      button.onclick = () => resolve(attempt(signIn, prepared, popup));
    });
    await Promise.race([clicked, elsewhere]).catch((error) => {
      problem = error;
    });
  }
  done.abort();
  button.hidden = true;
  say("");
}
