// The same rule by hand, in plain JavaScript: what a careful developer writes in a day.
import { headers, ids, readUrl, write, writeUrl } from "./platform.mjs";

/** With timeouts, settling, retries, Retry-After and a timeline; without options, dialects and typed errors. */
export async function byHand(origin, fetch = globalThis.fetch) {
  const started = performance.now();
  const timeline = [];
  const note = (event) => timeline.push({ at: performance.now() - started, ...event });
  const exchange = async (url, init, reads) => {
    note({ type: "request", method: init.method ?? "GET", path: url });
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), 3_000);
    try {
      const response = await fetch(url, { ...init, redirect: "manual", signal: controller.signal });
      const { status } = response;
      const correlationId = response.headers.get("ININ-Correlation-Id");
      const body = reads || status >= 400 ? await response.json() : void response.body?.cancel();
      note({ type: "response", status, correlationId });
      return { status, body, retryAfter: response.headers.get("Retry-After") };
    } catch {
      note({ type: "response", failure: "network" });
      return { status: 0 };
    } finally {
      clearTimeout(timer);
    }
  };
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  let settlingSince;
  for (let failures = 0, polls = 0; performance.now() - started < 10_000; ) {
    const read = await exchange(readUrl(origin), { headers }, true);
    if (read.status !== 200) {
      if (++failures > 3) throw new Error("read failed");
      await sleep(read.retryAfter ? Number(read.retryAfter) * 1_000 : Math.random() * 250 * 2 ** failures);
      continue;
    }
    const state = read.body.participants.find(({ id }) => id === ids.participantId)?.state;
    note({ type: "state", state });
    if (state === "disconnected" || state === "terminated") return { outcome: "already-disconnected", timeline };
    if (state === "connected") {
      const { status } = await exchange(writeUrl(origin), write, false);
      if (status >= 200 && status < 300) return { outcome: "disconnected", state, requests: 2, timeline };
    }
    settlingSince ??= performance.now();
    if (performance.now() - settlingSince > 1_500) return { outcome: "not-connected", state, timeline };
    await sleep(100 * 2 ** polls++ * (0.8 + 0.4 * Math.random()));
  }
  throw new Error("timeout");
}
