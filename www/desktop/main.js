// The host page: from what a desktop opens it with to `<remove-caller>` with a signed-in user and live events.
import "disconnect-if-connected/element/define";
import { ConversationClient } from "disconnect-if-connected";
import { RemoveCallerElement } from "disconnect-if-connected/element";
import { joinChannel } from "./channel.js";
import { environmentOf, SetUpError } from "./environments.js";
import { checkDesktop, joinDesktop } from "./genesys.js";
import { joinHost } from "./host.js";
import { addressOf, contentOf, launchOf } from "./launch.js";
import { relay, SignIn, storage } from "./sign-in.js";
import { DISCONNECT, isPermitted, userOf, VIEW } from "./user.js";
import { askToSignIn, elementText, notice, part, reasonOf, say, speak, text } from "./view.js";

/** How often the list is read while events come too, in milliseconds, and while none come. */
const LIVE_POLL_MS = 15_000;
const SLOW_POLL_MS = 5_000;

/** When it asks again who is signed in, after that failed, in milliseconds. */
const RETRY_MS = 30_000;

/** @type {import("disconnect-if-connected/element").RemoveCallerElement} */
const element = part("participants");
const refresh = () => void element.refresh();
/** Ends everything: the desktop closes the page. */
const end = new AbortController();

async function configuration() {
  const response = await fetch("config.json");
  const config = response.ok ? await response.json().catch(() => undefined) : undefined;
  if (!config) throw new SetUpError("config.json is missing, or is not JSON.");
  return config;
}

/**
 * The user's name and permissions, and the events of the user's calls.
 * @param {{ apiUrl: string, clientId: string }} environment
 * @param {SignIn} signIn
 * @param {ConversationClient} client
 * @param {AbortSignal} signal leaves the channel
 */
async function listen({ apiUrl, clientId }, signIn, client, signal) {
  /** @param {import("./channel.js").ChannelState} state @param {any} [error] */
  function onState(state, error) {
    const isLive = state === "live";
    element.pollMs = isLive ? LIVE_POLL_MS : SLOW_POLL_MS;
    part("channel").textContent = text(isLive ? "channel.live" : "channel.slow", { seconds: SLOW_POLL_MS / 1_000 });
    part("channel").dataset.state = state;
    const isForbidden = state === "refused" && error?.status === 403;
    notice("channel", isForbidden ? text("noScope", { scope: "notifications" }) : undefined);
  }
  onState("waiting");
  try {
    const { id, name, permissions } = await userOf(apiUrl, signIn);
    part("user").textContent = text("signedInAs", { name });
    notice("permission", isPermitted(permissions, DISCONNECT) ? undefined : text("noDisconnect"));
    notice("user");
    if (signal.aborted) return;
    const leave = joinChannel({
      name: `${apiUrl} ${clientId} ${id}`,
      topics: [`v2.users.${id}.conversations.calls`],
      apiUrl,
      accessToken: signIn.accessToken,
      onNotification: (notification) => client.observe(notification),
      onGap: refresh,
      onState,
    });
    signal.addEventListener("abort", leave);
  } catch (/** @type {any} */ error) {
    if (error.status === 401 || signal.aborted) return;
    const isForbidden = error.status === 403;
    notice("user", isForbidden ? text("noScope", { scope: "users:readonly" }) : text("noUser"));
    if (isForbidden) return;
    const retry = setTimeout(() => listen({ apiUrl, clientId }, signIn, client, signal), RETRY_MS);
    signal.addEventListener("abort", () => clearTimeout(retry));
  }
}

/** @param {any} participant */
const nameOf = ({ name, address, purpose }) =>
  name?.trim() || address?.replace(/^(tel|sips?):/i, "").split(/[;@]/)[0] || purpose || "";
/** Neither name nor number: the desktop knows them. @param {any} participant */
const short = ({ id, purpose, userId }) => ({ id, purpose, userId });

/**
 * Tells the desktop what came of removals.
 * @param {ReturnType<typeof joinDesktop> | undefined} desktop
 * @param {ReturnType<typeof joinHost> | undefined} host
 */
