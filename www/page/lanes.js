// Charts of states and requests over time.
import { html, svg } from "./svg.js";
import { isGone } from "./world.js";

const LANE = 22;
const GAP = 6;
const LABEL = 92;
const AXIS = 22;
const REQUESTS = 34;

/** The class that colours a segment. */
function kindOf({ state, changing }) {
  if (state === undefined) return "absent";
  if (changing) return "changing";
  if (state === "connected") return "connected";
  return isGone(state) ? "gone" : "unsettled";
}

const labelOf = ({ state, changing }) => (state === undefined ? "not listed" : changing ? `${state}, changing` : state);

/** A step of the time axis that leaves room for its label. */
const stepFor = (pixelsPerMs) =>
  [50, 100, 200, 250, 500, 1_000, 2_000, 5_000].find((ms) => ms * pixelsPerMs >= 56) ?? 10_000;

/** The coloured parts of a lane. */
const partsOf = (segments, y, x) =>
  segments.map((segment) => {
    const [from, to] = [x(segment.from), x(segment.to)];
    const shape = { x: from, y, width: Math.max(0, to - from), height: LANE, class: `segment ${kindOf(segment)}` };
    return svg("rect", shape, svg("title", { text: `${labelOf(segment)}, ${segment.from} to ${segment.to} ms` }));
  });

/** The labels of the parts, where they fit; in the part that the click divides, right of the click. */
const wordsOf = (segments, y, x) =>
  segments.flatMap((segment) => {
    const text = labelOf(segment);
    const from = segment.from < 0 && segment.to > 0 ? x(0) : x(segment.from);
    if (x(segment.to) - from < text.length * 6.6 + 8) return [];
    return [svg("text", { x: from + 6, y: y + LANE - 7, class: "in", text })];
  });

/** A request: a line for its duration, and a circle for a read or a square for a disconnect, hollow if it failed. */
function request({ at, ended, isWrite, status, failed, isGone }, y, x) {
  const kind = failed || status === undefined ? "lost" : status < 300 || isGone ? "good" : "bad";
  const what = `${isWrite ? "disconnect" : "read"}: ${failed ? "no answer" : (status ?? "no answer yet")}`;
  const mark = isWrite
    ? svg("rect", { x: x(ended) - 4.5, y: y - 4.5, width: 9, height: 9 })
    : svg("circle", { cx: x(ended), cy: y, r: 4.5 });
  return svg(
    "g",
    { class: `request ${kind}` },
    svg("line", { x1: x(at), x2: x(ended) - 5, y1: y, y2: y }),
    mark,
    svg("title", { text: `${what}, ${at.toFixed(0)} to ${ended.toFixed(0)} ms` }),
  );
}

/** The chart as text, for screen readers. */
const inWords = (lanes) =>
  lanes
    .map(({ label, segments }) => `${label}: ${segments.map((one) => `${labelOf(one)} until ${one.to} ms`).join(", ")}`)
    .join("; ");

/**
 * Draws lanes, and below them requests.
 * @param {{ label: string, segments: object[] }[]} lanes
 * @param {{ from: number, until: number, width: number, requests?: object[], title: string }} options
 */
export function drawLanes(lanes, { from, until, width, requests, title }) {
  const pixelsPerMs = (width - LABEL - 8) / (until - from);
  const x = (ms) => LABEL + (ms - from) * pixelsPerMs;
  const below = requests ? REQUESTS : 0;
  const height = lanes.length * (LANE + GAP) + below + AXIS;
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
  root.setAttribute("aria-label", `${title}. ${inWords(lanes)}`);
  const axis = height - AXIS + 4;
  for (let ms = 0, step = stepFor(pixelsPerMs); x(ms) <= width - 24; ms += step) {
    root.append(
      svg("line", { x1: x(ms), x2: x(ms), y1: 0, y2: axis, class: "grid" }),
      svg("text", {
        x: x(ms),
        y: axis + 14,
        class: "tick",
        "text-anchor": "middle",
        text: ms === 0 ? "click" : `${ms} ms`,
      }),
    );
  }
  const rows = lanes.map((lane, index) => ({ ...lane, y: index * (LANE + GAP) }));
  for (const { segments, y } of rows) root.append(...partsOf(segments, y, x));
  root.append(svg("line", { x1: x(0), x2: x(0), y1: 0, y2: axis, class: "click" }));
  for (const { label, segments, y } of rows) {
    root.append(svg("text", { x: 0, y: y + LANE - 7, class: "label", text: label }), ...wordsOf(segments, y, x));
  }
  if (requests) {
    const y = lanes.length * (LANE + GAP);
    root.append(svg("text", { x: 0, y: y + 15, class: "label", text: "requests" }));
    // Reads above, disconnects below.
    for (const one of requests) root.append(request(one, y + 9 + (one.isWrite ? 13 : 0), x));
  }
  return root;
}

/** What the colours and marks mean. */
export function legend() {
  const entry = (className, text) => html("li", {}, html("span", { className: `key ${className}` }), text);
  return html(
    "ul",
    { className: "legend" },
    entry("connected", "connected"),
    entry("changing", "connected, but the platform refuses (changing)"),
    entry("unsettled", "another state"),
    entry("gone", "gone"),
    entry("absent", "not listed"),
    entry("read", "a read, answered"),
    entry("write", "a disconnect, accepted (or: already gone)"),
    entry("refused", "hollow: refused, or no answer"),
  );
}
