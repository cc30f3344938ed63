// The settings of the page: what can be chosen, and the link that holds all of it.

/** Each with its default; of a number the range of its slider. */
export const FIELDS = {
  story: { default: "joining" },
  transitionMs: { default: 400, min: 0, max: 2_000, step: 50 },
  lagMs: { default: 200, min: 0, max: 600, step: 25 },
  latencyMs: { default: 40, min: 10, max: 200, step: 10 },
  effectMs: { default: 100, min: 0, max: 500, step: 25 },
  settleMs: { default: 1_500, min: 250, max: 4_000, step: 250 },
  conflict: { default: false },
  limited: { default: false },
  unavailable: { default: false },
  lost: { default: false },
  confirm: { default: false },
  api: { default: "voice" },
  seed: { default: 1, min: 1, max: 999_999, step: 1 },
};

export const defaults = Object.fromEntries(Object.entries(FIELDS).map(([name, field]) => [name, field.default]));

/** What a value of that name may be: a broken link gives the default. */
function accepted(name, text, stories) {
  const { default: usual, min, max } = FIELDS[name];
  if (typeof usual === "boolean") return text === "true";
  if (name === "story") return text in stories ? text : usual;
  if (name === "api") return ["voice", "calls"].includes(text) ? text : usual;
  const number = Number(text);
  return Number.isFinite(number) && text !== "" ? Math.min(max, Math.max(min, number)) : usual;
}

/** The settings of a link's fragment. */
export function fromFragment(fragment, stories) {
  const given = Object.fromEntries(new URLSearchParams(fragment.replace(/^#/, "")));
  const names = Object.keys(FIELDS).filter((name) => name in given);
  return { ...defaults, ...Object.fromEntries(names.map((name) => [name, accepted(name, given[name], stories)])) };
}

/** The fragment of a link: what differs from the defaults. */
export function toFragment(setting) {
  const changed = Object.keys(FIELDS).filter((name) => setting[name] !== defaults[name]);
  return new URLSearchParams(changed.map((name) => [name, String(setting[name])])).toString();
}
