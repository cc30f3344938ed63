// One notification channel for all tabs and frames of a browser: a Web Lock elects the leader, which holds the channel;
// a BroadcastChannel passes on its notifications. For reuse: it imports nothing. docs/desktop.md has an example.

/** The platform closes a channel 24 hours after its last subscription. */
const RESUBSCRIBE_MS = 12 * 3_600_000;
/** A silent channel is pinged, and counts as dead after the longer time (both as in the vendor's clients). */
const PING_MS = 14_000;
const SILENCE_MS = 35_000;
/** The first pause between two attempts, doubled each time (the vendor's client: 2 s to 90 s). */
const BACKOFF_MS = 2_000;
const MAX_BACKOFF_MS = 90_000;
/** The deadline of one request. */
const REQUEST_MS = 10_000;

/**
 * waiting: no page has a channel yet. live: it is open. down: the leader connects again. refused: the platform refuses
 * this page's token (401, 403), another page may lead. unsupported: no Web Locks or BroadcastChannel here.
 * @typedef {"waiting" | "live" | "down" | "refused" | "unsupported"} ChannelState
 */

/**
 * Joins the channel that this browser shares; returns a function that leaves it.
 * @param {object} options
 * @param {string} options.name of the shared channel: the API's origin, the OAuth client and the user
 * @param {string[]} options.topics the same in all pages that share it
 * @param {string} options.apiUrl `https://api.mypurecloud.com`
 * @param {(request: { refresh: boolean }) => string | Promise<string>} options.accessToken without a token it throws an
 * error with `status: 401`
 * @param {(notification: any) => void} options.onNotification each one of a topic; duplicates are usual
 * @param {() => void} [options.onGap] events may have been missed: read again
 * @param {(state: ChannelState, error?: any) => void} [options.onState]
 * @param {any} [options.host] for tests: `fetch`, `WebSocket`, `BroadcastChannel`, `locks`, `setTimeout`,
 * `clearTimeout`, `random`
 * @returns {() => void}
 */
export function joinChannel({ name, topics, apiUrl, accessToken, onNotification, onGap, onState, host }) {
  const { fetch, WebSocket, BroadcastChannel, setTimeout, clearTimeout } = host ?? globalThis;
  const { locks, random } = host ?? { locks: navigator.locks, random: Math.random };
  const end = new AbortController();
  /** @type {ChannelState | undefined} */
  let state;
  /** The BroadcastChannel to the other pages. @type {any} */
  let others;
  let isLeader = false;

  /** @param {ChannelState} next @param {any} [error] */
  function become(next, error) {
    if (end.signal.aborted || next === state) return;
    state = next;
    onState?.(next, error);
  }

  /** Sends a message of the leader to all pages, itself included. @param {any} message */
  function publish(message) {
    others.postMessage(message);
    receive(message);
  }

  /** @param {any} message */
  function receive(message) {
    if (end.signal.aborted) return;
    if (message.notification) onNotification(message.notification);
    // The platform replays nothing: earlier changes have to be read.
    if (message.state === "live" && state !== "live") onGap?.();
    // A page whose own token is refused stays so while others wait.
    if (message.state && !(message.state === "waiting" && state === "refused")) become(message.state);
    if (message.hello && isLeader) others.postMessage({ state });
  }

  const timers = { setTimeout, clearTimeout };

  /** @param {string} method @param {string} path @param {any} [body] */
  async function request(method, path, body) {
    for (const refresh of [false, true]) {
      const headers = { Authorization: `Bearer ${await accessToken({ refresh })}`, "Content-Type": "application/json" };
      const signal = AbortSignal.any([end.signal, AbortSignal.timeout(REQUEST_MS)]);
      const url = `${apiUrl}/api/v2/notifications/channels${path}`;
      const response = await fetch(url, { method, headers, body: body && JSON.stringify(body), signal });
      if (response.ok) return response.json();
      if (response.status === 401 && !refresh) continue;
      const retryAfterMs = 1_000 * (Number(response.headers.get("Retry-After")) || 0);
      const { message = "" } = await response.json().catch(() => ({}));
      throw Object.assign(new Error(message), { status: response.status, retryAfterMs });
    }
  }

  const subscriptions = topics.map((id) => ({ id }));
  const subscribe = (/** @type {string} */ id) => request("PUT", `/${id}/subscriptions`, subscriptions);

  /** Opens a channel, until its socket closes. @returns {Promise<boolean>} whether it was open for `PING_MS` */
  async function connect() {
    const { id, connectUri } = await request("POST", "");
    await subscribe(id);
    if (end.signal.aborted) return false;
    const over = new AbortController();
    const socket = new WebSocket(connectUri);
    /** @type {any[]} */
    let watchdogs = [];

    function restartWatchdogs() {
      for (const timer of watchdogs) clearTimeout(timer);
      const ping = () => socket.readyState === 1 && socket.send(JSON.stringify({ message: "ping" }));
      watchdogs = [setTimeout(ping, PING_MS), setTimeout(() => over.abort(), SILENCE_MS)];
    }

    socket.onopen = () => publish({ state: "live" });
    socket.onmessage = (/** @type {{ data: string }} */ { data }) => {
      restartWatchdogs();
      const notification = parsed(data);
      const topic = String(notification?.topicName);
      if (topic === "v2.system.socket_closing") over.abort();
      else if (topic.endsWith("subscriptions-expiring")) subscribe(id).catch(() => over.abort());
      else if (topic.startsWith("v2.")) publish({ notification });
    };
    socket.onclose = socket.onerror = () => over.abort();
    end.signal.addEventListener("abort", () => over.abort(), { signal: over.signal });
    restartWatchdogs();
    await sleep(PING_MS, over.signal, timers);
    const isStable = !over.signal.aborted && socket.readyState === 1;
    while (!over.signal.aborted) {
      await sleep(RESUBSCRIBE_MS, over.signal, timers);
      if (!over.signal.aborted) await subscribe(id).catch(() => over.abort());
    }
    for (const timer of watchdogs) clearTimeout(timer);
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
    return isStable;
  }

  /** Holds the channel for all pages, until this one leaves. */
  async function lead() {
    isLeader = true;
    publish({ state: "waiting" });
    for (let failures = 0; !end.signal.aborted; failures++) {
      let retryAfterMs = 0;
      try {
        if (await connect()) failures = 0;
      } catch (/** @type {any} */ error) {
        if (error.status === 401 || error.status === 403) {
          others.postMessage({ state: "waiting" });
          become("refused", error);
          break;
        }
        retryAfterMs = error.retryAfterMs ?? 0;
      }
      if (end.signal.aborted) break;
      publish({ state: "down" });
      if (end.signal.aborted) break;
      const backoffMs = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** failures) * (0.5 + random() / 2);
      await sleep(Math.max(retryAfterMs, backoffMs), end.signal, timers);
    }
    isLeader = false;
  }

  async function start() {
    become("waiting");
    try {
      others = new BroadcastChannel(`channel ${name}`);
      others.onmessage = (/** @type {{ data: any }} */ { data }) => receive(data);
      others.postMessage({ hello: true });
      await locks.request(`channel ${name}`, { signal: end.signal }, lead);
    } catch (error) {
      // A page without an origin, or with blocked storage, cannot share.
      become("unsupported", error);
    }
  }

  start();
  return () => {
    end.abort();
    others?.close();
  };
}

/**
 * Waits for a time, or until the signal aborts.
 * @type {(ms: number, signal: AbortSignal, timers?: any) => Promise<void>}
 */
export const sleep = (ms, signal, { setTimeout, clearTimeout } = globalThis) =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {}
}
