// The desktop page: `<remove-caller>` in a desktop, with sign-in and live events.
import "disconnect-if-connected/element/define";
import { ConversationClient } from "disconnect-if-connected";
import { joinChannel, sleep } from "./channel.js";
import { checkAncestors, environmentOf, SetUpError } from "./environments.js";
import { checkDesktop, joinDesktop } from "./genesys.js";
import { joinHost } from "./host.js";
import { addressOf, contentOf, launchOf } from "./launch.js";
import { isWindowOfSignIn, relay, SignIn, storage } from "./sign-in.js";
import { DISCONNECT, isPermitted, userOf } from "./user.js";
import { askToSignIn, notice, part, setLanguage, setStatus, show, showProblem, text } from "./view.js";

/** How often the list is read while events arrive, and while none arrive, in milliseconds. */
const LIVE_POLL_MS = 15_000;
const SLOW_POLL_MS = 5_000;
/** The pause before the user is read again after a failure, in milliseconds. */
const RETRY_MS = 30_000;
/** The deadline for config.json, in milliseconds. */
const CONFIG_MS = 10_000;

/** @type {import("disconnect-if-connected/element").RemoveCallerElement} */
const element = part("participants");
const refresh = () => void element.refresh();
/** Aborted when the desktop closes the page. */
const end = new AbortController();
/** @type {ReturnType<typeof joinHost> | undefined} */
let host;

async function configuration() {
  const response = await fetch("config.json", { signal: AbortSignal.timeout(CONFIG_MS) }).catch(() => undefined);
  const config = response?.ok ? await response.json().catch(() => undefined) : undefined;
  if (typeof config !== "object" || config === null) throw new SetUpError("config.json is missing, or is not JSON.");
  return config;
}

/** @param {import("./channel.js").ChannelState} state @param {any} [error] */
function showChannel(state, error) {
  const isLive = state === "live";
  element.pollMs = isLive ? LIVE_POLL_MS : SLOW_POLL_MS;
  show("channel", isLive ? "channel.live" : "channel.slow", { seconds: SLOW_POLL_MS / 1_000 });
  part("channel").dataset.state = state;
  const isForbidden = state === "refused" && error?.status === 403;
  notice("channel", isForbidden ? "noScope" : undefined, { scope: "notifications" });
}

/**
 * Shows who is signed in and which permission is missing, and passes on the events of the user's calls.
 * @param {{ apiUrl: string, clientId: string }} environment
 * @param {SignIn} signIn
 * @param {ConversationClient} client
 * @param {AbortSignal} signal leaves the channel
 */
async function listen({ apiUrl, clientId }, signIn, client, signal) {
  while (!signal.aborted) {
    try {
      const { id, name, permissions } = await userOf(apiUrl, signIn.accessToken, signal);
      if (signal.aborted) return;
      show("user", "signedInAs", { name });
      show("sign-out", "signOut");
      part("sign-out").hidden = false;
      notice("user");
      notice("permission", isPermitted(permissions, DISCONNECT) ? undefined : "noDisconnect");
      const leave = joinChannel({
        name: `${apiUrl} ${clientId} ${id}`,
        topics: [`v2.users.${id}.conversations.calls`],
        apiUrl,
        accessToken: signIn.accessToken,
        onNotification: (notification) => client.observe(notification),
        onGap: refresh,
        onState: showChannel,
      });
      signal.addEventListener("abort", leave);
      return;
    } catch (/** @type {any} */ error) {
      if (signal.aborted) return;
      const isForbidden = error.status === 403;
      notice("user", isForbidden ? "noScope" : "noUser", { scope: "users:readonly" });
      if (isForbidden) return;
      await sleep(RETRY_MS, signal);
    }
  }
}

/** A participant for the desktop: without name and number, which it knows. @param {any} participant */
const short = ({ id, purpose, userId }) => ({ id, purpose, userId });

/** Reports removals to the desktop. @param {ReturnType<typeof joinDesktop> | undefined} desktop */
function report(desktop) {
  element.addEventListener("remove-caller-outcome", (/** @type {any} */ { detail }) => {
    const { participant, result, message } = detail;
    const { outcome, acknowledged, confirmed } = result;
    const isSure = outcome === "disconnected" && acknowledged && confirmed;
    if (outcome === "not-connected") desktop?.toast("error", text("notRemoved"), message);
    else desktop?.toast(isSure ? "success" : "info", text(isSure ? "removed" : "title"), message);
    notice("refused");
    host?.tell("outcome", { conversationId: result.conversationId, participant: short(participant), result });
  });
  element.addEventListener("remove-caller-error", (/** @type {any} */ { detail: { participant, error, message } }) => {
    if (error?.name === "AbortError") return;
    if (error?.code === "FORBIDDEN")
      notice(participant ? "refused" : "unread", participant ? "writeRefused" : "readRefused");
    if (participant) desktop?.toast("error", text(error?.mayHaveDisconnected ? "title" : "notRemoved"), message);
    host?.tell("error", {
      conversationId: element.conversationId,
      participant: participant && short(participant),
      error: error?.toJSON?.() ?? { name: error?.name, message: error?.message },
    });
  });
}

