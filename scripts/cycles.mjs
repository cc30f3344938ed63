// `node scripts/cycles.mjs`: import cycles between the modules of src/. Biome finds those of the JavaScript.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

const imports = new Map();
for (const folder of ["protocol", "host"]) {
  const names = readdirSync(join(root, "src", folder)).map((file) => file.replace(/\.rs$/, ""));
  for (const name of names) {
    const source = readFileSync(join(root, "src", folder, `${name}.rs`), "utf8").split("#[cfg(test)]")[0];
    // `use super::{a, b::C};` and `use crate::protocol::{...};`, which name modules at the first level of their braces.
    const paths = [...source.matchAll(/^use (super|crate::(protocol|host))::([^;]+);/gms)].flatMap(([, , of, tree]) => {
      const inner = tree.startsWith("{") ? tree.slice(1, -1).replaceAll(/\{[^}]*\}/g, "") : tree;
      return inner.split(",").map((path) => `${of ?? folder}/${path.trim().split("::")[0]}`);
    });
    imports.set(`${folder}/${name}`, paths);
  }
}

const done = new Set();
function visit(module, path) {
  if (path.includes(module))
    throw new Error(`import cycle: ${[...path.slice(path.indexOf(module)), module].join(" -> ")}`);
  if (done.has(module)) return;
  for (const next of imports.get(module) ?? []) visit(next, [...path, module]);
  done.add(module);
}

try {
  for (const module of imports.keys()) visit(module, []);
  console.log(`no import cycle in ${imports.size} modules with ${[...imports.values()].flat().length} imports`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
