// One notification channel for all tabs and frames of a browser: a Web Lock elects the leader, which holds the channel;
// a BroadcastChannel passes on what it receives. For reuse: it imports nothing. docs/desktop.md has an example.

/** The platform's channel lives for 24 hours after its subscriptions were sent. */
const RESUBSCRIBE_MS = 12 * 3_600_000;
/** A silent channel is asked for a sign of life, and is dead after the longer time (as in the vendor's clients). */
const PING_MS = 14_000;
const SILENCE_MS = 35_000;
/** Between two attempts, each twice the one before (the vendor's client: 2 s to 90 s). */
const BACKOFF_MS = 2_000;
const MAX_BACKOFF_MS = 90_000;
/** Longer than this no request takes. */
const REQUEST_MS = 10_000;

/**
 * waiting: nobody has a channel yet. live: it is open. down: the leader connects again. refused: the platform refuses
 * this page's token (401, 403), another page may lead. unsupported: no Web Locks or BroadcastChannel here.
 * @typedef {"waiting" | "live" | "down" | "refused" | "unsupported"} ChannelState
 */

/**
 * Joins the channel that this browser shares; gives a function that leaves it.
 * @param {object} options
 * @param {string} options.name who shares it: the API's origin, the OAuth client and the user
 * @param {string[]} options.topics the same for all who share it
 * @param {string} options.apiUrl `https://api.mypurecloud.com`
 * @param {(request: { refresh: boolean }) => string | Promise<string>} options.accessToken an error with `status: 401`:
 * there is none
 * @param {(notification: any) => void} options.onNotification each of a topic; duplicates are usual
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
  /** @type {any} */
  let others;
  let isLeader = false;

  /** @param {ChannelState} next @param {any} [error] */
  function become(next, error) {
    if (end.signal.aborted || next === state) return;
    state = next;
    onState?.(next, error);
  }

  /** What the leader tells everybody, itself included. @param {any} news */
  function tell(news) {
    others.postMessage(news);
    hear(news);
  }

  /** @param {any} news */
  function hear(news) {
    if (end.signal.aborted) return;
    if (news.notification) onNotification(news.notification);
    // Nothing is replayed: what happened before has to be read.
    if (news.state === "live" && state !== "live") onGap?.();
    // Of others: that they wait changes nothing for a page whose own token is refused.
    if (news.state && !(news.state === "waiting" && state === "refused")) become(news.state);
    // Only the leader knows.
    if (news.hello && isLeader) others.postMessage({ state });
  }

  const timers = { setTimeout, clearTimeout };

  /** @param {string} method @param {string} path @param {any} [body] */
  async function ask(method, path, body) {
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
  const subscribe = (/** @type {string} */ id) => ask("PUT", `/${id}/subscriptions`, subscriptions);

  /** One channel with its socket, until that ends. @returns {Promise<boolean>} whether it was open for a while */
  async function connect() {
    const { id, connectUri } = await ask("POST", "");
    await subscribe(id);
    if (end.signal.aborted) return false;
    const over = new AbortController();
    const socket = new WebSocket(connectUri);
    /** @type {any[]} */
    let watches = [];

    function isAlive() {
      for (const watch of watches) clearTimeout(watch);
      const ping = () => socket.readyState === 1 && socket.send(JSON.stringify({ message: "ping" }));
      watches = [setTimeout(ping, PING_MS), setTimeout(() => over.abort(), SILENCE_MS)];
    }

    socket.onopen = () => tell({ state: "live" });
    socket.onmessage = (/** @type {{ data: string }} */ { data }) => {
      isAlive();
      const notification = parsed(data);
      const topic = String(notification?.topicName);
      if (topic === "v2.system.socket_closing") over.abort();
      else if (topic.endsWith("subscriptions-expiring")) subscribe(id).catch(() => over.abort());
      else if (topic.startsWith("v2.")) tell({ notification });
    };
    socket.onclose = socket.onerror = () => over.abort();
    end.signal.addEventListener("abort", () => over.abort(), { signal: over.signal });
    isAlive();
    await sleep(PING_MS, over.signal, timers);
    const isStable = !over.signal.aborted && socket.readyState === 1;
    while (!over.signal.aborted) {
      await sleep(RESUBSCRIBE_MS, over.signal, timers);
      if (!over.signal.aborted) await subscribe(id).catch(() => over.abort());
    }
    for (const watch of watches) clearTimeout(watch);
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
    return isStable;
  }

  /** Holds a channel for all, as long as this page is here. */
  async function lead() {
    isLeader = true;
    tell({ state: "waiting" });
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
      tell({ state: "down" });
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
      others.onmessage = (/** @type {{ data: any }} */ { data }) => hear(data);
      others.postMessage({ hello: true });
      await locks.request(`channel ${name}`, { signal: end.signal }, lead);
    } catch (error) {
      // A page without an origin, or whose storage is blocked, shares nothing.
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
 * Waits, until the signal aborts at the latest.
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
