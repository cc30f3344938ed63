// Test doubles for tests/support/boundary.rs: a scripted fetch, options, a counted signal and callbacks.

const body = (state) => JSON.stringify({ entities: state === "not listed" ? [] : [{ id: "p-1", state }] });

/**
 * A fetch that answers from a script, whose last entry is repeated, and that records its calls. An entry is a state, a
 * status, `lost`, `silent` (until an abort), `deaf` (not even then), `garbage`, `foreign STATE`, `json only STATE` or
 * `endless`.
 */
export function fakeFetch(script) {
  const calls = [];
  const answers = [...script];
  async function fetch(url, init) {
    const answer = String(answers.length > 1 ? answers.shift() : answers[0]);
    calls.push({ url, init, thisIsUndefined: this === undefined });
    if (answer === "lost") throw new TypeError("fetch failed");
    if (answer === "silent") {
      return new Promise((_, reject) =>
        init.signal.addEventListener("abort", () => reject(init.signal.reason), { once: true }),
      );
    }
    if (answer === "deaf") return new Promise(() => {});
    if (answer === "garbage") return 7;
    if (answer.startsWith("foreign "))
      return { status: 200, headers: { get: () => null }, text: async () => body(answer.slice(8)) };
    if (answer.startsWith("json only ")) return { status: 200, json: async () => JSON.parse(body(answer.slice(10))) };
    if (answer === "endless") {
      let cancelled = false;
      calls.at(-1).wasCancelled = () => cancelled;
      const chunk = new TextEncoder().encode(" ".repeat(65_536));
      const stream = new ReadableStream({
        pull: (controller) => controller.enqueue(chunk),
        cancel: () => {
          cancelled = true;
        },
      });
      return new Response(stream);
    }
    const status = Number(answer);
    if (Number.isNaN(status)) return new Response(body(answer), { headers: { "ININ-Correlation-Id": "id-1" } });
    return new Response(status === 204 ? null : "{}", { status });
  }
  return { fetch, calls };
}

export const options = (fake, more) => ({
  conversationId: "c-1",
  participantId: "p-1",
  accessToken: "a-secret-token",
  region: "us-east-1",
  fetch: fake.fetch,
  ...more,
});

/** An AbortSignal that counts its listeners. */
export function countedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  const counted = { controller, signal, listeners: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = function (...rest) {
    counted.listeners++;
    return addEventListener.apply(this, rest);
  };
  signal.removeEventListener = function (...rest) {
    counted.listeners--;
    return removeEventListener.apply(this, rest);
  };
  return counted;
}

export const get = (object, path) => path.split(".").reduce((value, key) => value?.[key], object);
export const json = (value) => JSON.stringify(value);
export const abortSoon = (counted, reason) => setTimeout(() => counted.controller.abort(reason), 20);
export const thrower = () => {
  throw new Error("the callback's own");
};
export const rejecter = async () => {
  throw new Error("the callback's own");
};
export const abortOn = (counted, type) => (event) =>
  event.type === type && counted.controller.abort("from the callback");

/** Replaces the global fetch; returns a function that restores it. */
export function replaceGlobalFetch(fake) {
  const { fetch } = globalThis;
  globalThis.fetch = fake.fetch;
  return () => {
    globalThis.fetch = fetch;
  };
}
