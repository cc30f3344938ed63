// What axe-core finds in a page, in its present state and size.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * Runs axe in a page; `problems` are its violations, and content that is wider than the window.
 * @param {import("puppeteer-core").Page} page
 * @returns {Promise<{ problems: string[], passed: number }>} `passed` counts the rules that passed
 */
export async function audit(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  return page.evaluate(async () => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const { violations, passes } = await window.axe.run(document);
    const problems = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    if (scrollWidth > clientWidth) problems.push(`${scrollWidth - clientWidth} px too wide`);
    return { problems, passed: passes.length };
  });
}