function report(desktop, host) {
  const { languages } = RemoveCallerElement;
  element.addEventListener("remove-caller-outcome", (/** @type {any} */ { detail: { participant, result } }) => {
    const words = elementText(languages, result.outcome, { name: nameOf(participant), state: result.state });
    if (result.outcome === "not-connected") desktop?.failed(text("notRemoved"), words);
    else desktop?.succeeded(text("removed"), words);
    notice("forbidden");
    host?.tell("outcome", { conversationId: result.conversationId, participant: short(participant), result });
  });
  element.addEventListener("remove-caller-error", (/** @type {any} */ { detail: { participant, error } }) => {
    if (error?.name === "AbortError") return;
    const [scope, permission] = participant ? ["conversations", DISCONNECT] : ["conversations:readonly", VIEW];
    if (error?.code === "FORBIDDEN") notice("forbidden", text("noScopeOrPermission", { scope, permission }));
    if (participant) {
      const seconds = Math.ceil((error?.retryAfterMs ?? 0) / 1_000);
      const values = { name: nameOf(participant), code: error?.code ?? error?.name, seconds };
      desktop?.failed(text("notRemoved"), elementText(languages, String(error?.code), values));
    }
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
  const isAnswer = url.searchParams.has("state") && (url.searchParams.has("code") || url.searchParams.has("error"));
  const content = isAnswer ? contentOf(url.searchParams.get("state")) : undefined;
  const launch = isAnswer ? (content?.launch ?? {}) : launchOf(url);
  speak(launch.language);
  if (content?.popup) {
    if (!relay()) say(text("elsewhere"), "problem");
    return;
  }
  say(text("starting"), "busy");
  // Before anything else: the desktop's first message comes as soon as the page has loaded.
  const desktopOrigin = window.parent !== window && !launch.host ? launch.desktopOrigin : undefined;
  const hooks = { onFocus: refresh, onStop: () => end.abort() };
  const desktop = desktopOrigin ? joinDesktop(desktopOrigin, hooks) : undefined;

  const config = await configuration();
  const environment = environmentOf(config, launch.environment);
  if (desktopOrigin) checkDesktop(environment, desktopOrigin);
  const onInit = (/** @type {{ conversationId: string, language?: string }} */ order) => {
    if (order.language) speak(order.language);
    launch.conversationId = order.conversationId;
    element.conversationId = order.conversationId;
    if (element.client) say("");
  };
  const host = launch.host ? joinHost(launch.host, config.hosts, { onInit, onRefresh: refresh }) : undefined;
  report(desktop, host);

  const store = storage();
  const signIn = new SignIn(environment, store);
  // Without storage the redirect would lose the verifier; and few logins may be framed by another desktop.
  const popup = launch.popup === "true" || !store || (host !== undefined && launch.popup !== "false");
  let problem;
  if (isAnswer) {
    history.replaceState(undefined, "", addressOf(url, launch));
    await signIn.complete(url).catch((error) => {
      problem = error;
    });
  }
  host?.tell("ready");
  if (!signIn.isSignedIn) {
    host?.tell("sign-in-required");
    await askToSignIn(signIn, launch, { popup, problem });
  }
  if (end.signal.aborted) return;

  const client = new ConversationClient({
    accessToken: signIn.accessToken,
    baseUrl: environment.apiUrl,
    api: config.api ?? "calls",
  });
  element.where = config.where;
  element.confirmMode = config.confirmMode ?? "always";
  element.conversationId = launch.conversationId ?? "";

  let session = new AbortController();
  function begin() {
    say(launch.conversationId ? "" : text("noConversation"));
    host?.tell("signed-in");
    session = new AbortController();
    listen(environment, signIn, client, session.signal);
  }
  let isAsking = false;
  signIn.onRequired = async () => {
    if (isAsking || end.signal.aborted) return;
    isAsking = true;
    session.abort();
    host?.tell("sign-in-required");
    await askToSignIn(signIn, launch, { popup, isAgain: true });
    isAsking = false;
    if (end.signal.aborted) return;
    refresh();
    begin();
  };
  end.signal.addEventListener("abort", () => {
    session.abort();
    client.close();
    element.remove();
  });
  element.client = client;
  begin();
}

start().catch((error) => say(reasonOf(error), "problem"));
