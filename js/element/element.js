// @ts-check
// `<remove-caller>`: the participants of a conversation, with a button for each that removes it.

import { ConversationClient } from "../index.js";
import { filled, languages } from "./messages.js";
import { style } from "./style.js";
import { inTurn, listen } from "./turns.js";

/** @typedef {import("../index.cjs").ConversationParticipant} Participant */
/** @typedef {import("../index.cjs").DisconnectEvent} DisconnectEvent */
/** @typedef {{ key: string, of?: Participant, values?: any }} Status */

/** How often the participants are read while no event reports a change, in milliseconds. */
const POLL_MS = 5_000;
/** The longest pause after reads that failed, in milliseconds. */
const MAX_POLL_MS = 60_000;
/** The longest timer, in milliseconds: longer ones fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Events come in bursts: one read for all, this long after the first, in milliseconds. */
const BURST_MS = 100;
/** Reads may lag: one more read, this long after the last event or a missing participant, in milliseconds. */
const SETTLE_MS = 1_500;

/** Keys of status texts about the list as a whole; the others are about a removal, and stay longer. */
const OF_THE_LIST = ["", "loading", "empty", "unreadable", "ended"];
/** Keys of status texts about a removal under way. */
const UNDER_WAY = [
  "removing",
  "elsewhere",
  "settling",
  "settlingConnected",
  "settlingUnlisted",
  "backoff",
  "paused",
  "accepted",
];

const CUSTOMERS = ["customer", "external"];

// So that the module can be imported on a server, which has no elements.
const Base = globalThis.HTMLElement ?? class {};

/** @param {string} tag @param {string} part @param {Record<string, string>} [attributes] */
function create(tag, part, attributes = {}) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries({ part, ...attributes })) element.setAttribute(name, value);
  return element;
}

