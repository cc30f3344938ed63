// The story in one form of a page: ?form=...&simulator=...&report=...
import * as imported from "/package/index.js";
import { story } from "/shared/story.mjs";

const parameters = new URLSearchParams(location.search);
const simulator = parameters.get("simulator");

const ask = (worker) =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message || "the worker did not load"));
    worker.postMessage(simulator);
  });

const forms = {
  "module script": () => story(imported, simulator),
  "classic worker": () => ask(new Worker("/pages/classic-worker.js")),
  "module worker": () => ask(new Worker("/pages/module-worker.js", { type: "module" })),
  "service worker": async () => {
    const registration = await navigator.serviceWorker.register("/pages/service-worker.js", { type: "module" });
    const worker = registration.installing ?? registration.waiting ?? registration.active;
    if (worker.state !== "activated") {
      await new Promise((resolve) =>
        worker.addEventListener("statechange", () => worker.state === "activated" && resolve()),
      );
    }
    const answer = new Promise((resolve) =>
      navigator.serviceWorker.addEventListener("message", ({ data }) => resolve(data), { once: true }),
    );
    navigator.serviceWorker.startMessages();
    worker.postMessage(simulator);
    const result = await answer;
    await registration.unregister();
    return result;
  },
  "cross-origin iframe": () =>
    new Promise((resolve) => {
      const origin = location.origin.replace("127.0.0.1", "localhost");
      addEventListener("message", ({ data }) => resolve(data), { once: true });
      const frame = Object.assign(document.createElement("iframe"), {
        src: `${origin}/pages/page.html?form=frame&simulator=${simulator}`,
      });
      document.body.append(frame);
    }),
  frame: async () => parent.postMessage(await story(imported, simulator), "*"),
  "disconnect-if-connected/wasm": async () => {
    const own = await import("/package/wasm.js");
    const early = await own.disconnectIfConnected({}).catch((error) => error);
    if (!/call init\(source\) first/.test(early.message)) throw early;
    await own.init("/package/core.wasm");
    return story(own, simulator);
  },
};

const result = await forms[parameters.get("form")]().catch((error) => String(error));
if (parameters.has("report")) await fetch(parameters.get("report"), { method: "POST", body: result });
