// The one Chromium of the matrix, which also opens what the bundlers make.
import { openChromium, serve } from "./browsers.mjs";

export const chromium = await openChromium();

/**
 * Serves folders, opens a page of them in Chromium, and returns what shared/report.mjs reports there.
 * @param {Record<string, string>} folders by the beginning of their paths
 * @param {string} simulator
 * @param {string} [path] of the page
 */
export async function openPage(folders, simulator, path = "/") {
  const server = await serve(folders);
  try {
    const query = new URLSearchParams({ simulator, report: "/report" });
    return await chromium.report(`${server.url}${path}?${query}`, server);
  } finally {
    await server.close();
  }
}
