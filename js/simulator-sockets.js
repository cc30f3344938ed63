// @ts-check
// WebSockets of the simulator's notification channels: in the process as a class, over HTTP by the library ws.

import { serverOf } from "./simulator-ws.js";

/** The longest time between two checks for messages that are due: the clock may be the caller's own. */
const MAX_CHECK_MS = 50;

/** The values of `readyState`. */
const STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };

const CHANNEL = /\/channels\/([^/?#]+)/;

/** The client's end of a socket. @typedef {{ message: (text: string) => void, end: () => void }} Peer */

/**
 * @param {any} core the module's `Simulator`
 * @param {() => number} clock
 */
export function createSockets(core, clock) {
  /** @type {Map<number, Peer>} */
  const peers = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** Delivers the messages that are due. */
  function deliver() {
    const { messages, nextMs } = JSON.parse(core.outgoing(clock()));
    wake(nextMs === null ? MAX_CHECK_MS : nextMs - clock());
    for (const { socket, text } of messages) {
      const peer = peers.get(socket);
      if (text !== undefined) peer?.message(text);
      else if (peers.delete(socket)) peer?.end();
    }
  }

  /** Schedules the next delivery. An open socket keeps its process alive, as real ones do. */
  function wake(ms = 0) {
    clearTimeout(timer);
    if (peers.size === 0) return;
    timer = setTimeout(deliver, Math.min(Math.max(0, ms), MAX_CHECK_MS));
  }

  /** The channel's id. @param {string} url */
  const idOf = (url) => CHANNEL.exec(url)?.[1] ?? "";

  /** @param {string} url @param {Peer} peer @returns {number | undefined} the socket; `undefined`: no such channel */
  function open(url, peer) {
    const socket = core.connect(idOf(url), clock());
    if (socket !== undefined) peers.set(socket, peer);
    wake();
    return socket;
  }

  /** @param {number} socket */
  function close(socket) {
    if (peers.delete(socket)) core.closed(socket);
  }

  /** @param {number} socket @param {string} text */
  function receive(socket, text) {
    core.receive(socket, text, clock());
    wake();
  }

  class SimulatedWebSocket extends EventTarget {
    readyState = STATES.CONNECTING;
    /** @type {number | undefined} */
    #socket;
    /** The handlers that were set as `onopen` and so on, by type. @type {Record<string, any>} */
    #handlers = {};

    /** @param {string | URL} url */
    constructor(url) {
      super();
      this.url = String(url);
      setTimeout(() => {
        if (this.readyState !== STATES.CONNECTING) return;
        this.#socket = open(this.url, {
          message: (data) => this.#emit("message", { data }),
          end: () => this.#finish(1006),
        });
        if (this.#socket === undefined) return this.#fail();
        this.readyState = STATES.OPEN;
        this.#emit("open");
      });
    }

    /** @param {string} type @param {any} handler */
    #handle(type, handler) {
      if (this.#handlers[type]) this.removeEventListener(type, this.#handlers[type]);
      this.#handlers[type] = typeof handler === "function" ? handler : undefined;
      if (this.#handlers[type]) this.addEventListener(type, this.#handlers[type]);
    }
    static {
      for (const type of ["open", "message", "close", "error"]) {
        Object.defineProperty(SimulatedWebSocket.prototype, `on${type}`, {
          get() {
            return this.#handlers[type] ?? null;
          },
          set(handler) {
            this.#handle(type, handler);
          },
        });
      }
      for (const target of [SimulatedWebSocket, SimulatedWebSocket.prototype]) Object.assign(target, STATES);
    }

    /** @param {string} text */
    send(text) {
      if (this.readyState === STATES.CONNECTING)
        throw new DOMException("The WebSocket is not open yet.", "InvalidStateError");
      if (this.#socket !== undefined) receive(this.#socket, String(text));
    }

    close(code = 1000) {
      if (this.readyState >= STATES.CLOSING) return;
      const wasOpen = this.readyState === STATES.OPEN;
      this.readyState = STATES.CLOSING;
      if (this.#socket !== undefined) close(this.#socket);
      setTimeout(() => (wasOpen ? this.#finish(code) : this.#fail()));
    }

    #fail() {
      this.readyState = STATES.CLOSED;
      this.#emit("error");
      this.#finish(1006);
    }

    /** @param {number} code */
    #finish(code) {
      this.#socket = undefined;
      this.readyState = STATES.CLOSED;
      this.#emit("close", { code, reason: "", wasClean: code !== 1006 });
    }

    /** @param {string} type @param {object} [fields] */
    #emit(type, fields) {
      this.dispatchEvent(Object.assign(new Event(type), fields));
    }
  }

  /** Handles a server's upgrades; returns what ends its sockets. @param {import("node:http").Server} server */
  function serve(server) {
    /** @type {any} */
    let webSockets;
    server.on("upgrade", (request, stream, head) => {
      // At an upgrade Node removes its own error listener; ws adds one only when it accepts.
      stream.on("error", () => stream.destroy());
      const url = request.url ?? "";
      const channels = JSON.parse(core.channels());
      if (!channels.some((/** @type {{ id: string }} */ { id }) => id === idOf(url))) {
        stream.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", () => stream.destroy());
        return;
      }
      webSockets ??= new (serverOf())({ noServer: true });
      webSockets.handleUpgrade(request, stream, head, (/** @type {any} */ peer) => {
        peer.on("error", () => peer.terminate());
        const socket = open(url, { message: (text) => peer.send(text), end: () => peer.terminate() });
        if (socket === undefined) return peer.terminate();
        peer.on("message", (/** @type {any} */ data) => receive(socket, String(data)));
        peer.on("close", () => close(socket));
      });
    });
    return () => {
      for (const client of webSockets?.clients ?? []) client.terminate();
    };
  }

  return { WebSocket: /** @type {any} */ (SimulatedWebSocket), serve, wake };
}
