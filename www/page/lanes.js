// Lanes over time: what is true of a participant, what reads show, and the requests of a contender.
import { html, svg } from "./svg.js";

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
  return state === "disconnected" || state === "terminated" ? "gone" : "unsettled";
}

const labelOf = ({ state, changing }) => (state === undefined ? "not listed" : changing ? `${state}, changing` : state);

/** A step of the time axis that leaves room for its label. */
const stepFor = (pixelsPerMs) =>
  [50, 100, 200, 250, 500, 1_000, 2_000, 5_000].find((ms) => ms * pixelsPerMs >= 56) ?? 10_000;

function lane(segments, y, x) {
  return segments.flatMap((segment) => {
    const [from, to] = [x(segment.from), x(segment.to)];
    const rect = svg("rect", {
      x: from,
      y,
      width: Math.max(0, to - from),
      height: LANE,
      class: `segment ${kindOf(segment)}`,
    });
    rect.append(svg("title", { text: `${labelOf(segment)}, ${segment.from} to ${segment.to} ms` }));
    const label = labelOf(segment);
    const fits = to - from > label.length * 6.6 + 8;
    const text = svg("text", { x: from + 6, y: y + LANE - 7, class: `in ${kindOf(segment)}`, text: label });
    return fits ? [rect, text] : [rect];
  });
}

/** A request: the line is its time on the way; a circle is a read, a square a disconnect. */
function request({ at, ended, isWrite, status, failed }, y, x) {
  const kind = failed || status === undefined ? "lost" : status < 300 ? "good" : "bad";
  const what = `${isWrite ? "disconnect" : "read"}: ${failed ? "no answer" : (status ?? "no answer yet")}`;
  const mark = isWrite
    ? svg("rect", { x: x(ended) - 5, y: y - 5, width: 10, height: 10 })
    : svg("circle", { cx: x(ended), cy: y, r: 4.5 });
  return svg(
    "g",
    { class: `request ${kind}` },
    svg("line", { x1: x(at), x2: x(ended), y1: y, y2: y }),
    mark,
    svg("title", { text: `${what}, ${at.toFixed(0)} to ${ended.toFixed(0)} ms` }),
  );
}

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
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": title });
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
  for (const [index, { label, segments }] of lanes.entries()) {
    const y = index * (LANE + GAP);
    root.append(svg("text", { x: 0, y: y + LANE - 7, class: "label", text: label }), ...lane(segments, y, x));
  }
  root.append(svg("line", { x1: x(0), x2: x(0), y1: 0, y2: axis, class: "click" }));
  if (requests) {
    const y = lanes.length * (LANE + GAP);
    root.append(svg("text", { x: 0, y: y + 15, class: "label", text: "requests" }));
    // One that begins while another is under way stands on its own line.
    for (const [index, one] of requests.entries()) root.append(request(one, y + 9 + (index % 2) * 13, x));
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
    entry("write", "a disconnect, answered"),
    entry("refused", "refused or failed"),
  );
}
