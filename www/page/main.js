// The page: its settings, the comparison of the contenders, the element, and a thousand random races.
import { codeOf, codeOfElement } from "./code.js";
import { codeOfContender, contenders } from "./contenders.js";
import { restart } from "./element.js";
import { drawLanes, legend } from "./lanes.js";
import { drawSequence, listOf } from "./sequence.js";
import { FIELDS, fromFragment, settingsOf, toFragment } from "./settings.js";
import { html } from "./svg.js";
import { CALLER, isGone, stories } from "./world.js";

const RACES = 1_000;

const find = (id) => document.getElementById(id);
const form = find("controls");
// Trusted Types: the page creates one script URL, that of its worker.
const policy = globalThis.trustedTypes?.createPolicy("page", { createScriptURL: (url) => url });
const script = new URL("./worker.js", import.meta.url).href;
const startWorker = () => new Worker(policy?.createScriptURL(script) ?? script, { type: "module" });

let setting = fromFragment(location.hash, stories);
/** The worker's comparison for the settings. */
let comparison;

// ---- The settings and their link ----

for (const [id, { title }] of Object.entries(stories)) form.elements.story.append(new Option(title, id));
for (const [name, { min, max, step }] of Object.entries(FIELDS)) {
  if (max !== undefined) Object.assign(form.elements[name], { min, max, step });
}

/** Writes the settings into the form, except into a number field that the user is editing. */
function fillForm() {
  for (const [name, value] of Object.entries(setting)) {
    const field = form.elements[name];
    if (typeof value === "boolean") field.checked = value;
    else if (field !== document.activeElement || field.type !== "number") field.value = value;
    const output = form.querySelector(`output[for=${name}]`);
    if (!output) continue;
    output.value = `${value} ms`;
    field.setAttribute("aria-valuetext", `${value} milliseconds`);
  }
  form.elements.transitionMs.disabled = !stories[setting.story].changes;
}

function readForm() {
  const fields = Object.keys(FIELDS).map((name) => [name, form.elements[name]]);
  const texts = fields.map(([name, field]) => [name, field.type === "checkbox" ? String(field.checked) : field.value]);
  change(settingsOf(Object.fromEntries(texts), stories));
}

function change(settings) {
  setting = settings;
  const fragment = toFragment(setting);
  history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
  update();
}

form.addEventListener("input", readForm);
form.addEventListener("focusout", fillForm);
form.addEventListener("submit", (event) => event.preventDefault());
find("reset").addEventListener("click", () => change(fromFragment("", stories)));
addEventListener("hashchange", () => {
  setting = fromFragment(location.hash, stories);
  update();
});

const labels = new WeakMap();
/** Copies a text; where the clipboard is not allowed, selects it in the element `shown`. */
async function copy(button, text, shown) {
  const { label, timer } = labels.get(button) ?? { label: button.textContent };
  clearTimeout(timer);
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    if (shown) getSelection().selectAllChildren(shown);
    button.textContent = shown ? "Selected: press Ctrl+C" : "Copy the address of this page";
  }
  const back = () => {
    button.textContent = label;
    labels.delete(button);
  };
  labels.set(button, { label, timer: setTimeout(back, 2_000) });
}

find("copy-link").addEventListener("click", ({ target }) => copy(target, location.href));
for (const name of ["code", "element-code"]) {
  find(`copy-${name}`).addEventListener("click", ({ target }) => copy(target, find(name).textContent, find(name)));
}

// ---- The comparison ----

const REPORTS = {
  "not active": "not active, nothing sent.",
  "already-disconnected": "already disconnected.",
  "not-connected": "not connected, nothing changed.",
};

/** A contender's report and the truth as text, with its kind for the colour. */
function verdictOf({ report, acknowledged, confirmed, mayHaveDisconnected, wrong, accepted, atEnd, last }) {
  const hasLeft = last === undefined || isGone(last);
  const isOutcome = ["removed", "disconnected", "already-disconnected"].includes(report);
  let truth = `Grace stays ${last === "connected" ? "on the call" : last}.`;
  if (accepted) truth = "Grace was removed.";
  else if (last === undefined) truth = "Grace is not on this call.";
  else if (hasLeft) truth = isGone(atEnd) ? "Grace has left by herself." : "Grace leaves by herself later.";
  let reported = REPORTS[report] ?? `${report}.`;
  if (mayHaveDisconnected) reported = `${report}, and that Grace may have been removed.`;
  if (report === "disconnected" && acknowledged === false)
    reported = "disconnected; the platform did not confirm that this call did it.";
  else if (report === "disconnected" && setting.confirm && !confirmed)
    reported = "disconnected, but not seen gone yet.";
  let kind = "warn";
  if (wrong || (last === "connected" && !accepted)) kind = "bad";
  else if (isOutcome) kind = "good";
  return { text: `It reports: ${reported} ${truth}`, kind };
}

