// Links and lines of the documents: every relative link and anchor leads somewhere, and lines have at most 120 columns.
import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { root } from "../../scripts/run.mjs";
import { paths, read } from "./pages.mjs";

const COLUMNS = 120;

/** The anchors of a page, as GitHub makes them of headings, and those that it sets itself. */
function anchorsOf(text) {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
  const own = [...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id);
  return new Set([...headings, ...own]);
}

const withoutCode = (text) => text.replaceAll(/^ *```.*?^ *```$/gms, "").replaceAll(/`[^`\n]*`/g, "");

for (const path of paths) {
  test(`${path}: links`, () => {
    const text = read(path);
    const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\s*\)/g)].map(([, target]) => target);
    for (const link of links.filter((link) => !/^https?:/.test(link))) {
      const [target, anchor] = link.split("#");
      const file = target ? join(dirname(path), target) : path;
      assert.ok(existsSync(join(root, file)), `${link} leads nowhere`);
      if (anchor && statSync(join(root, file)).isFile())
        assert.ok(anchorsOf(read(file)).has(anchor), `${link}: there is no such heading`);
    }
  });

  test(`${path}: lines of at most ${COLUMNS} columns`, () => {
    // Not rows of tables, verbatim text, and a line that is one long link.
    const lines = read(path)
      .replaceAll(/^ *```text\n.*?^ *```$/gms, "")
      .split("\n");
    const isLong = (line) => line.length > COLUMNS && (path === "README.md" || !line.startsWith("|"));
    assert.deepEqual(lines.filter(isLong), []);
  });
}
