// The commands that README.md, docs/middleware.md and docs/desktop.md tell a reader to type in a clone: they end with
// success and show what the page says.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { browser } from "../../scripts/browser.mjs";
import { root } from "../../scripts/run.mjs";

const { chrome, missing } = await browser();
const npm = process.platform === "win32" ? "npm.cmd" : "npm";

for (const { command, shows, needs } of [
  { command: "demo", shows: /409[\s\S]*disconnected/ },
  { command: "demo:middleware", shows: /already-disconnected[\s\S]*202 Accepted/ },
  { command: "demo:desktop", shows: /PATCH/, needs: chrome ? undefined : missing },
]) {
  test(`npm run ${command}`, { skip: needs ?? false }, async ({ signal }) => {
    const child = spawn(npm, ["run", command], { cwd: root, signal });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
    const [code] = await once(child, "close");
    assert.equal(code, 0, text);
    assert.match(text, shows);
  });
}
