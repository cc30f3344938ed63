// A stand-in for the Genesys Cloud desktop, as the page in the frame sees it: the vendor's protocol of messages
// (`purecloud-client-apps`), lifecycle hooks out, answers and toasts in. It has no call of its own.
const query = new URLSearchParams(location.search);
const widget = query.get("widget");
const { origin } = new URL(widget);

/** Everything that frames have sent, for tests. */
window.received = [];

for (let count = 0; count < Number(query.get("frames") ?? 1); count++) {
  const frame = document.createElement("iframe");
  frame.title = "Remove a caller";
  // The sandbox counts for what is loaded after it is set.
  frame.setAttribute("sandbox", query.get("sandbox"));
  frame.allow = "camera; clipboard-write; display-capture; fullscreen; geolocation; microphone";
  frame.src = widget;
  document.querySelector("#frames").append(frame);
}

const frames = () => [...document.querySelectorAll("iframe")];
const hook = (name) => {
  for (const { contentWindow } of frames())
    contentWindow.postMessage({ purecloudEventType: "appLifecycleHook", hook: name }, origin);
};

window.addEventListener("message", ({ source, origin: from, data }) => {
  const frame = frames().find(({ contentWindow }) => contentWindow === source);
  if (!frame || from !== origin || data?.protocol !== "purecloud-client-apps") return;
  window.received.push(data);
  if (data.action === "stopped") frame.remove();
  if (data.action === "showToast") {
    const toast = document.createElement("p");
    toast.className = data.type;
    const title = document.createElement("b");
    title.textContent = data.title;
    toast.append(title, data.message);
    document.querySelector("#toasts").append(toast);
    if (data.timeout !== 0) setTimeout(() => toast.remove(), 7_000);
  }
});

for (const frame of frames()) frame.addEventListener("load", () => hook("bootstrap"));
document.querySelector("#focus").addEventListener("click", () => hook("focus"));
document.querySelector("#stop").addEventListener("click", () => hook("stop"));
