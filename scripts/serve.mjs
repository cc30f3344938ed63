// Serves this folder's pages on the loopback host, nothing else: for `npm start` and the browser tests.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { root } from "./run.mjs";

/** What the kinds of files are served as. */
export const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};

/**
 * @typedef {object} Served
 * @property {number} [port]
 * @property {string} [folder] default: this repository; another folder is public as a whole
 * @property {string[]} [open] the paths of this repository that are public
 * @property {Record<string, string>} [headers]
 * @property {Record<string, string>} [files] texts in the place of files, by path
 * @property {Record<string, string>} [folders] paths that stand for others
 */

/**
 * @param {Served} [options]
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serve(options = {}) {
  const { port = 0, folder = root, open = ["/www/", "/pkg/"], headers = {}, files = {}, folders = {} } = options;
  const server = createServer(async (request, response) => {
    const asked = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    const prefix = Object.keys(folders).find((prefix) => asked.startsWith(prefix));
    const path = prefix ? folders[prefix] + asked.slice(prefix.length) : asked;
    const isPublic = folder !== root || open.some((prefix) => path.startsWith(prefix));
    if (path === "/" && folder === root) return response.writeHead(302, { Location: "/www/index.html" }).end();
    try {
      if (!isPublic) throw new Error("not public");
      const file = path.endsWith("/") ? `${path}index.html` : path;
      const body = files[path] ?? (await readFile(join(folder, file)));
      response
        .writeHead(200, {
          "Content-Type": types[extname(file)] ?? "application/octet-stream",
          "Cache-Control": "no-store",
          ...headers,
        })
        .end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
