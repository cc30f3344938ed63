// The licences of the crates that are compiled into the package, and the absence of npm dependencies.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../scripts/run.mjs";

const ALLOWED = ["MIT", "Apache-2.0", "Unicode-3.0", "BSD-2-Clause", "BSD-3-Clause", "Zlib", "Unlicense", "CC0-1.0"];

test("every crate compiled into the package has a licence that allows it", (context) => {
  const args = ["metadata", "--locked", "--format-version", "1", "--filter-platform", "wasm32-unknown-unknown"];
  const { packages, resolve } = JSON.parse(
    execFileSync("cargo", args, { cwd: root, maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "ignore"] }),
  );
  const byId = new Map(packages.map((one) => [one.id, one]));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const shipped = new Set();
  const visit = (id) => {
    if (shipped.has(id)) return;
    shipped.add(id);
    for (const { pkg, dep_kinds } of nodes.get(id).deps) if (dep_kinds.some(({ kind }) => kind === null)) visit(pkg);
  };
  for (const { id, name } of packages) if (["disconnect-if-connected", "simulator"].includes(name)) visit(id);
  const list = [...shipped]
    .map((id) => byId.get(id))
    .map(({ name, version, license }) => `${name} ${version}: ${license}`);
  for (const id of shipped) {
    const { name, license } = byId.get(id);
    const isAllowed = license
      ?.split(/[\s()/]+|\bOR\b|\bAND\b/)
      .filter(Boolean)
      .every((one) => ALLOWED.includes(one));
    assert.ok(isAllowed, `${name} is licensed ${license}`);
  }
  context.diagnostic(list.sort().join(" · "));
});

test("the package depends on nothing", () => {
  const { dependencies, peerDependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(root, "pkg", "package.json"), "utf8"),
  );
  assert.deepEqual([dependencies, peerDependencies, optionalDependencies], [undefined, undefined, undefined]);
});
