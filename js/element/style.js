// @ts-check
// The style sheet of `<remove-caller>`, constructed by script, which a strict Content-Security-Policy allows.

const CSS = `
:host {
  --gap: var(--remove-caller-gap, 0.5em);
  --radius: var(--remove-caller-radius, 0.5em);
  --danger: var(--remove-caller-danger, light-dark(#b42318, #f97066));
  --on-danger: var(--remove-caller-on-danger, light-dark(#fff, #1c0a08));
  --good: var(--remove-caller-good, light-dark(#146c43, #6ce9a6));
  --soft: var(--remove-caller-soft, color-mix(in srgb, currentcolor 75%, transparent));
  --line: var(--remove-caller-line, color-mix(in srgb, currentcolor 22%, transparent));
  display: block;
  line-height: 1.4;
}
:host([hidden]) {
  display: none !important;
}
ul {
  list-style: none;
  margin: 0;
  padding: 0;
}
li {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: calc(var(--gap) / 2) var(--gap);
  padding-block: var(--gap);
  border-block-end: 1px solid var(--line);
}
[part="who"] {
  flex: 1 1 11em;
  display: flex;
  flex-wrap: wrap;
  column-gap: 0.5em;
  min-width: 0;
  overflow-wrap: anywhere;
}
[part="name"] {
  font-weight: 600;
}
[part="purpose"] {
  color: var(--soft);
}
[part="purpose"]:empty {
  display: none;
}
[part="state"] {
  display: inline-flex;
  align-items: baseline;
  gap: 0.4em;
  color: var(--soft);
}
[part="state"]::before {
  content: "";
  inline-size: 0.55em;
  block-size: 0.55em;
  border: 2px solid currentcolor;
  border-radius: 50%;
}
li[data-kind="connected"] [part="state"] {
  color: var(--good);
}
li[data-kind="connected"] [part="state"]::before {
  background: currentcolor;
}
li[data-kind="gone"] [part="name"] {
  font-weight: 400;
  text-decoration: line-through;
}
button {
  font: inherit;
  min-block-size: 2.25em;
  padding: 0.25em 0.9em;
  border: 1px solid var(--danger);
  border-radius: var(--radius);
  color: var(--danger);
  background: transparent;
  cursor: pointer;
}
button:hover, [part="confirm"] {
  color: var(--on-danger);
  background: var(--danger);
}
[part="confirm"]:hover {
  filter: brightness(1.12);
}
[part="cancel"], [part="cancel"]:hover {
  color: inherit;
  background: transparent;
  border-color: var(--line);
}
button[aria-disabled="true"] {
  color: var(--soft);
  background: transparent;
  border-color: var(--line);
  cursor: not-allowed;
}
[part="button"] {
  margin-inline-start: auto;
}
li[data-kind="gone"] [part="button"] {
  visibility: hidden;
}
li[data-kind="gone"] [part="button"]:focus {
  visibility: visible;
}
button[aria-busy="true"] {
  cursor: progress;
}
button[aria-busy="true"]::after {
  content: "";
  display: inline-block;
  inline-size: 0.7em;
  block-size: 0.7em;
  margin-inline-start: 0.5em;
  border: 2px solid currentcolor;
  border-inline-end-color: transparent;
  border-radius: 50%;
  animation: turn 0.9s linear infinite;
}
@keyframes turn {
  to { rotate: 1turn; }
}
@media (prefers-reduced-motion: reduce) {
  button[aria-busy="true"]::after {
    animation: none;
    border-style: dotted;
  }
}
:focus-visible {
  outline: 3px solid var(--remove-caller-focus, currentcolor);
  outline-offset: 2px;
}
[part="question"] {
  flex: 1 0 100%;
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: var(--gap);
  box-sizing: border-box;
  max-inline-size: 100%;
  padding: var(--gap);
  border: 1px solid var(--danger);
  border-radius: var(--radius);
}
[part="asked"] {
  flex: 1 1 10em;
  min-width: 0;
  overflow-wrap: anywhere;
}
[part="status"] {
  margin: var(--gap) 0 0;
  min-block-size: 1.4em;
  overflow-wrap: anywhere;
}
@media (forced-colors: active) {
  li[data-kind="connected"] [part="state"]::before {
    forced-color-adjust: none;
    background: CanvasText;
  }
  button[aria-disabled="true"] {
    color: GrayText;
    border-color: GrayText;
  }
}
`;

/**
 * One sheet for each document: the element may move to another frame or window.
 * @type {WeakMap<Document, CSSStyleSheet>}
 */
const sheets = new WeakMap();

/** The style sheet for a document; none where the host cannot construct one (jsdom). @param {Document} document */
export function style(document) {
  const { CSSStyleSheet } = document.defaultView ?? {};
  let sheet = sheets.get(document);
  if (!sheet && CSSStyleSheet && "replaceSync" in CSSStyleSheet.prototype) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    sheets.set(document, sheet);
  }
  return sheet;
}
