// Sign-in by authorization code with PKCE: in this window by a redirect, or in a window of its own. The token is kept in
// memory and in sessionStorage, nowhere else.
import * as oauth from "oauth4webapi";
import { stateOf } from "./launch.js";

/** How often it looks whether the sign-in's window was closed. */
const LOOK_MS = 500;
/** How long the login may take to exchange a code. */
const EXCHANGE_MS = 10_000;
/** A token that is valid for less than this is not used. */
const EARLY_MS = 10_000;
const MESSAGE = "remove-caller-sign-in";

/** The sign-in has failed: `code` is the login's `error`, or one of ours. */
export class SignInError extends Error {
  name = "SignInError";
  /** @param {string} code @param {string} [description] */
  constructor(code, description) {
    super(description ?? code);
    this.code = code;
  }
}

/** What a provider of tokens throws while nobody is signed in. */
export class SignInRequired extends Error {
  name = "SignInRequired";
  // For the channel and for the list, as if the platform had refused a token.
  status = 401;
  code = "UNAUTHORIZED";
  constructor() {
    super("Sign in first.");
  }
}

/** sessionStorage, or nothing where the browser blocks it for pages of other sites. */
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

/** The address without a query: to the character what the OAuth client has as redirect URI. */
export const redirectUri = () => location.origin + location.pathname;

/** Gives the answer of a sign-in's window to the page that opened it; false where there is none. */
export function relay() {
  if (!globalThis.opener) return false;
  globalThis.opener.postMessage({ type: MESSAGE, url: location.href }, location.origin);
  globalThis.close();
  return true;
}

export class SignIn {
  #server;
  #client;
  #options;
  #store;
  #key;
  /** @type {{ accessToken: string, expires: number } | undefined} */
  #token;
  /** Called when a request finds no valid token. */
  onRequired = () => {};

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
    this.#token = this.#read("token");
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

  /** Whether there is a token that is valid, as far as its time says. Another frame of this tab may have signed in. */
  get isSignedIn() {
    this.#token ??= this.#read("token");
    return this.#token !== undefined && Date.now() < this.#token.expires - EARLY_MS;
  }

  /** A provider of tokens, for requests. */
  accessToken = ({ refresh = false } = {}) => {
    const refused = this.#token?.accessToken;
    // It was refused: one that another frame got meanwhile may do.
    if (refresh) this.#token = this.#read("token");
    if (refresh && this.#token?.accessToken === refused) this.forget();
    if (!this.isSignedIn) {
      this.onRequired();
      throw new SignInRequired();
    }
    return /** @type {{ accessToken: string }} */ (this.#token).accessToken;
  };

  forget() {
    this.#token = undefined;
    this.#write("token", undefined);
  }

  /**
   * What a sign-in needs, made before the click: a window opens in the click itself only.
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
      }),
    );
    return { url: url.href, verifier, state };
  }

  /** Leaves for the login, and comes back to this page. @param {Awaited<ReturnType<SignIn["prepare"]>>} prepared */
  redirect({ url, verifier, state }) {
    // By its state: several frames of a tab may be on their way at once.
    this.#write(state, verifier);
    location.assign(url);
  }

  /** After a redirect. @param {URL} url */
  async complete(url) {
    const state = String(url.searchParams.get("state"));
    const verifier = this.#read(state);
    this.#write(state, undefined);
    if (typeof verifier !== "string") throw new SignInError("not_begun", "This sign-in was not begun in this tab.");
    await this.#exchange(url, { verifier, state });
  }

  /**
   * Signs in by a window of its own; to be called in a click.
   * @param {Awaited<ReturnType<SignIn["prepare"]>>} prepared
   * @param {AbortSignal} signal
   */
  async popup({ url, verifier, state }, signal) {
    const opened = window.open(url, "", "popup,width=520,height=680");
    if (!opened) throw new SignInError("popup_blocked");
    const done = new AbortController();
    try {
      const answer = await new Promise((resolve, reject) => {
        /** @param {MessageEvent} event */
        const heard = ({ source, origin, data }) =>
          source === opened && origin === location.origin && data?.type === MESSAGE && resolve(new URL(data.url));
        window.addEventListener("message", heard, { signal: done.signal });
        signal.addEventListener("abort", () => reject(signal.reason), { signal: done.signal });
        let looks = 0;
        const look = setInterval(() => {
          // Its message may still be on the way.
          if (opened.closed && ++looks > 1) reject(new SignInError("popup_closed"));
        }, LOOK_MS);
        done.signal.addEventListener("abort", () => clearInterval(look));
      });
      await this.#exchange(answer, { verifier, state });
    } finally {
      done.abort();
      opened.close();
    }
  }

  /** @param {URL} url @param {{ verifier: string, state: string }} begun */
  async #exchange(url, { verifier, state }) {
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
      this.#token = { accessToken: token.access_token, expires: Date.now() + lifeMs };
      this.#write("token", this.#token);
    } catch (/** @type {any} */ error) {
      // What the login itself says, in the query or in the answer of the exchange.
      if (error.error) throw new SignInError(error.error, error.error_description);
      throw new SignInError(error.name === "TimeoutError" ? "timeout" : "failed", error.message);
    }
  }
}
