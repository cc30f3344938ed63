// `npm run build:desktop`: the desktop page for agent desktops as static files in target/desktop, for any web server.
// Demo, tests and bench set it up here with a simulated platform and a page that plays the desktop.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { environmentOf } from "../www/desktop/environments.js";
import { build } from "./build.mjs";
import { bold, installDesktop, root, step, yellow } from "./run.mjs";
import { serve } from "./serve.mjs";

const from = join(root, "www", "desktop");
export const desktopFolder = join(root, "target", "desktop");

/** The headers that the page needs: who may frame it, and where it may connect. */
export function headersOf(config) {
  const environments = Object.keys(config.environments).map((domain) => environmentOf(config, domain));
  const all = (key) => [...new Set(environments.map((environment) => environment[key]))].join(" ");
  const policy = [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src data:",
    `connect-src 'self' ${all("apiUrl")} ${all("loginUrl")} ${all("streamingUrl")}`,
    `frame-ancestors ${[all("desktopOrigin"), ...(config.hosts ?? [])].join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  return {
    "Content-Security-Policy": policy.join("; "),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
  };
}

export async function buildDesktop() {
  await build();
  await installDesktop();
  const { build: bundle } = await import("esbuild");
  rmSync(desktopFolder, { recursive: true, force: true });
  mkdirSync(desktopFolder, { recursive: true });
  await bundle({
    entryPoints: [join(from, "main.js")],
    outdir: desktopFolder,
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "linked",
    logLevel: "error",
  });
  for (const file of ["index.html", "desktop.css", "config.json", "embed.js"])
    copyFileSync(join(from, file), join(desktopFolder, file));
  const config = JSON.parse(readFileSync(join(from, "config.json"), "utf8"));
  const isFilled = Object.values(config.environments).every(({ clientId }) => clientId);
  if (!isFilled) return false;
  // The file that Netlify and Cloudflare Pages read; for others it says what to set.
  const lines = Object.entries(headersOf(config)).map(([name, value]) => `  ${name}: ${value}\n`);
  writeFileSync(join(desktopFolder, "_headers"), `/*\n${lines.join("")}`);
  return true;
}

/** The sandbox of the official sample, and what it allows in a frame of the desktop. */
export const SANDBOX =
  "allow-forms allow-modals allow-popups allow-presentation allow-same-origin allow-scripts allow-downloads";
const CLIENT_ID = "5f0c1d2e-demo-client";

const connected = (id, more) => ({ id, schedule: [{ state: "connected" }], ...more });

/** A call of Ada with a customer and a colleague who is being called. */
export const conversation = {
  id: "c-1",
  participants: [
    connected("p-ada", { purpose: "agent", userId: "u-ada", name: "Ada Lovelace" }),
    connected("p-grace", { name: "Grace Hopper" }),
    { id: "p-linus", purpose: "external", name: "Linus Pauling", schedule: [{ state: "dialing" }] },
  ],
};

/**
 * The whole set: the simulated platform, the desktop page on another site, and a page that plays a desktop around it.
 * @param {{ platform?: object, login?: object, client?: object, config?: object, latencyMs?: number }} [options]
 */
export async function stage({ platform = {}, login = {}, client = {}, config: more = {}, latencyMs = 0 } = {}) {
  const { createSimulator } = await import(pathToFileURL(join(root, "pkg", "simulator.js")).href);
  const files = {};
  // Two sites, as the desktop and the page are: 127.0.0.1 and localhost.
  const desktop = await serve({
    folder: join(from, "demo"),
    files: { "/embed.js": readFileSync(join(from, "embed.js"), "utf8") },
    headers: {
      "Content-Security-Policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; frame-src http:; img-src data:",
    },
  });
  const headers = {};
  const page = await serve({ folder: desktopFolder, files, headers });
  const widget = new URL("index.html", page.url.replace("127.0.0.1", "localhost")).href;
  const simulator = await createSimulator({
    conversations: [conversation],
    users: [{ id: "u-ada", name: "Ada Lovelace" }],
    login: { clients: [{ id: CLIENT_ID, redirectUris: [widget], ...client }], ...login },
    readLagMs: 120,
    effectDelayMs: 80,
    notifications: { delayMs: 120 },
    ...platform,
    faults: [...(platform.faults ?? []), ...(latencyMs ? [{ path: "/", delayMs: latencyMs, times: 1e9 }] : [])],
  });
  const server = await simulator.listen();
  const desktopOrigin = new URL(desktop.url).origin;
  const config = {
    environments: {
      "simulator.example": {
        clientId: CLIENT_ID,
        apiUrl: server.baseUrl,
        loginUrl: server.baseUrl,
        streamingUrl: server.baseUrl.replace("http", "ws"),
        desktopOrigin,
      },
    },
    hosts: [desktopOrigin],
    api: "calls",
    ...more,
  };
  files["/config.json"] = JSON.stringify(config);
  Object.assign(headers, headersOf(config));

  /** A page of the desktop with frames. @param {Record<string, string>} placeholders */
  function urlOf(placeholders, { file = "desktop.html", frames = 1, sandbox = SANDBOX } = {}) {
    const address = `${widget}?${new URLSearchParams(placeholders)}`;
    return `${desktop.url}${file}?${new URLSearchParams({ widget: address, frames: String(frames), sandbox })}`;
  }
  return {
    simulator,
    desktopOrigin,
    widget,
    urlOf,
    /** What the Genesys Cloud desktop puts in the place of the placeholders. */
    placeholders: {
      gcConversationId: "c-1",
      gcTargetEnv: "simulator.example",
      gcHostOrigin: desktopOrigin,
      gcLangTag: "en-us",
      gcUsePopupAuth: "true",
    },
    /** As a web server that sends no headers. */
    unprotect() {
      for (const name of Object.keys(headers)) delete headers[name];
    },
    close: () => Promise.all([server.close(), page.close(), desktop.close()]),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const isFilled = await buildDesktop();
  step(`The desktop page is in ${bold(desktopFolder)}`);
  if (!isFilled) {
    console.log(yellow("Not ready to upload: fill in clientId in www/desktop/config.json, and build again."));
    process.exitCode = 1;
  }
}