/** The card of a contender. It is created once, so that an open part and the focus stay. */
function cardOf({ id, title, code }) {
  const cost = html("p", { className: "cost" });
  const verdict = html("p", { className: "verdict" });
  const wrong = html("p", { className: "verdict bad" });
  const chart = html("div", { className: "chart" });
  const source = html("pre");
  const card = html("article", {}, html("header", {}, html("h3", {}, title), cost), verdict, wrong, chart);
  if (code) card.append(html("details", {}, html("summary", {}, `Code of ${title}`), source));
  card.dataset.contender = id;
  find("contenders").append(card);
  return { card, cost, verdict, wrong, chart, source };
}
const cards = new Map(contenders.map((contender) => [contender.id, cardOf(contender)]));

function drawContender(contender, { from, until }, run) {
  const { card, cost, verdict, wrong, chart, source } = cards.get(contender.id);
  const { text, kind } = verdictOf(run);
  card.className = `contender ${kind}`;
  card.dataset.report = run.report;
  const count = run.requests.length;
  cost.textContent = `${count} ${count === 1 ? "request" : "requests"}, ${run.endedAt.toFixed(0)} ms`;
  const mark = html("span", { textContent: { good: "✓", warn: "–", bad: "✗" }[kind] });
  mark.setAttribute("aria-hidden", "true");
  verdict.className = `verdict ${kind}`;
  verdict.replaceChildren(mark, ` ${text}`);
  wrong.textContent = run.wrong ?? "";
  wrong.hidden = !run.wrong;
  if (contender.code) source.textContent = codeOfContender(contender, setting.api);
  const lanes = [
    { label: "true", segments: run.truth },
    { label: "reads show", segments: run.shown },
  ];
  const title = `${contender.title}: the state of Grace and the requests`;
  const width = widthOf(chart);
  chart.replaceChildren(drawLanes(lanes, { from, until, width, requests: run.requests, title }));
  return kind;
}

const widthOf = (element) => Math.max(240, Math.floor(element.clientWidth));

function draw() {
  if (!comparison) return;
  const { from, until, conversation, runs } = comparison;
  const kinds = runs.map((run, index) => drawContender(contenders[index], comparison, run));
  const people = find("conversation");
  const lanes = conversation.flatMap(({ name, truth, shown }) => [
    { label: name, segments: truth },
    { label: "… as read", segments: shown },
  ]);
  people.replaceChildren(drawLanes(lanes, { from, until, width: widthOf(people), title: "All participants" }));
  const index = contenders.findIndex(({ id }) => id === "ours");
  const { timeline, message } = runs[index];
  const sequence = find("sequence");
  sequence.replaceChildren(drawSequence(timeline, widthOf(sequence), kinds[index]));
  find("steps").replaceChildren(listOf(timeline));
  find("message").textContent = message ?? "";
  find("message").hidden = !message;
  find("message").className = `verdict ${kinds[index]}`;
}

/** Shows an error of the page. */
function fail(why) {
  find("failure").textContent = `The page failed: ${why}`;
  find("failure").hidden = false;
}

const explorer = startWorker();
let asked = 0;
let answered = 0;
explorer.onerror = ({ message }) => fail(message || "its worker could not be loaded");
explorer.onmessage = ({ data: { id, result, error } }) => {
  answered = id;
  find("failure").hidden = true;
  if (error) fail(error);
  else {
    comparison = result;
    draw();
  }
  document.body.dataset.shown = id;
  if (asked > answered) ask();
  else delete document.body.dataset.pending;
};
function ask() {
  explorer.postMessage({ id: asked, setting });
}

