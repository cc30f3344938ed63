// The documents, their blocks of code, and what is noted of each: how it is run, or why not.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/run.mjs";

const markdown = (folder) => readdirSync(join(root, folder)).filter((file) => file.endsWith(".md"));

/** The paths of all pages, from the root on. */
export const paths = [...markdown("."), ...markdown("docs").map((file) => join("docs", file))];

export const read = (path) => readFileSync(join(root, path), "utf8");

/**
 * The blocks of a page. A comment before a block, or one for the whole page, says which test runs it (`runBy`) or why
 * none does (`notRun`).
 * @param {string} path
 * @returns {{ language: string, code: string, line: number, runBy?: string, notRun?: string }[]}
 */
export function blocksOf(path) {
  const text = read(path);
  const [, pageRunBy] = /^<!-- the code of this page is run by (\S+) -->$/m.exec(text) ?? [];
  const note = String.raw`(?:^[ ]*<!-- (?:run by (?<runBy>\S+)|not run: (?<notRun>[^>]+?)) -->\n)?`;
  const fenced = "^(?<indent>[ ]*)```(?<language>\\w*)\\n(?<code>.*?)^\\k<indent>```$";
  const pattern = new RegExp(note + fenced, "gms");
  return [...text.matchAll(pattern)].map(({ groups, index }) => {
    const { runBy = groups.notRun ? undefined : pageRunBy, notRun, indent, language } = groups;
    const code = groups.code.replaceAll(new RegExp(`^${indent}`, "gm"), "");
    return { language, code, line: text.slice(0, index).split("\n").length, runBy, notRun };
  });
}