async function start() {
  part("stuck").remove();
  const url = new URL(location.href);
  const isAnswer = url.searchParams.has("error") || (url.searchParams.has("code") && url.searchParams.has("state"));
  const content = isAnswer ? contentOf(url.searchParams.get("state")) : undefined;
  const launch = content?.launch ?? launchOf(url);
  setLanguage(launch.language);
  show("title", "title");
  if (isAnswer && (content ? content.popup : isWindowOfSignIn())) {
    if (!relay()) setStatus("elsewhere");
    return;
  }
  setStatus("starting");
  if (!window.isSecureContext) throw new SetUpError("This page needs HTTPS.");
  const isFramed = window.parent !== window;
  // First, because the desktop sends its first message as soon as the page has loaded.
  const desktopOrigin = isFramed && !launch.host ? launch.desktopOrigin : undefined;
  const hooks = { onFocus: refresh, onStop: () => end.abort() };
  const desktop = desktopOrigin ? joinDesktop(desktopOrigin, hooks) : undefined;

  const config = await configuration();
  const { hosts = [], where, confirmMode = "always", api = "calls" } = config;
  let isAsking = true;
  const onInit = (/** @type {{ conversationId: string, language?: string }} */ order) => {
    if (order.language) setLanguage(order.language);
    launch.conversationId = order.conversationId;
    for (const id of ["refused", "unread"]) notice(id);
    if (isAsking) return;
    element.conversationId = order.conversationId;
    setStatus();
  };
  if (launch.host && isFramed) host = joinHost(launch.host, hosts, { onInit, onRefresh: refresh });
  const environment = environmentOf(config, launch.environment);
  if (desktopOrigin) checkDesktop(environment, desktopOrigin);
  checkAncestors([environment.desktopOrigin, ...hosts]);
  report(desktop);

  const store = storage();
  const signIn = new SignIn(environment, store);
  // Most logins refuse to be framed; and without storage a redirect would lose the verifier.
  const popup = !store || (launch.popup ? launch.popup === "true" : isFramed);
  let problem;
  if (isAnswer) {
    history.replaceState(undefined, "", addressOf(url, launch));
    await signIn.complete(url).catch((error) => {
      problem = error;
    });
  }
  host?.tell("ready");
  const { signal } = end;
  if (!signIn.isSignedIn) {
    // Not a second time without a click, because a failing login would be an endless loop.
    const atOnce = !popup && !isAnswer && !signIn.hasLeft;
    if (!atOnce) host?.tell("sign-in-required");
    await askToSignIn(signIn, launch, { popup, atOnce, problem, signal });
  }
  if (signal.aborted) return;

  const client = new ConversationClient({
    accessToken: signIn.accessToken,
    baseUrl: environment.apiUrl,
    api,
    onEvent: (event) => event.type === "response" && event.status === 200 && notice("unread"),
  });
  element.where = where;
  element.confirmMode = confirmMode;

  let session = new AbortController();
  function begin() {
    isAsking = false;
    for (const id of ["refused", "unread"]) notice(id);
    setStatus(launch.conversationId ? undefined : "noConversation");
    element.conversationId = launch.conversationId ?? "";
    host?.tell("signed-in");
    session = new AbortController();
    showChannel("waiting");
    listen(environment, signIn, client, session.signal);
  }
  function leave() {
    session.abort();
    showChannel("waiting");
    show("user");
    part("sign-out").hidden = true;
  }
  signIn.onChanged = () => {
    if (isAsking || signal.aborted) return;
    leave();
    refresh();
    begin();
  };
  signIn.onRequired = async () => {
    if (isAsking || signal.aborted) return;
    isAsking = true;
    const hadFocus = document.activeElement === part("sign-out");
    leave();
    // The list was for the user who signed out.
    if (signIn.hasLeft) element.conversationId = "";
    host?.tell("sign-in-required");
    await askToSignIn(signIn, launch, { popup, isAgain: !signIn.hasLeft, hadFocus, signal });
    if (signal.aborted) return;
    begin();
    refresh();
  };
  part("sign-out").onclick = () => signIn.signOut();
  signal.addEventListener("abort", () => {
    session.abort();
    client.close();
    element.remove();
  });
  element.client = client;
  begin();
}

start().catch((error) => {
  showProblem(error);
  host?.tell("error", { error: { name: error?.name, message: error?.message } });
});