/** The settings that matter to a race, as text. */
const raceSettings = () => {
  const { story, transitionMs, confirmMode, language, ...rest } = setting;
  return JSON.stringify(rest);
};
let racedWith;
function update() {
  fillForm();
  find("code").textContent = codeOf(setting);
  find("element-code").textContent = codeOfElement(setting);
  find("not-listed").hidden = !["gone", "unknown"].includes(setting.story);
  document.body.dataset.pending = "true";
  // One comparison at a time; the newest settings come next.
  if (asked++ === answered) ask();
  restartSoon();
  find("outdated").hidden = racedWith === undefined || racedWith === raceSettings();
}

let width = 0;
new ResizeObserver(() => {
  if (width === document.documentElement.clientWidth) return;
  width = document.documentElement.clientWidth;
  draw();
}).observe(document.documentElement);

// ---- The element ----

const element = find("element");
let restarting;
function restartSoon() {
  clearTimeout(restarting);
  restarting = setTimeout(restartNow, 300);
}
const restartNow = () => restart(element, setting).catch(({ message }) => fail(message));
find("restart").addEventListener("click", async () => {
  await restartNow();
  find("element-events").replaceChildren();
});
for (const type of ["before", "outcome", "error"]) {
  element.addEventListener(`remove-caller-${type}`, ({ detail: { participant, result, error } }) => {
    const end = result?.outcome ?? (error instanceof DOMException ? error.name : error?.code);
    const who = participant?.id === CALLER ? "Grace" : participant?.name;
    const words = [`remove-caller-${type}`, who, end].filter(Boolean).join(" · ");
    find("element-events").append(html("li", {}, words));
  });
}

// ---- Many races ----

let racing;
const raceButton = find("race");
const raceLabel = `Run ${RACES.toLocaleString("en")} races`;

const raceRows = contenders.map(({ id, title }) => {
  const fill = html("span", { className: "fill" });
  const numbers = ["removed", "false reports", "409 to the caller", "requests a race"].map((label) => {
    const number = html("span");
    const cell = html("td", { className: "number" }, number);
    if (label === "removed") cell.prepend(html("span", { className: "bar" }, fill));
    cell.dataset.label = label;
    return { cell, number };
  });
  const row = html("tr", {}, html("th", { scope: "row" }, title), ...numbers.map(({ cell }) => cell));
  row.dataset.contender = id;
  find("races").append(row);
  return { id, fill, numbers: numbers.map(({ number }) => number) };
});

// A narrow screen shows the table as a list; these roles keep it a table for screen readers.
for (const [selector, role] of Object.entries({
  table: "table",
  "thead, tbody": "rowgroup",
  tr: "row",
  "thead th": "columnheader",
  "tbody th": "rowheader",
  td: "cell",
})) {
  for (const part of document.querySelectorAll(selector)) part.setAttribute("role", role);
}

function drawRaces({ done, count, removable, tallies }) {
  find("progress").value = done / count;
  find("removable").textContent = `${done} races, ${removable} callers who could be removed`;
  for (const [index, { removed, wrong, conflicts, requests }] of tallies.entries()) {
    const { fill, numbers } = raceRows[index];
    const share = `${((100 * removed) / Math.max(1, removable)).toFixed(1)}`;
    fill.style.setProperty("inline-size", `${share}%`);
    const texts = [`${share} %`, wrong, conflicts, (requests / done).toFixed(2)];
    for (const [at, text] of texts.entries()) numbers[at].textContent = text;
  }
}

/** Ends the races, with a text for the live region. */
function endRaces(text) {
  racing?.terminate();
  racing = undefined;
  raceButton.textContent = raceLabel;
  find("progress-text").textContent = text;
}

raceButton.textContent = raceLabel;
raceButton.addEventListener("click", () => {
  if (racing) return endRaces("Stopped.");
  raceButton.textContent = "Stop";
  find("progress-text").textContent = "The races run.";
  find("outdated").hidden = true;
  racedWith = raceSettings();
  racing = startWorker();
  racing.onmessage = ({ data: { progress, error } }) => {
    if (error) return endRaces(`The races ended early: ${error}`);
    drawRaces(progress);
    if (progress.done === progress.count) endRaces("Done.");
  };
  racing.onerror = () => endRaces("The races ended early: the worker could not be loaded.");
  racing.postMessage({ id: 1, setting, count: RACES });
});

find("legend").replaceChildren(legend());
update();