/** Only a changed text is set: a live region is read at each change. @param {Element} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} element @param {string} name @param {string | boolean | undefined} value */
function setAttribute(element, name, value) {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

let rows = 0;

/** One participant as it is shown. */
class Row {
  /** @type {"idle" | "asking" | "removing"} */
  phase = "idle";
  // The progress of the removal under way.
  isListed = true;
  isWriting = false;
  hasWritten = false;
  isAccepted = false;
  /** Since when reads do not list it: it has left, or the reads lag. @type {number | undefined} */
  missingSince;
  /** It is shown as gone because it was missing; no response said so. */
  isInferred = false;
  item = create("li", "participant");
  // `auto`, because a number is read from left to right in any language.
  name = create("span", "name", { dir: "auto" });
  purpose = create("span", "purpose");
  state = create("span", "state", { id: `state-${++rows}` });
  button = create("button", "button", { type: "button", "aria-describedby": this.state.id });
  question = create("div", "question", { role: "group" });
  asked = create("span", "asked", { dir: "auto", "aria-hidden": "true" });
  confirm = create("button", "confirm", { type: "button" });
  cancel = create("button", "cancel", { type: "button" });

  /** @param {Participant} participant */
  constructor(participant) {
    this.participant = participant;
    this.question.append(this.asked, this.confirm, this.cancel);
    const who = create("span", "who");
    who.append(this.name, this.purpose);
    this.item.append(who, this.state, this.button);
  }

  /** Shows a state that the removal has read; the next list gives its exact kind. @param {string} state */
  showState(state) {
    /** @type {Participant["kind"]} */
    const kind = state.toLowerCase() === "connected" ? "connected" : "unsettled";
    if (state !== this.participant.state) this.participant = { ...this.participant, state, kind };
  }

  /** Whether a removal makes sense now. */
  get isRemovable() {
    return this.phase !== "removing" && this.participant.kind === "connected";
  }
}

/**
 * The participants of a conversation with their live state, and a button for each that removes it, by the rule of
 * `disconnectIfConnected`. It asks in place before it removes, and reports progress, outcome and refusal as text.
 *
 * @tagname remove-caller
 *
 * @attr {string} conversation-id - The conversation's id.
 * @attr {"always" | "last" | "never"} confirm-mode - When it asks before it removes: always, for the last connected
 * customer only, or never.
 * @attr {number} poll-ms - How often the participants are read, in milliseconds; 0: only after something has happened.
 * @attr {string} lang - The language; default: that of the nearest element that has one.
 *
 * @fires remove-caller-before - Before a removal begins, cancelable. `detail` is `{ participant }`.
 * @fires remove-caller-outcome - After a removal. `detail` is `{ participant, result, message }`.
 * @fires remove-caller-error - After a removal without an outcome: `detail` is `{ participant, error, message }`. After
 * a read of the participants that failed: `{ error }`.
 *
 * @csspart list - The list of participants.
 * @csspart participant - One participant.
 * @csspart who - Its name and its purpose.
 * @csspart name - Its name, its number or its purpose.
 * @csspart purpose - What it is in the conversation, where it has a name.
 * @csspart state - Its state in words.
 * @csspart button - The button that removes it, or asks before.
 * @csspart question - The question in place, with its two buttons.
 * @csspart asked - The question's words.
 * @csspart confirm - The button that removes after the question.
 * @csspart cancel - The button that closes the question.
 * @csspart status - The live region: progress, outcome, refusal.
 *
 * @cssprop --remove-caller-gap - The space between things; default 0.5em.
 * @cssprop --remove-caller-radius - The radius of corners; default 0.5em.
 * @cssprop --remove-caller-danger - The colour of what removes; default a red.
 * @cssprop --remove-caller-on-danger - The colour of text on it; default white, or black in the dark.
 * @cssprop --remove-caller-good - The colour of a connected state; default a green.
 * @cssprop --remove-caller-soft - The colour of what is less important; default the text's, lighter.
 * @cssprop --remove-caller-line - The colour of lines; default the text's, much lighter.
 * @cssprop --remove-caller-focus - The colour of the focus ring; default the text's.
 */
export class RemoveCallerElement extends Base {
  static observedAttributes = ["conversation-id", "confirm-mode", "poll-ms", "lang"];

  /** The texts of each language. A language that you add is available in all elements. */
  static languages = languages;

  #root = this.attachShadow({ mode: "open" });
  #list = create("ul", "list", { role: "list", tabindex: "-1" });
  // In the page from the start, so that screen readers announce what changes in it.
  #status = create("p", "status", { role: "status", dir: "auto", "aria-live": "polite", "aria-atomic": "true" });
  /** @type {Map<string, Row>} */
  #rows = new Map();
  /** The status: a text's key, the participant as it was then, and more values. @type {Status} */
  #current = { key: "" };
  /** The status of another participant's removal, kept while a removal is under way. @type {Status} */
  #previous = { key: "" };
  /** The text of `#current`. */
  #currentText = "";

  /** @type {ConversationClient | undefined} */
  #client;
  /** @type {any} */
  #options;
  /** The client that the element made of the options. @type {ConversationClient | undefined} */
  #own;
  /** @type {any} */
  #where;
  /** @type {Record<string, string> | undefined} */
  #messages;

  /** Ends the reads, calls and listeners of one conversation and client. */
  #session = new AbortController();
  #isRunning = false;
  /** @type {Promise<void> | undefined} */
  #reading;
  /** Whether to read once more after the read under way. */
  #isStale = false;
  /** Reads that failed in a row. */
  #failures = 0;
  /** The next poll. @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** The read after the first event of a burst. @type {ReturnType<typeof setTimeout> | undefined} */
  #burst;
  /** The read after the last event. @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;

  constructor() {
    super();
    this.#root.append(this.#list, this.#status);
    this.#root.addEventListener("click", (event) => this.#onClick(/** @type {MouseEvent} */ (event)));
    // On the element itself too, which may have the focus.
    for (const target of [this.#root, this])
      target.addEventListener("keydown", (event) => this.#onKeydown(/** @type {KeyboardEvent} */ (event)));
  }

  // ---- Properties ----

  /** The conversation's id. @type {string} */
  get conversationId() {
    return this.getAttribute("conversation-id") ?? "";
  }
  set conversationId(id) {
    setAttribute(this, "conversation-id", id || undefined);
  }

  /**
   * When it asks before it removes: always, for the last connected customer only, or never.
   * @type {"always" | "last" | "never"}
   */
  get confirmMode() {
    const mode = this.getAttribute("confirm-mode");
    return mode === "last" || mode === "never" ? mode : "always";
  }
  set confirmMode(mode) {
    setAttribute(this, "confirm-mode", mode || undefined);
  }

  /** How often the participants are read, in milliseconds; 0: only after something has happened. @type {number} */
  get pollMs() {
    const ms = Number(this.getAttribute("poll-ms") ?? POLL_MS);
    return ms >= 0 ? Math.min(ms, MAX_TIMER_MS) : POLL_MS;
  }
  set pollMs(ms) {
    setAttribute(this, "poll-ms", ms === undefined || ms === null ? undefined : String(ms));
  }

  /** A client, which you close. It takes precedence over `options`. @type {ConversationClient | undefined} */
  get client() {
    return this.#client;
  }
  set client(client) {
    if (client === this.#client) return;
    this.#client = client;
    this.#restart();
  }

  /** The options of the element's own `ConversationClient`. @type {any} */
  get options() {
    return this.#options;
  }
  set options(options) {
    const isSame = isAlike(options, this.#options);
    this.#options = options;
    if (isSame) return;
    if (!this.#client) this.#restart();
  }

  /** Which participants to show, as in `disconnectAll`; default: people, not listening legs. @type {any} */
  get where() {
    return this.#where;
  }
  set where(where) {
    const isSame = isAlike(where, this.#where);
    this.#where = where ?? undefined;
    if (!isSame) this.#restart();
  }

  /** Texts that replace the built-in ones; `languages` has their keys. @type {Record<string, string> | undefined} */
  get messages() {
    return this.#messages;
  }
  set messages(messages) {
    this.#messages = messages ?? undefined;
    this.#show();
  }

  // ---- Life cycle ----

  connectedCallback() {
    // A property that was set before the element was defined is an own one, which hides the accessor.
    const names = ["conversationId", "confirmMode", "pollMs", "client", "options", "where", "messages"];
    for (const name of names.filter((name) => Object.hasOwn(this, name))) {
      const value = Reflect.get(this, name);
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
    const sheet = style(this.ownerDocument);
    if (sheet) this.#root.adoptedStyleSheets = [sheet];
    if (this.#isRunning) this.#show();
    else this.#restart();
  }

  disconnectedCallback() {
    // Not at once: frameworks move elements within the document.
    queueMicrotask(() => !this.isConnected && this.#stop("The element was removed from the document."));
  }

  connectedMoveCallback() {
    this.#show();
  }

  /** @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    if (before === now) return;
    if (name === "conversation-id") this.#restart();
    else if (name === "poll-ms") this.#schedule();
    else this.#show();
  }

  #restart() {
    this.#stop("The element shows another conversation, or uses another client.");
    this.#rows.clear();
    this.#setStatus("");
    if (!this.isConnected || !this.conversationId || !(this.#client || this.#options)) return;
    this.#isRunning = true;
    this.#session = new AbortController();
    const { signal } = this.#session;
    signal.addEventListener(
      "abort",
      listen(({ key, result }) => this.#endedElsewhere(key, result)),
    );
    try {
      const unsubscribe = this.#clientInUse().subscribe?.((id) => id === this.conversationId && this.#refreshSoon());
      signal.addEventListener("abort", () => unsubscribe?.());
    } catch {
      // There is no client; the read will report why.
    }
    const onVisibility = () => (document.hidden ? this.#schedule() : this.refresh());
    document.addEventListener("visibilitychange", onVisibility);
    signal.addEventListener("abort", () => document.removeEventListener("visibilitychange", onVisibility));
    // In a microtask: several properties may be set one after the other.
    queueMicrotask(() => signal.aborted || this.#reading || this.refresh());
    // In a later task: screen readers announce only what changes after the live region was added.
    setTimeout(() => !signal.aborted && this.#reading && this.#current.key === "" && this.#setStatus("loading"));
  }

  /** @param {string} why */
  #stop(why) {
    this.#isRunning = false;
    this.#session.abort(new DOMException(why, "AbortError"));
    clearTimeout(this.#timer);
    clearTimeout(this.#burst);
    clearTimeout(this.#settling);
    this.#burst = undefined;
    this.#reading = undefined;
    this.#failures = 0;
    this.#own?.close();
    this.#own = undefined;
  }

  /** The application's client, or the element's own. */
  #clientInUse() {
    this.#own ??= this.#client ? undefined : new ConversationClient(this.#optionsOfOwn());
    return /** @type {ConversationClient} */ (this.#client ?? this.#own);
  }

  /** Each function calls the latest one of `options`: frameworks make new ones at each render. */
  #optionsOfOwn() {
    const latest =
      (/** @type {string} */ name) =>
      (/** @type {any[]} */ ...args) => {
        const call = this.#options[name];
        return call(...args);
      };
    const entries = Object.entries(this.#options);
    return Object.fromEntries(
      entries.map(([name, value]) => [name, typeof value === "function" ? latest(name) : value]),
    );
  }

  // ---- The list of participants ----

  /** Reads the participants again; settles when they are shown. It does not reject: a failure is shown. */
  refresh() {
    if (!this.#isRunning) return Promise.resolve();
    clearTimeout(this.#burst);
    this.#burst = undefined;
    if (this.#reading) this.#isStale = true;
    else {
      const reading = this.#read(this.#session.signal).finally(() => {
        if (this.#reading === reading) this.#reading = undefined;
      });
      this.#reading = reading;
    }
    return this.#reading;
  }

  /** @param {AbortSignal} signal */
  async #read(signal) {
    clearTimeout(this.#timer);
    const { conversationId } = this;
    do {
      this.#isStale = false;
      try {
        const where = this.#where ?? "people";
        const participants = await this.#clientInUse().participants(conversationId, { where, signal });
        if (signal.aborted) return;
        this.#failures = 0;
        this.#apply(participants);
      } catch (error) {
        if (signal.aborted) return;
        this.#readFailed(error);
      }
    } while (this.#isStale);
    this.#schedule();
  }

  /** @param {Participant[]} participants */
  #apply(participants) {
    const listed = new Set(participants.map(({ id }) => id));
    for (const participant of participants) {
      const row = this.#rows.get(participant.id);
      // A leg that was gone before the first read is not shown; a gone leg never comes back under its id.
      if (!row && participant.kind !== "gone") this.#rows.set(participant.id, new Row(participant));
      else if (row && (row.participant.kind !== "gone" || row.isInferred)) {
        row.isInferred = false;
        this.#update(row, participant);
      }
    }
    for (const [id, row] of this.#rows) {
      const isMissing = !listed.has(id) && row.participant.kind !== "gone" && row.phase !== "removing";
      row.missingSince = isMissing ? (row.missingSince ?? performance.now()) : undefined;
      if (row.missingSince === undefined) continue;
      // Either the platform has dropped a leg that left, or a lagging read does not list a new one yet.
      if (performance.now() - row.missingSince >= SETTLE_MS) this.#inferGone(row);
      else this.#readOnceMore();
    }
    if (OF_THE_LIST.includes(this.#current.key)) this.#current = { key: this.#rows.size === 0 ? "empty" : "" };
    this.#show();
  }

  /** Shows a missing participant as gone. @param {Row} row */
  #inferGone(row) {
    row.isInferred ||= row.participant.kind !== "gone";
    this.#update(row, { ...row.participant, state: "disconnected", kind: "gone" });
  }

  /** An event has reported a change. */
  #refreshSoon() {
    // While reads fail, the backoff of the polling decides.
    if (this.#failures > 0 && this.pollMs > 0) return;
    this.#burst ??= setTimeout(() => this.refresh(), BURST_MS);
    this.#readOnceMore();
  }

  #readOnceMore() {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.refresh(), SETTLE_MS);
  }

  /** @param {Row} row @param {Participant} participant */
  #update(row, participant) {
    row.participant = participant;
    if (participant.kind !== "gone") return;
    const { key, of } = this.#current;
    if (key === "unconfirmed" && of?.id === participant.id) this.#current = { key: "disconnected", of: participant };
    if (row.phase !== "asking") return;
    row.phase = "idle";
    this.#current = { key: "already-disconnected", of: participant };
  }

  /** A read has failed. @param {any} error */
  #readFailed(error) {
    const isFirst = this.#failures++ === 0;
    const rows = [...this.#rows.values()];
    const isOver = error?.code === "CONVERSATION_NOT_FOUND" && rows.length > 0;
    for (const row of isOver ? rows : []) this.#inferGone(row);
    // At the first failure, the status of a removal is more useful than that of the list.
    const isBusy = rows.some(({ phase }) => phase === "removing");
    const isNext = OF_THE_LIST.includes(this.#current.key) || this.#failures > 1;
    if (!isBusy && isNext) this.#setStatus(isOver ? "ended" : "unreadable", undefined, { error });
    else this.#show();
    if (isFirst && !isOver) this.#emit("error", { error });
  }

  /** Schedules the next poll. */
  #schedule() {
    clearTimeout(this.#timer);
    const { pollMs } = this;
    if (!this.#isRunning || pollMs === 0 || document.hidden) return;
    const pause = Math.max(pollMs, Math.min(pollMs * 2 ** this.#failures, MAX_POLL_MS));
    const isRemoving = () => [...this.#rows.values()].some(({ phase }) => phase === "removing");
    // A removal does its own reads.
    this.#timer = setTimeout(() => (isRemoving() ? this.#schedule() : this.refresh()), pause);
  }

  // ---- Removal ----

  /** @param {MouseEvent} event */
  #onClick({ target, detail }) {
    const button = /** @type {Element} */ (target).closest("button");
    const row = [...this.#rows.values()].find(({ item }) => item.contains(button));
    // The second click of a double click may hit a button that the first one moved there.
    if (!row || !this.#isRunning || detail > 1) return;
    if (button === row.confirm) this.#remove(row);
    else if (button === row.cancel) this.#closeQuestion(row);
    else if (row.isRemovable) {
      if (row.phase === "asking" || this.#needsQuestion(row.participant)) this.#ask(row);
      else this.#remove(row);
    }
  }

  /** @param {KeyboardEvent} event */
  #onKeydown(event) {
    const row = [...this.#rows.values()].find(({ phase }) => phase === "asking");
    // A key that is held down must not answer the question that it has opened.
    if (event.repeat && ["Enter", " "].includes(event.key)) event.preventDefault();
    if (!row || event.key !== "Escape") return;
    // Escape must not close a dialog around the element as well.
    event.preventDefault();
    event.stopPropagation();
    this.#closeQuestion(row);
  }

  /** Whether `confirmMode` requires the question. @param {Participant} participant */
  #needsQuestion({ purpose = "" }) {
    if (this.confirmMode !== "last") return this.confirmMode === "always";
    const isCustomer = (/** @type {string} */ one) => CUSTOMERS.includes(one.toLowerCase());
    const removable = [...this.#rows.values()].filter((row) => row.isRemovable);
    return isCustomer(purpose) && removable.filter((row) => isCustomer(row.participant.purpose ?? "")).length <= 1;
  }

  /** Opens the question. @param {Row} row */
  #ask(row) {
    for (const other of this.#rows.values()) if (other.phase === "asking") other.phase = "idle";
    row.phase = "asking";
    this.#show();
    row.confirm.focus();
  }

  /** Closes the question. @param {Row} row */
  #closeQuestion(row) {
    row.phase = "idle";
    row.button.focus();
    this.#show();
  }

  /** @param {Row} row */
  async #remove(row) {
    const { participant } = row;
    const { signal } = this.#session;
    const { conversationId } = this;
    if (row.phase === "asking") this.#closeQuestion(row);
    // A listener may have set another conversation.
    if (!this.#emit("before", { participant }, true) || signal.aborted) return;
    Object.assign(row, { phase: "removing", isListed: true, isWriting: false, isAccepted: false, hasWritten: false });
    this.#setStatus("removing", row);
    const onEvent = (/** @type {DisconnectEvent} */ event) => {
      if (!signal.aborted) this.#progress(row, event);
      if (!this.#client) this.#options?.onEvent?.(event);
    };
    // With priority over reads that only keep a list up to date, because an agent waits.
    const how = { confirm: true, priority: true };
    const removal = { conversationId, participantId: participant.id, ...how, signal, onEvent };
    const onWait = () => signal.aborted || this.#setStatus("elsewhere", row);
    const turn = { signal, onWait, hasWritten: () => row.hasWritten };
    try {
      const result = await inTurn(`${conversationId} ${participant.id}`, turn, () =>
        this.#clientInUse().disconnectIfConnected(removal),
      );
      row.phase = "idle";
      if (!signal.aborted) this.#conclude(row, result);
      this.#emit("outcome", { participant, result, message: signal.aborted ? "" : this.#currentText });
    } catch (error) {
      row.phase = "idle";
      if (!signal.aborted) this.#setStatus("error", row, { error });
      this.#emit("error", { participant, error, message: signal.aborted ? "" : this.#currentText });
    }
    if (!signal.aborted) this.refresh();
  }

  /** Shows what a removal is doing. @param {Row} row @param {DisconnectEvent} event */
  #progress(row, event) {
    if (event.type === "state") {
      row.isListed = event.state !== undefined;
      row.showState(event.state ?? row.participant.state ?? "none");
    }
    if (event.type === "response" && row.isWriting && (event.status ?? 500) < 300) row.isAccepted = true;
    if (event.type === "request") row.isWriting = event.method !== "GET";
    row.hasWritten ||= row.isWriting;
    if (event.type === "wait") this.#setStatus(this.#keyOfWait(row, event), row, event);
    else this.#show();
  }

  /** The key of the text for a wait. @param {Row} row @param {any} event */
  #keyOfWait({ participant, isAccepted, isListed }, { reason }) {
    if (reason === "backoff") return "backoff";
    if (reason !== "settling") return "paused";
    if (isAccepted) return "accepted";
    if (!isListed) return "settlingUnlisted";
    return participant.state?.toLowerCase() === "connected" ? "settlingConnected" : "settling";
  }

  /** Shows the outcome of a removal. @param {Row} row @param {any} result */
  #conclude(row, { outcome, acknowledged, confirmed, state }) {
    const isGone = outcome !== "not-connected" && confirmed;
    if (isGone) row.participant = { ...row.participant, state: "disconnected", kind: "gone" };
    else if (state !== undefined) row.showState(state);
    if (outcome === "disconnected" && !confirmed) this.#setStatus("unconfirmed", row);
    else this.#setStatus(outcome === "disconnected" && !acknowledged ? "unacknowledged" : outcome, row);
  }

  /** A removal by another element has ended. @param {string} key @param {any} result */
  #endedElsewhere(key, result) {
    const row = [...this.#rows.values()].find((one) => `${this.conversationId} ${one.participant.id}` === key);
    const isEnd = ["disconnected", "already-disconnected"].includes(result.outcome);
    if (!row || !isEnd || row.phase === "removing" || row.participant.kind === "gone") return;
    row.phase = "idle";
    this.#conclude(row, result);
  }

  // ---- Events, status and display ----

  /** @param {string} name @param {object} detail @param {boolean} [cancelable] */
  #emit(name, detail, cancelable = false) {
    return this.dispatchEvent(
      new CustomEvent(`remove-caller-${name}`, { bubbles: true, composed: true, cancelable, detail }),
    );
  }

  /** Sets the status. @param {string} key @param {Row} [row] @param {any} [values] */
  #setStatus(key, row, values) {
    const isOther = row?.participant.id !== this.#current.of?.id;
    const isEnd = !UNDER_WAY.includes(this.#current.key) && !OF_THE_LIST.includes(this.#current.key);
    if (!UNDER_WAY.includes(key)) this.#previous = { key: "" };
    else if (isOther) this.#previous = isEnd ? this.#current : { key: "" };
    this.#current = { key, of: row?.participant, values };
    this.#show();
  }

  /** The texts of the language, overridden by those of the application. @returns {Record<string, string>} */
  #texts() {
    /** @type {Element | null} */
    let element = this;
    while (element && !element.getAttribute("lang")) {
      /** @type {any} */
      const root = element.getRootNode();
      element = element.parentElement?.closest("[lang]") ?? root.host ?? null;
    }
    const tag = (element?.getAttribute("lang") ?? "en").toLowerCase();
    const named = (/** @type {string} */ tag) => Object.keys(languages).find((one) => one.toLowerCase() === tag);
    const language = named(tag) ?? named(tag.split("-")[0]) ?? "en";
    const own = Object.entries(this.#messages ?? {}).filter(([, text]) => typeof text === "string");
    return { lang: language, ...languages.en, ...languages[language], ...Object.fromEntries(own) };
  }

  /** Brings the page in line with the state; it touches only what changes. */
  #show() {
    const texts = this.#texts();
    const isRightToLeft = this.isConnected && getComputedStyle(this).direction === "rtl";
    const text = (/** @type {string} */ key, values = {}) => filled(textOf(texts, key) ?? key, values, isRightToLeft);
    const stateOf = (/** @type {Participant} */ { state }) =>
      textOf(texts, `state.${(state || "none").toLowerCase()}`) ?? state ?? "";
    const nameOf = (/** @type {Participant} */ participant) => nameAmong(participant, texts);

    setAttribute(this.#list, "aria-label", texts.participants);
    for (const region of [this.#list, this.#status]) setAttribute(region, "lang", texts.lang);
    const focused = this.#root.activeElement;
    for (const row of this.#rows.values()) {
      const { participant, phase, item, button, question, confirm } = row;
      const name = nameOf(participant);
      const purpose = purposeOf(participant, texts);
      setText(row.name, name);
      setText(row.purpose, purpose === name ? "" : purpose);
      setText(row.state, stateOf(participant));
      setText(button, texts.remove);
      setText(row.asked, text("question", { name }));
      setText(confirm, texts.remove);
      setText(row.cancel, texts.cancel);
      setAttribute(item, "data-kind", participant.kind);
      setAttribute(item, "data-phase", phase);
      setAttribute(button, "aria-label", text("removeName", { name }));
      setAttribute(button, "aria-disabled", row.isRemovable ? undefined : true);
      setAttribute(button, "aria-busy", phase === "removing" ? true : undefined);
      setAttribute(button, "aria-expanded", this.confirmMode === "never" ? undefined : phase === "asking");
      setAttribute(question, "aria-label", text("question", { name }));
      setAttribute(confirm, "aria-label", text("removeName", { name }));
      if (phase !== "asking") question.remove();
      else if (question.parentNode !== item) item.append(question);
    }
    // Rows that stay are not moved: they may have the focus.
    const items = new Set([...this.#rows.values()].map(({ item }) => item));
    for (const item of [...this.#list.children]) if (!items.has(/** @type {any} */ (item))) item.remove();
    for (const item of items) if (item.parentNode !== this.#list) this.#list.append(item);
    // The element that had the focus was removed.
    if (focused && !this.#root.activeElement) this.#list.focus();

    const sentences = [this.#previous, this.#current].map(({ key, of, values }) => {
      const all = of ? { name: nameOf(of), state: stateOf(of), ...values } : values;
      return key && this.#sentence(key, all, text);
    });
    this.#currentText = sentences[1];
    setText(this.#status, sentences.filter(Boolean).join(" "));
    setAttribute(this.#status, "data-key", this.#current.key);
  }

  /** The status as text. @param {string} key @param {any} values @param {(key: string, values?: any) => string} text */
  #sentence(key, { error, ms, ...values } = {}, text) {
    const all = { ...values, seconds: String(Math.max(1, Math.ceil((ms ?? error?.retryAfterMs ?? 0) / 1_000))) };
    if (key !== "error" && key !== "unreadable") return text(key, all);
    const code = String(typeof error?.code === "string" ? error.code : error?.name);
    const reason = text(textOf(this.#texts(), code) ? code : "failed", { ...all, code });
    if (key === "unreadable") return text(key, { reason });
    return error?.mayHaveDisconnected ? `${reason} ${text("mayHaveLeft", all)}` : reason;
  }
}

/** Whether two values are plain data and equal. @param {any} one @param {any} other */
function isSameData(one, other) {
  const isPlain = [one, other].every(
    (value) => Array.isArray(value) || (value && Object.getPrototypeOf(value) === Object.prototype),
  );
  try {
    return isPlain && JSON.stringify(one) === JSON.stringify(other);
  } catch {
    return false;
  }
}

/**
 * Whether two objects have the same members. Two functions count as the same: frameworks make new ones at each render.
 * @param {any} one
 * @param {any} other
 */
function isAlike(one, other) {
  const isSame = (/** @type {any} */ a, /** @type {any} */ b) =>
    a === b || (typeof a === "function" && typeof b === "function") || isSameData(a, b);
  const names = Object.keys({ ...one, ...other });
  return Boolean(one) === Boolean(other) && names.every((name) => isSame(one[name], other[name]));
}

/**
 * How a participant is called: by its name, its number or its purpose.
 * @param {Participant} participant
 * @param {Record<string, string>} texts
 */
function nameAmong({ name, address, purpose }, texts) {
  const own = name?.trim();
  if (own && own.toLowerCase() !== purpose?.toLowerCase()) return own;
  const number = address?.replace(/^(tel|sips?):/i, "").split(/[;@]/)[0];
  return number || purposeOf({ purpose }, texts) || texts.unnamed;
}

/** The purpose in words. @param {{ purpose?: string }} participant @param {Record<string, string>} texts */
const purposeOf = ({ purpose = "" }, texts) => textOf(texts, `purpose.${purpose.toLowerCase()}`) ?? purpose;

/**
 * An own member: the platform may use any word as a key, for example "constructor".
 * @template T
 * @param {Record<string, T>} texts
 * @param {string} key
 * @returns {T | undefined}
 */
const textOf = (texts, key) => (Object.hasOwn(texts, key) ? texts[key] : undefined);
