// @ts-check
// WebSockets of the simulator's notification channels: in the process as a class, or over HTTP by the library ws.

import { serverOf } from "./simulator-ws.js";

/** How often a simulator with a clock of its own is asked what is due, in milliseconds. */
const LOOK_MS = 50;

const CHANNEL = /\/channels\/([^/?#]+)/;

/** @typedef {{ message: (text: string) => void, end: () => void }} Peer */

/**
 * @param {any} core the module's `Simulator`
 * @param {() => number} clock
 */
export function createSockets(core, clock) {
  /** @type {Map<number, Peer>} */
  const peers = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function deliver() {
    const { messages, nextMs } = JSON.parse(core.outgoing(clock()));
    for (const { socket, text } of messages) {
      const peer = peers.get(socket);
      if (text !== undefined) peer?.message(text);
      else if (peers.delete(socket)) peer?.end();
    }
    wake(nextMs === null ? LOOK_MS : nextMs - clock());
  }

  /** Delivers what is due in so many milliseconds. As with real ones, an open socket keeps its process alive. */
  function wake(ms = 0) {
    clearTimeout(timer);
    if (peers.size === 0) return;
    timer = setTimeout(deliver, Math.min(Math.max(0, ms), LOOK_MS));
  }

  /** @param {string} url @param {Peer} peer @returns {number | undefined} */
  function open(url, peer) {
    const socket = core.connect(CHANNEL.exec(url)?.[1] ?? "", clock());
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
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSING = 2;
    static CLOSED = 3;

    readyState = SimulatedWebSocket.CONNECTING;
    /** @type {number | undefined} */
    #socket;

    /** @param {string | URL} url */
    constructor(url) {
      super();
      this.url = String(url);
      setTimeout(() => {
        if (this.readyState !== SimulatedWebSocket.CONNECTING) return;
        this.#socket = open(this.url, {
          message: (data) => this.#emit("message", { data }),
          end: () => this.#ended(1006),
        });
        if (this.#socket === undefined) {
          this.#emit("error");
          this.#ended(1006);
          return;
        }
        this.readyState = SimulatedWebSocket.OPEN;
        this.#emit("open");
      });
    }

    /** @param {string} text */
    send(text) {
      if (this.readyState === SimulatedWebSocket.CONNECTING)
        throw new DOMException("The WebSocket is not open yet.", "InvalidStateError");
      if (this.#socket !== undefined) receive(this.#socket, text);
    }

    close(code = 1000) {
      if (this.readyState >= SimulatedWebSocket.CLOSING) return;
      this.readyState = SimulatedWebSocket.CLOSING;
      if (this.#socket !== undefined) close(this.#socket);
      setTimeout(() => this.#ended(code));
    }

    /** @param {number} code */
    #ended(code) {
      this.#socket = undefined;
      this.readyState = SimulatedWebSocket.CLOSED;
      this.#emit("close", { code, reason: "", wasClean: code !== 1006 });
    }

    /** @param {string} type @param {object} [more] */
    #emit(type, more) {
      const event = Object.assign(new Event(type), more);
      /** @type {any} */ (this)[`on${type}`]?.(event);
      this.dispatchEvent(event);
    }
  }

  /** Answers a server's upgrades; gives a function that ends its sockets. @param {import("node:http").Server} server */
  function serve(server) {
    /** @type {any} */
    let webSockets;
    server.on("upgrade", (request, stream, head) => {
      /** @type {any} */
      let peer;
      const socket = open(request.url ?? "", { message: (text) => peer?.send(text), end: () => peer?.terminate() });
      if (socket === undefined) {
        stream.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      webSockets ??= new (serverOf())({ noServer: true });
      stream.on("close", () => close(socket));
      webSockets.handleUpgrade(request, stream, head, (/** @type {any} */ webSocket) => {
        peer = webSocket;
        peer.on("message", (/** @type {any} */ data) => receive(socket, String(data)));
        peer.on("error", () => peer?.terminate());
      });
    });
    return () => {
      for (const client of webSockets?.clients ?? []) client.terminate();
    };
  }

  return { WebSocket: SimulatedWebSocket, serve, wake };
}
