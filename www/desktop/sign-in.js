// The sign-in by authorization code with PKCE: by a redirect of this window, or in a separate window. The token is kept
// in memory and in sessionStorage, nowhere else.
import * as oauth from "oauth4webapi";
import { stateOf } from "./launch.js";

/** How often to check whether the sign-in's window was closed. */
const CHECK_MS = 500;
/** The deadline for the exchange of a code. */
const EXCHANGE_MS = 10_000;
/** A token is not used this long before its expiry, but for at least half of its life. */
const EARLY_MS = 10_000;
/** How long a request that used the token before may still take (the default of `requestTimeoutMs`). */
const FRESH_MS = 3_000;
/** The type of the message between the two windows, and the start of the sign-in window's name. */
const MESSAGE = "remove-caller-sign-in";

/** @typedef {{ accessToken: string, expires: number }} Token */
/** @param {Token | undefined} token */
const isValid = (token) => token !== undefined && Date.now() < token.expires;

/** A sign-in that failed: `code` is the login's `error`, or one of this page. */
export class SignInError extends Error {
  name = "SignInError";
  /** @param {string} code @param {string} [description] */
  constructor(code, description) {
    super(description ?? code);
    this.code = code;
  }
}

/** The error of `accessToken` while nobody is signed in. */
export class SignInRequired extends Error {
  name = "SignInRequired";
  // The channel and the list handle it as a token that the platform refused.
  status = 401;
  code = "UNAUTHORIZED";
  constructor() {
    super("Sign in first.");
  }
  toJSON() {
    return { name: this.name, code: this.code, message: this.message };
  }
}

/** sessionStorage; `undefined` where the browser blocks it for frames of other sites. */
export function storage() {
  try {
    const { sessionStorage } = globalThis;
    sessionStorage.setItem("remove-caller:probe", "1");
    sessionStorage.removeItem("remove-caller:probe");
    return sessionStorage;
  } catch {
    return undefined;
  }
}

/** The redirect URI of the OAuth client: this address without a query. */
export const redirectUri = () => location.origin + location.pathname;

/** Whether this window was opened for a sign-in, also if the login's response has no `state`. */
export const isWindowOfSignIn = () => window.opener !== null && window.name.startsWith(MESSAGE);

/** Sends the login's response to the page that opened this window; false if there is none. */
export function relay() {
  if (!globalThis.opener) return false;
  globalThis.opener.postMessage({ type: MESSAGE, name: window.name, url: location.href }, location.origin);
  globalThis.close();
  return true;
}

/** Throws the error of a response without a `state`, which cannot be validated. @param {URL} url */
function throwIfRefused({ searchParams }) {
  const error = searchParams.get("error");
  if (error && !searchParams.has("state")) throw new SignInError(error, searchParams.get("error_description") ?? error);
}

export class SignIn {
  #server;
  #client;
  #options;
  #store;
  #key;
  /** @type {Token | undefined} */
  #token;
  /** When this page began to use the token. */
  #since = 0;
  #hasLeft = false;
  /** Called when there is no valid token any more. */
  onRequired = () => {};
  /** Called when another frame of this tab has signed in again, perhaps as another user. */
  onChanged = () => {};

  /**
   * @param {{ loginUrl: string, clientId: string }} environment
   * @param {Storage | undefined} store
   */
  constructor({ loginUrl, clientId }, store) {
    this.#server = {
      issuer: loginUrl,
      authorization_endpoint: `${loginUrl}/oauth/authorize`,
      token_endpoint: `${loginUrl}/oauth/token`,
    };
    this.#client = { client_id: clientId, token_endpoint_auth_method: /** @type {const} */ ("none") };
    // For a simulator on this machine.
    this.#options = { [oauth.allowInsecureRequests]: new URL(loginUrl).hostname === "127.0.0.1" };
    this.#store = store;
    this.#key = `remove-caller:${loginUrl}:${clientId}`;
    this.#adopt();
    // A stored token may have been in use for any time.
    this.#since = 0;
    window.addEventListener("storage", ({ key }) => {
      const before = this.#token?.accessToken;
      if (key !== `${this.#key}:token` || before === undefined) return;
      this.#adopt();
      if (!this.isSignedIn) this.onRequired();
      else if (this.#token?.accessToken !== before) this.onChanged();
    });
  }

  /** @param {string} name */
  #read(name) {
    try {
      return JSON.parse(this.#store?.getItem(`${this.#key}:${name}`) ?? "null") ?? undefined;
    } catch {
      return undefined;
    }
  }

