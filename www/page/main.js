// The page: settings, what they lead to, and the same for a thousand races.
import { codeOf, ELEMENT_CODE } from "./code.js";
import { contenders } from "./contenders.js";
import { restart } from "./element.js";
import { drawLanes, legend } from "./lanes.js";
import { drawSequence, listOf } from "./sequence.js";
import { FIELDS, fromFragment, toFragment } from "./settings.js";
import { html } from "./svg.js";
import { CALLER, stories } from "./world.js";

const RACES = 1_000;

const find = (id) => document.getElementById(id);
const form = find("controls");
// The one script that the page loads by a name of its own.
const policy = globalThis.trustedTypes?.createPolicy("page", { createScriptURL: (url) => url });
const script = new URL("./worker.js", import.meta.url).href;
const startWorker = () => new Worker(policy?.createScriptURL(script) ?? script, { type: "module" });

let setting = fromFragment(location.hash, stories);
let shown;

// ---- The settings and their link ----

for (const [id, { title }] of Object.entries(stories)) form.elements.story.append(new Option(title, id));
for (const [name, { min, max, step }] of Object.entries(FIELDS)) {
  if (max !== undefined) Object.assign(form.elements[name], { min, max, step });
}

function fillIn() {
  for (const [name, value] of Object.entries(setting)) {
    const field = form.elements[name];
    if (typeof value === "boolean") field.checked = value;
    else field.value = value;
    const output = form.querySelector(`output[for=${name}]`);
    if (output) output.value = `${value} ms`;
  }
}

function takeOver() {
  setting = Object.fromEntries(
    Object.entries(FIELDS).map(([name, { default: usual }]) => {
      const field = form.elements[name];
      if (typeof usual === "boolean") return [name, field.checked];
      return [name, typeof usual === "number" ? field.valueAsNumber || usual : field.value];
    }),
  );
  const fragment = toFragment(setting);
  history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
  update();
}

form.addEventListener("input", takeOver);
form.addEventListener("submit", (event) => event.preventDefault());
find("reset").addEventListener("click", () => {
  setting = fromFragment("", stories);
  fillIn();
  takeOver();
});
addEventListener("hashchange", () => {
  setting = fromFragment(location.hash, stories);
  update();
});

async function copy(text, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    // A frame without the permission: the text is selected instead.
    const code = button.closest("section").querySelector("pre");
    if (code) getSelection().selectAllChildren(code);
    button.textContent = code ? "Selected: press Ctrl+C" : "Not allowed here";
  }
  setTimeout(() => {
    button.textContent = before;
  }, 2_000);
}

find("copy-link").addEventListener("click", ({ target }) => copy(location.href, target));
find("copy-code").addEventListener("click", ({ target }) => copy(find("code").textContent, target));
find("copy-element").addEventListener("click", ({ target }) => copy(ELEMENT_CODE, target));

// ---- What the settings lead to ----

const VERDICTS = {
  "not active": "not active, nothing sent.",
  "already-disconnected": "already disconnected.",
  "not-connected": "not connected, nothing changed.",
};

/** What a contender told, what is true, and whether that is what one wants. */
function verdict({ told, report, accepted, last }) {
  const isGone = last === undefined || last === "disconnected" || last === "terminated";
  const truth = accepted ? "Grace was removed." : isGone ? "Grace is not on the call." : `Grace is still ${last}.`;
  const couldBe = last === "connected" && !accepted;
  const kind = report || couldBe ? "bad" : accepted || isGone ? "good" : "warn";
  return { text: `It reports: ${VERDICTS[told] ?? `${told}.`} ${truth}`, kind, report };
}

/** Whose code is shown: it stays so while the settings change. */
const openCode = new Set();

function contenderCard(run) {
  const { text, kind, report } = verdict(run);
  const mark = html("span", { className: "mark", textContent: { good: "✓", warn: "–", bad: "✗" }[kind] });
  mark.setAttribute("aria-hidden", "true");
  const requests = run.requests.length === 1 ? "1 request" : `${run.requests.length} requests`;
  const head = html(
    "header",
    {},
    html("h3", {}, run.title),
    html("p", { className: "cost" }, `${requests}, ${run.endedAt.toFixed(0)} ms`),
  );
  const said = html("p", { className: `verdict ${kind}` }, mark, ` ${text}`);
  const chart = html("div", { className: "chart" });
  const source = contenders.find(({ id }) => id === run.id).run.toString();
  const code = html("details", {}, html("summary", {}, "Its code"), html("pre", {}, source));
  code.open = openCode.has(run.id);
  code.addEventListener("toggle", () => openCode[code.open ? "add" : "delete"](run.id));
  const card = html("article", { className: `contender ${kind}` }, head, said, chart, code);
  card.dataset.contender = run.id;
  card.dataset.told = run.told;
  if (report) card.insertBefore(html("p", { className: "verdict bad" }, `That is not true: ${report}.`), chart);
  return card;
}

