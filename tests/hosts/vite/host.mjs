// The cells of Vite: its build, and its development server.

import { serve } from "../support/browsers.mjs";
import { bundlerCells } from "../support/bundler.mjs";
import { chromium } from "../support/chromium.mjs";
import { bin, versionOf } from "../support/installed.mjs";
import { startServer } from "../support/program.mjs";
import { createProject, folderOf } from "../support/project.mjs";

const host = `Vite ${versionOf("vite")}`;
const folder = folderOf(import.meta.url);

async function openFromServer(simulator) {
  const cwd = createProject(`${host} server`, { folder });
  const options = { cwd, env: { CI: "1" }, ready: /Local/ };
  const { url, stop } = await startServer(bin("vite"), ["--host", "127.0.0.1"], options);
  const server = await serve({});
  try {
    const query = new URLSearchParams({ simulator, report: `${server.url}/report` });
    return await chromium.report(`${url}/?${query}`, server);
  } finally {
    stop();
    await server.close();
  }
}

export const cells = [
  ...bundlerCells(host, { folder, main: "main.js", command: bin("vite"), args: ["build"], served: "dist" }),
  { host, form: "its development server, in Chromium", missing: chromium.missing, run: openFromServer },
];