  /** @param {string} name @param {any} value */
  #write(name, value) {
    if (value === undefined) this.#store?.removeItem(`${this.#key}:${name}`);
    else this.#store?.setItem(`${this.#key}:${name}`, JSON.stringify(value));
  }

  /** Whether there is a valid token. Another frame of this tab may have signed in. */
  get isSignedIn() {
    if (!isValid(this.#token)) this.#adopt();
    return isValid(this.#token);
  }

  /** Takes over the token that this tab has stored. */
  #adopt() {
    if (!this.#store) return;
    const stored = this.#read("token");
    if (stored?.accessToken !== this.#token?.accessToken) this.#since = Date.now();
    this.#token = stored;
  }

  /** The token provider for requests. */
  accessToken = ({ refresh = false } = {}) => {
    if (refresh) {
      this.#adopt();
      // A 401 right after a sign-in belongs to a request that was sent before it.
      if (Date.now() - this.#since > FRESH_MS) this.forget();
    }
    if (!this.isSignedIn) {
      this.onRequired();
      throw new SignInRequired();
    }
    return /** @type {Token} */ (this.#token).accessToken;
  };

  /** Whether the user signed out: the login then has to ask who signs in, though it still has a session. */
  get hasLeft() {
    return this.#hasLeft || this.#read("left") === true;
  }

  signOut() {
    this.#hasLeft = true;
    this.#write("left", true);
    this.forget();
    this.onRequired();
  }

  forget() {
    this.#token = undefined;
    this.#write("token", undefined);
  }

  /**
   * Prepares a sign-in before the click, because a window can only be opened during the click itself.
   * @param {import("./launch.js").Launch} launch
   * @param {boolean} popup
   */
  async prepare(launch, popup) {
    const verifier = oauth.generateRandomCodeVerifier();
    const state = stateOf({ nonce: oauth.generateRandomState(), popup, launch });
    const url = new URL(this.#server.authorization_endpoint);
    url.search = String(
      new URLSearchParams({
        client_id: this.#client.client_id,
        redirect_uri: redirectUri(),
        response_type: "code",
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
        state,
        ...(this.hasLeft ? { prompt: "login" } : {}),
      }),
    );
    return { url: url.href, verifier, state };
  }

  /** Goes to the login, which returns to this page. @param {Awaited<ReturnType<SignIn["prepare"]>>} prepared */
  redirect({ url, verifier, state }) {
    // The key contains the state, because several frames of a tab may sign in at once.
    this.#write(`verifier:${state}`, verifier);
    location.replace(url);
  }

  /** Completes a sign-in after a redirect. @param {URL} url of this page, with the login's response */
  async complete(url) {
    throwIfRefused(url);
    const state = String(url.searchParams.get("state"));
    const verifier = this.#read(`verifier:${state}`);
    this.#write(`verifier:${state}`, undefined);
    if (typeof verifier !== "string") throw new SignInError("not_begun", "This sign-in was not begun in this tab.");
    await this.#exchange(url, { verifier, state });
  }

  /**
   * Signs in by a separate window; to be called during a click.
   * @param {Awaited<ReturnType<SignIn["prepare"]>>} prepared
   * @param {AbortSignal} signal
   */
  async popup({ url, verifier, state }, signal) {
    const name = `${MESSAGE}-${state.slice(0, 40)}`;
    const opened = window.open(url, name, "popup,width=520,height=680");
    if (!opened) throw new SignInError("popup_blocked");
    const done = new AbortController();
    try {
      const answer = await new Promise((resolve, reject) => {
        /** @param {MessageEvent} event */
        function onMessage({ origin, data }) {
          if (origin !== location.origin || data?.type !== MESSAGE) return;
          const url = new URL(data.url);
          // Not by the event's source, which is null once the window is closed. A response without a state has the
          // window's name.
          if (data.name === name || url.searchParams.get("state") === state) resolve(url);
        }
        window.addEventListener("message", onMessage, { signal: done.signal });
        signal.throwIfAborted();
        signal.addEventListener("abort", () => reject(signal.reason), { signal: done.signal });
        let closedChecks = 0;
        const timer = setInterval(() => {
          // At the second check, because its message may still be on the way.
          if (opened.closed && ++closedChecks > 1) reject(new SignInError("popup_closed"));
        }, CHECK_MS);
        done.signal.addEventListener("abort", () => clearInterval(timer));
      });
      await this.#exchange(answer, { verifier, state });
    } finally {
      done.abort();
      opened.close();
    }
  }

  /** Exchanges a response's code for a token. @param {URL} url @param {{ verifier: string, state: string }} begun */
  async #exchange(url, { verifier, state }) {
    throwIfRefused(url);
    try {
      const answer = oauth.validateAuthResponse(this.#server, this.#client, url, state);
      const response = await oauth.authorizationCodeGrantRequest(
        this.#server,
        this.#client,
        oauth.None(),
        answer,
        redirectUri(),
        verifier,
        { ...this.#options, signal: AbortSignal.timeout(EXCHANGE_MS) },
      );
      const token = await oauth.processAuthorizationCodeResponse(this.#server, this.#client, response);
      const lifeMs = 1_000 * (token.expires_in ?? 86_400);
      const usableMs = lifeMs - Math.min(EARLY_MS, lifeMs / 2);
      this.#since = Date.now();
      this.#token = { accessToken: token.access_token, expires: this.#since + usableMs };
      this.#write("token", this.#token);
      this.#hasLeft = false;
      this.#write("left", undefined);
    } catch (/** @type {any} */ error) {
      // The login's own error, in the query or in the response of the exchange.
      if (error.error) throw new SignInError(error.error, error.error_description);
      throw new SignInError("failed");
    }
  }
}
