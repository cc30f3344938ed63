// The cell of Next.js: its production build and server.

import { expected } from "../shared/story.mjs";
import { serve } from "../support/browsers.mjs";
import { chromium } from "../support/chromium.mjs";
import { bin, versionOf } from "../support/installed.mjs";
import { startPlatform } from "../support/platform.mjs";
import { runProgram, startServer } from "../support/program.mjs";
import { createProject, folderOf } from "../support/project.mjs";

const host = `Next.js ${versionOf("next")}`;
const form = "a Node route, an edge route and a client component";

/** Requests a route, with a platform of its own. */
async function checkRoute(url) {
  const { baseUrl, close } = await startPlatform();
  try {
    const response = await fetch(`${url}?${new URLSearchParams({ simulator: baseUrl })}`);
    const result = await response.text();
    if (result !== expected) throw new Error(`result of ${new URL(url).pathname}: ${result}`);
  } finally {
    await close();
  }
}

async function run(simulator) {
  const cwd = createProject(host, { folder: folderOf(import.meta.url) });
  const env = { NEXT_TELEMETRY_DISABLED: "1", CI: "1" };
  await runProgram(bin("next"), ["build"], { cwd, env });
  const options = { cwd, env, ready: /Ready/ };
  const { url, stop } = await startServer(bin("next"), ["start", "-H", "127.0.0.1", "-p", "0"], options);
  const server = await serve({});
  try {
    await checkRoute(`${url}/node`);
    await checkRoute(`${url}/edge`);
    const query = new URLSearchParams({ simulator, report: `${server.url}/report` });
    return await chromium.report(`${url}/?${query}`, server);
  } finally {
    stop();
    await server.close();
  }
}

export const cells = [{ host, form, missing: chromium.missing, run }];
