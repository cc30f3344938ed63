// The defaults of the rule, wherever they are written down: a change of one has to reach types, documents, simulator
// and page. And the figures of the races: the table of README.md and its chart are of one run.
import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "./pages.mjs";

/** The strings of the list that follows `before` in a file. */
function list(path, before) {
  const text = read(path);
  const at = text.indexOf(before);
  assert.ok(at >= 0, `${path} has no ${before}`);
  const [line] = text.slice(at + before.length).split("\n");
  return [...line.matchAll(/["`]([a-z]+)["`]/g)].map(([, state]) => state);
}

test("the states of a participant that is gone", () => {
  const gone = list("src/protocol/target.rs", "pub const GONE_STATES");
  assert.ok(gone.length >= 2);
  for (const [path, before] of [
    ["src/types.d.ts", "The states of a participant that is gone; default"],
    ["docs/api.md", "| `goneStates` |"],
    ["simulator/src/model.rs", "pub const GONE"],
    ["www/page/world.js", "export const isGone"],
  ])
    assert.deepEqual(list(path, before), gone, path);
  for (const path of ["docs/protocol.md", "docs/why-409.md"])
    assert.ok(read(path).includes(gone.map((state) => `\`${state}\``).join(", ")), path);
});

test("the states in which the disconnect is sent", () => {
  const states = list("src/protocol/target.rs", "pub const DISCONNECTABLE_STATES");
  assert.deepEqual(list("src/types.d.ts", "The states in which the disconnect is sent; default"), states);
  assert.deepEqual(list("docs/api.md", "| `disconnectableStates` |"), states);
});

test("the numbers", () => {
  const rust = read("src/protocol/settings.rs");
  const [types, api] = [read("src/types.d.ts"), read("docs/api.md")];
  for (const name of ["settleMs", "timeoutMs", "requestTimeoutMs", "maxRetries", "maxResponseBytes"]) {
    const field = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const [, expression] = new RegExp(`^ +${field}: ([\\d_. *]+),$`, "m").exec(rust) ?? [];
    assert.ok(expression, `settings.rs has no default of ${field}`);
    const factors = expression.replaceAll("_", "").split("*").map(Number);
    const value = String(factors.reduce((product, factor) => product * factor, 1));
    const [, typed] = new RegExp(`default (\\d+)\\. \\*/\\n {2}${name}\\?`).exec(types) ?? [];
    const [, documented] = new RegExp(`^\\| \`${name}\` \\|.*\\| (\\d+) \\|$`, "m").exec(api) ?? [];
    assert.deepEqual([typed, documented], [value, value], name);
  }
});

test("the table of the races and its chart", () => {
  const rows = [...read("README.md").matchAll(/^\| ([^|]+) \| ([\d.]+) % \| (\d+) \| (\d+) \| ([\d.]+) \|$/gm)];
  assert.equal(rows.length, 4);
  const labels = [...read("docs/races.svg").matchAll(/>([\d.]+(?: %)?)<\/text>/g)].map(([, label]) => label);
  const column = (index, unit = "") => rows.map((row) => row[index] + unit);
  assert.deepEqual(labels, [...column(2, " %"), ...column(3), ...column(5)]);
  const [, checked] = rows.find(([, name]) => name === "read, check, POST").slice(1);
  assert.ok(read("README.md").includes(`read-check-POST removed ${Math.round(checked)} %`));
});
