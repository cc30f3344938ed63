// The server of the examples, `npm start`: it builds them, and serves them beside simulated platforms.
import { copyFileSync, cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createSimulator } from "disconnect-if-connected/simulator";
import { build, preview } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));
const iife = fileURLToPath(import.meta.resolve("disconnect-if-connected/element.iife.js"));

export const examples = ["react", "vue", "svelte", "script", "salesforce"];

/** Builds all examples into a folder, as static files for any web server. */
export async function buildExamples(outDir = join(here, "dist")) {
  await build({ configFile: join(here, "vite.config.js"), logLevel: "warn", build: { outDir, emptyOutDir: true } });
  for (const name of ["script", "salesforce"]) {
    cpSync(join(here, name), join(outDir, name), { recursive: true });
    copyFileSync(iife, join(outDir, name, "element.iife.js"));
  }
}

/** A platform with one call, which refuses the first two disconnects, as the real one does while it changes a leg. */
export async function startPlatform() {
  const connected = [{ at: -1e6, state: "connected" }];
  const simulator = await createSimulator({
    conversations: [
      {
        id: "call-1",
        participants: [
          { id: "p-ada", purpose: "agent", name: "Ada Lovelace", schedule: connected },
          { id: "p-grace", purpose: "customer", name: "Grace Hopper", schedule: connected },
        ],
      },
    ],
    readLagMs: 200,
    effectDelayMs: 100,
    faults: [{ on: "write", status: 409, times: 2 }],
  });
  return { simulator, server: await simulator.listen() };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await buildExamples();
  const { resolvedUrls } = await preview({ root: here, base: "./", logLevel: "warn", preview: { host: "127.0.0.1" } });
  const [url] = resolvedUrls.local;
  // Each example has its own call.
  for (const name of examples) {
    const { server } = await startPlatform();
    const query = new URLSearchParams({ baseUrl: server.baseUrl, conversationId: "call-1" });
    console.log(`${name.padEnd(11)}${url}${name}/index.html?${query}`);
  }
  console.log("Open one of them in a browser, and remove Grace. Ctrl+C stops.");
}
