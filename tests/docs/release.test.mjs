// The check of a release: tag, version and changelog; and that the workflows run commands that exist.
import assert from "node:assert/strict";
import { test } from "node:test";
import { notes, problem } from "../../scripts/release.mjs";
import { read } from "./pages.mjs";

const changelog = `# Changelog

## [Unreleased]

## [1.2.3] - 2026-11-30

### Added

- Something.

## [1.2.2] - 2026-11-01

- Before.
`;

test("a tag, a version and a changelog that agree", () => {
  assert.equal(problem("v1.2.3", "1.2.3", changelog), undefined);
  assert.equal(notes("1.2.3", changelog), "### Added\n\n- Something.");
});

test("a release that is not ready names what is wrong", () => {
  assert.match(problem("v1.2.4", "1.2.3", changelog), /the tag is v1\.2\.4.*1\.2\.3/);
  assert.match(problem("1.2.3", "1.2.3", changelog), /the tag is 1\.2\.3/);
  assert.match(problem("v1.3.0", "1.3.0", changelog), /no section/);
  assert.match(problem("v1.2.3", "1.2.3", changelog.replace("[Unreleased]", "[Unreleased]\n\n- More.")), /Unreleased/);
});

test("the version is in one place", () => {
  const [, version] = /^version = "(.*)"$/m.exec(read("Cargo.toml"));
  for (const path of ["package.json", "js/package.json"]) assert.equal(JSON.parse(read(path)).version, undefined, path);
  assert.equal(JSON.parse(read("pkg/package.json")).version, version);
});

test("the workflows run commands that exist", () => {
  const { scripts } = JSON.parse(read("package.json"));
  const workflows = read(".github/workflows/ci.yml") + read(".github/workflows/release.yml");
  const named = [...workflows.matchAll(/run: (?:.* )?npm (?:run )?([a-z:]+)/g)].map(([, name]) => name);
  const npmOwn = ["ci", "audit", "publish", "pack"];
  assert.deepEqual(
    [...new Set(named)].filter((name) => !npmOwn.includes(name) && !(name in scripts)),
    [],
  );
  for (const name of ["test", "test:hosts", "test:thorough", "reproduce"]) assert.ok(named.includes(name), name);
});
