// The browsers, and the server of their pages. Chromium is driven by Puppeteer; Firefox and WebKit are started with the
// URL as argument, without a driver, because the page itself reports.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { browser, firefox, installed, launch } from "../../../scripts/browser.mjs";
import { output } from "../../../scripts/run.mjs";
import { types } from "../../../scripts/serve.mjs";

/** What the package needs of a Content-Security-Policy, and nothing more; `connect-src` is the page's own business. */
export const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; frame-src http:; connect-src http:";

/** How long a browser may take to start and report: enough for a machine under load, not a measurement. */
const TIMEOUT_MS = 60_000;

/**
 * Serves folders by their first path segments; a POST to /report settles `reported`.
 * @param {Record<string, string>} folders
 */
export async function serve(folders) {
  let report;
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    if (path === "/report") {
      let body = "";
      for await (const chunk of request) body += chunk;
      report?.(body);
      return response.writeHead(204).end();
    }
    const prefix = Object.keys(folders).find((prefix) => path.startsWith(prefix));
    const file = prefix?.endsWith("/")
      ? join(folders[prefix], path.slice(prefix.length) || "index.html")
      : folders[prefix];
    try {
      const body = await readFile(file);
      response.writeHead(200, {
        "Content-Type": types[extname(file)] ?? "application/octet-stream",
        "Content-Security-Policy": POLICY,
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
      if (path !== "/favicon.ico") report?.(`404 for ${path}`);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** The next report; rejects after TIMEOUT_MS. */
    reported: () =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no report within ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS);
        report = (body) => {
          clearTimeout(timer);
          resolve(body);
        };
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

/** Chromium: one browser, a fresh context for each page. */
export async function openChromium() {
  const { chrome, missing } = await browser();
  if (!chrome) return { name: "Chromium", missing };
  const instance = await launch("chrome", chrome);
  return {
    name: `Chromium ${(await instance.version()).split("/")[1].split(".")[0]}`,
    /** Opens a URL until `server` has its report; problems of the page become the error. */
    async report(url, server) {
      const context = await instance.createBrowserContext();
      const page = await context.newPage();
      const problems = [];
      page.on("pageerror", (error) => problems.push(String(error)));
      page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
      try {
        const [result] = await Promise.all([server.reported(), page.goto(url)]);
        // The 409 and the 404 of a conversation that does not exist are part of the story.
        const real = problems.filter((problem) => !/status of (404|409)/.test(problem));
        return real.length > 0 ? `${result}, with errors of the page: ${real.join("; ")}` : result;
      } catch (error) {
        throw new Error([error.message, ...problems].join("; "));
      } finally {
        await context.close();
      }
    },
    close: () => instance.close(),
  };
}

/** A browser's name with its version, where it prints one. */
const named = (name, path) => `${name} ${/\d[\d.]*/.exec(output(path, ["--version"]) ?? "")?.[0] ?? ""}`.trim();

/** A browser started with the URL as its argument, and stopped when it has reported. */
function started(name, command, argumentsFor, env = {}) {
  return {
    name,
    async report(url, server) {
      const profile = await mkdtemp(join(tmpdir(), "dic-browser-"));
      const child = spawn(command, argumentsFor(profile, url), {
        stdio: "ignore",
        detached: true,
        env: { ...process.env, ...env, HOME: profile },
      });
      const gone = once(child, "exit").then(([code]) => {
        throw new Error(`${name} ended with code ${code} before it reported`);
      });
      try {
        return await Promise.race([server.reported(), gone]);
      } finally {
        gone.catch(() => {});
        try {
          process.kill(-child.pid, "SIGKILL");
        } catch {
          // It has ended already.
        }
        await rm(profile, { recursive: true, force: true, maxRetries: 5 }).catch(() => {});
      }
    },
    close: () => {},
  };
}

export async function openFirefox() {
  const { path, missing } = await firefox();
  if (!path) return { name: "Firefox", missing };
  return started(named("Firefox", path), path, (profile, url) => [
    "--headless",
    "--no-remote",
    "--profile",
    profile,
    url,
  ]);
}

const MINI_BROWSER = ["webkit2gtk-4.1", "webkit2gtk-4.0", "webkitgtk-6.0"].map(
  (name) => `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/${name}/MiniBrowser`,
);

export async function openWebKit() {
  const { path: xvfb, missing } = await installed(
    "WebKitGTK and Xvfb",
    ["xvfb-run"],
    ["webkit2gtk-driver", "xvfb", "xauth"],
    () => MINI_BROWSER.some(existsSync),
  );
  const path = MINI_BROWSER.find(existsSync);
  if (!path || !xvfb) return { name: "WebKit", missing };
  return started(named("WebKitGTK", path), xvfb, (_, url) => ["-a", path, url], {
    WEBKIT_DISABLE_DMABUF_RENDERER: "1",
    NO_AT_BRIDGE: "1",
  });
}