function draw() {
  if (!shown) return;
  const { from, until, conversation, runs } = shown;
  const widthOf = (element) => Math.max(240, Math.floor(element.clientWidth));
  const place = find("contenders");
  place.replaceChildren(...runs.map(contenderCard));
  for (const [index, run] of runs.entries()) {
    const chart = place.children[index].querySelector(".chart");
    const lanes = [
      { label: "true", segments: run.truth },
      { label: "reads show", segments: run.shown },
    ];
    const title = `${run.title}: the true state of Grace, what reads show, and the requests, over time`;
    chart.replaceChildren(drawLanes(lanes, { from, until, width: widthOf(chart), requests: run.requests, title }));
  }
  const people = find("conversation");
  const lanes = conversation.flatMap(({ name, truth, shown }) => [
    { label: name, segments: truth },
    { label: "… as read", segments: shown },
  ]);
  const title = "The true states of all participants and what reads show, over time, if nobody removes anyone";
  people.replaceChildren(drawLanes(lanes, { from, until, width: widthOf(people), title }));
  const { timeline, message } = runs.find(({ id }) => id === "ours");
  const sequence = find("sequence");
  sequence.replaceChildren(drawSequence(timeline, widthOf(sequence)));
  find("steps").replaceChildren(listOf(timeline));
  find("message").textContent = message ?? "";
  find("message").hidden = !message;
}

const explorer = startWorker();
let asked = 0;
let answered = 0;
/** Says that the page does not work here, and why, instead of staying empty. */
function fail(why) {
  find("contenders").replaceChildren(html("p", { className: "verdict bad" }, `This page does not work here: ${why}`));
}
explorer.onerror = ({ message }) => fail(message || "its worker could not be loaded");
explorer.onmessage = ({ data: { id, result, error } }) => {
  answered = id;
  if (error) return fail(error);
  shown = result;
  draw();
  document.body.dataset.shown = id;
  if (asked === answered) delete document.body.dataset.pending;
  if (asked > answered) ask();
};
function ask() {
  explorer.postMessage({ id: asked, setting });
}

function update() {
  fillIn();
  find("code").textContent = codeOf(setting);
  // One at a time: what was asked for meanwhile comes next.
  document.body.dataset.pending = "true";
  if (asked++ === answered) ask();
  restartSoon();
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
  restarting = setTimeout(() => restart(element, setting), 300);
}
find("restart").addEventListener("click", () => restart(element, setting));
find("confirm-mode").addEventListener("change", ({ target }) => {
  element.confirmMode = target.value;
});
find("element-language").addEventListener("change", ({ target }) => {
  element.lang = target.value;
});
for (const type of ["before", "outcome", "error"]) {
  element.addEventListener(`remove-caller-${type}`, ({ detail }) => {
    const { participant, result, error } = detail;
    const end = result?.outcome ?? error?.code ?? "";
    const of = participant?.id === CALLER ? "Grace" : (participant?.name ?? "");
    find("element-events").append(html("li", {}, [`remove-caller-${type}`, of, end].filter(Boolean).join(" · ")));
  });
}

// ---- Many races ----

let racing;
const bars = find("races");
const raceButton = find("race");

function drawRaces({ done, count, removable, tallies }) {
  find("progress").value = done / count;
  find("progress-text").textContent = `${done} of ${count} races; ${removable} callers could be removed.`;
  for (const { id, removed, wrong, conflicts, requests } of tallies) {
    const row = bars.querySelector(`[data-contender=${id}]`);
    const share = removable === 0 ? 0 : removed / removable;
    const [fill] = row.getElementsByClassName("fill");
    fill.style.setProperty("inline-size", `${(share * 100).toFixed(1)}%`);
    const cells = row.querySelectorAll("[data-cell]");
    const texts = [`${(share * 100).toFixed(1)} %`, wrong, conflicts, (requests / done).toFixed(2)];
    for (const [index, cell] of cells.entries()) cell.textContent = texts[index];
  }
}

function endRaces() {
  racing?.terminate();
  racing = undefined;
  raceButton.textContent = `Run ${RACES.toLocaleString("en")} races`;
}

raceButton.addEventListener("click", () => {
  if (racing) return endRaces();
  raceButton.textContent = "Stop";
  racing = startWorker();
  racing.onmessage = ({ data: { progress, error } }) => {
    if (error) {
      endRaces();
      find("progress-text").textContent = `The races ended early: ${error}`;
      return;
    }
    drawRaces(progress);
    if (progress.done === progress.count) endRaces();
  };
  racing.postMessage({ id: 1, setting, count: RACES });
});

find("legend").replaceChildren(legend());
find("element-code").textContent = ELEMENT_CODE;
update();
