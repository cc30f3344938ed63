// The settings of the page, and the link that holds all of them.

/** Each setting with its default; for a number the range of its field, for a choice the options. */
export const FIELDS = {
  story: { default: "joining" },
  transitionMs: { default: 400, min: 0, max: 2_000, step: 50 },
  lagMs: { default: 200, min: 0, max: 600, step: 25 },
  latencyMs: { default: 40, min: 10, max: 200, step: 10 },
  effectMs: { default: 100, min: 0, max: 500, step: 25 },
  settleMs: { default: 1_500, min: 250, max: 4_000, step: 250 },
  conflict: { default: false },
  unavailable: { default: false },
  lost: { default: false },
  limited: { default: false },
  confirm: { default: false },
  api: { default: "voice", choices: ["voice", "calls"] },
  seed: { default: 1, min: 1, max: 999_999, step: 1 },
  confirmMode: { default: "always", choices: ["always", "last", "never"] },
  language: { default: "en", choices: ["en", "de"] },
};

export const defaults = Object.fromEntries(Object.entries(FIELDS).map(([name, field]) => [name, field.default]));

/** The value of a field or of a link; the default if it is not valid. */
function accepted(name, text, stories) {
  const { default: fallback, min, max, step, choices = Object.keys(stories) } = FIELDS[name];
  if (typeof fallback === "boolean") return text === "true";
  if (typeof fallback === "string") return choices.includes(text) ? text : fallback;
  const number = Number(text);
  if (text === "" || !Number.isFinite(number)) return fallback;
  return Math.min(max, Math.max(min, min + Math.round((number - min) / step) * step));
}

/** The settings for texts by name; a missing one has its default. */
export function settingsOf(texts, stories) {
  const names = Object.keys(FIELDS).filter((name) => Object.hasOwn(texts, name));
  return { ...defaults, ...Object.fromEntries(names.map((name) => [name, accepted(name, texts[name], stories)])) };
}

/** The settings of a link's fragment. */
export const fromFragment = (fragment, stories) =>
  settingsOf(Object.fromEntries(new URLSearchParams(fragment.replace(/^#/, ""))), stories);

/** The fragment of a link, with the settings that differ from the defaults. */
export function toFragment(setting) {
  const changed = Object.keys(FIELDS).filter((name) => setting[name] !== defaults[name]);
  return new URLSearchParams(changed.map((name) => [name, String(setting[name])])).toString();
}
