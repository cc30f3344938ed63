// The sequence diagram of a call, drawn from its timeline.
import { html, svg } from "./svg.js";

const ROW = 30;
const TOP = 34;

/** The platform's codes for a participant that is already gone. */
const ALREADY_GONE = ["conversation.error.call.disconnected", "conversation.error.participant.no.active.conversations"];

/** An event as text. */
export function describe(event) {
  switch (event.type) {
    case "request":
      return `${event.method} ${event.path}`;
    case "response": {
      if (event.status === undefined) return `no answer (${event.failure})`;
      return [event.status, event.failure, event.platformCode].filter((part) => part !== undefined).join(" ");
    }
    case "state":
      return `Grace is ${event.state ?? "not listed"}`;
    case "wait":
      return `wait ${event.ms.toFixed(0)} ms (${event.reason})`;
    default:
      return `${event.outcome ?? event.code}`;
  }
}

/** The short label of a request. */
const shortOf = ({ method }) => (method === "GET" ? "GET: read the participants" : `${method}: disconnect`);

function kindOf({ status, failure, platformCode }) {
  if (failure) return "lost";
  return status < 300 || ALREADY_GONE.includes(platformCode) ? "good" : "bad";
}

/** Draws the diagram. @param {object[]} timeline @param {number} width @param {string} kind the outcome's colour */
export function drawSequence(timeline, width, kind) {
  // A state has no row: it is shown at the arrow of its response.
  const rows = timeline.filter(({ type }) => type !== "state");
  const height = TOP + rows.length * ROW + 16;
  const [left, right] = [78, width - 60];
  const steps = `${rows.length} steps between your code and the platform`;
  const title = `Sequence of ${steps}; the list below has the same in words`;
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": title });
  root.append(
    svg("text", { x: left, y: 14, class: "actor", "text-anchor": "middle", text: "your code" }),
    svg("text", { x: right, y: 14, class: "actor", "text-anchor": "middle", text: "platform" }),
    svg("line", { x1: left, x2: left, y1: 22, y2: height - 8, class: "life" }),
    svg("line", { x1: right, x2: right, y1: 22, y2: height - 8, class: "life" }),
  );
  const arrow = (y, from, to, kind, isDashed) => {
    const head = from < to ? -8 : 8;
    return svg(
      "g",
      { class: `arrow ${kind}` },
      svg("line", { x1: from, x2: to, y1: y, y2: y, class: isDashed ? "dashed" : "" }),
      svg("path", { d: `M${to + head},${y - 4} L${to},${y} L${to + head},${y + 4} Z` }),
    );
  };
  /** A lost response. */
  const cross = (y, from, to) =>
    svg(
      "g",
      { class: "arrow lost" },
      svg("line", { x1: from, x2: to, y1: y, y2: y, class: "dashed" }),
      svg("path", { d: `M${to - 5},${y - 5} l10,10 m0,-10 l-10,10`, class: "cross" }),
    );
  for (const [index, event] of rows.entries()) {
    const y = TOP + index * ROW + 16;
    const middle = (left + right) / 2;
    root.append(svg("text", { x: 0, y: y + 4, class: "tick", text: `${event.at.toFixed(0)} ms` }));
    const label = (text, className = "") =>
      svg("text", { x: middle, y: y - 5, "text-anchor": "middle", class: `on ${className}`, text });
    if (event.type === "request") root.append(arrow(y, left, right, "asked"), label(shortOf(event)));
    else if (event.type === "response") {
      const next = timeline[timeline.indexOf(event) + 1];
      const words = next?.type === "state" ? `${describe(event)} · ${next.state ?? "not listed"}` : describe(event);
      const short = ALREADY_GONE.includes(event.platformCode) ? `${event.status}, already gone` : words;
      // A long code is shown in the list only.
      const shown = short.length * 6.4 < right - left ? short : String(event.status ?? "no answer");
      if (event.failure) root.append(cross(y, right, left + 24), label(shown, "lost"));
      else root.append(arrow(y, right, left, kindOf(event), true), label(shown, kindOf(event)));
    } else if (event.type === "wait") {
      root.append(
        svg("rect", { x: left - 5, y: y - 11, width: 10, height: ROW - 8, rx: 3, class: "wait" }),
        svg("text", { x: left + 14, y: y + 4, class: "on soft", text: describe(event) }),
      );
    } else {
      root.append(
        svg("circle", { cx: left, cy: y, r: 6, class: `end ${kind}` }),
        svg("text", { x: left + 14, y: y + 5, class: `on end ${kind}`, text: describe(event) }),
      );
    }
  }
  return root;
}

/** The timeline as a list. */
export function listOf(timeline) {
  const item = (event) =>
    html("li", {}, html("time", { textContent: `${event.at.toFixed(0)} ms` }), ` ${describe(event)}`);
  return html("ol", { className: "timeline" }, ...timeline.map(item));
}
