// `node scripts/release.mjs check TAG`: whether the tag, the version and the changelog agree. `notes TAG` prints the
// changelog's section of that version. For .github/workflows/release.yml.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { output, root } from "./run.mjs";

/** The version of the package: Cargo.toml is the only place that has it. */
function version() {
  const text = output("cargo", ["metadata", "--locked", "--no-deps", "--format-version", "1"]);
  if (!text) throw new Error("cargo metadata --locked failed: is Cargo.lock up to date?");
  const metadata = JSON.parse(text);
  return metadata.packages.find(({ name }) => name === "disconnect-if-connected").version;
}

/** The changelog's sections by their headings: `[1.2.3] - 2026-11-30`. */
const sections = (changelog) =>
  new Map(
    changelog
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.split("\n", 1)[0], section.slice(section.indexOf("\n")).trim()]),
  );

/** The text of a version's section. */
export function notes(of, changelog) {
  const [, text] = [...sections(changelog)].find(([heading]) => heading.startsWith(`[${of}] - 2`)) ?? [];
  return text;
}

/** What is wrong with a release, if anything. */
export function problem(tag, current, changelog) {
  if (tag !== `v${current}`) return `the tag is ${tag}, and the version in Cargo.toml is ${current}`;
  if (!notes(current, changelog)) return `CHANGELOG.md has no section "## [${current}] - YYYY-MM-DD" with text`;
  if (sections(changelog).get("[Unreleased]")) return 'CHANGELOG.md has text below "## [Unreleased]"';
}

/** Ends the program with a reason, if there is one. */
function exit(reason) {
  if (!reason) return;
  console.error(reason);
  process.exit(1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [command, tag = ""] = process.argv.slice(2);
  const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
  const commands = {
    notes: () => notes(tag.slice(1), changelog) ?? exit(`CHANGELOG.md has no text for ${tag}`),
    check: () => exit(problem(tag, version(), changelog)) ?? `${tag}: tag, version and changelog agree`,
  };
  console.log(commands[command]?.() ?? exit("usage: node scripts/release.mjs check|notes TAG"));
}
