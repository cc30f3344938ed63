// The cells of a browser: the package as it is, without a bundler, under the strict Content-Security-Policy.
import { fileURLToPath } from "node:url";
import { traps as trapModule } from "../../../scripts/build.mjs";
import { expected as expectedTraps } from "../shared/traps.mjs";
import { serve } from "./browsers.mjs";
import { packageFolder } from "./installed.mjs";

/** The forms that pages/page.js knows. */
const FORMS = [
  "module script",
  "classic worker",
  "module worker",
  "service worker",
  "cross-origin iframe",
  "disconnect-if-connected/wasm",
];

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));

/** What the server of each cell serves. */
export const folders = {
  "/package/": `${packageFolder}/`,
  "/trap-module/": `${trapModule}/`,
  "/shared/": folder("../shared/"),
  "/pages/": folder("./pages/"),
};

async function open(browser, page, parameters) {
  const server = await serve(folders);
  try {
    const query = new URLSearchParams({ ...parameters, report: "/report" });
    return await browser.report(`${server.url}/pages/${page}?${query}`, server);
  } finally {
    await server.close();
  }
}

/** @returns {import("./cells.mjs").Cell[]} */
export function browserCells(browser) {
  const { name: host, missing } = browser;
  const run = () => open(browser, "traps.html", {});
  return [
    ...FORMS.map((form) => ({
      host,
      form,
      missing,
      run: (simulator) => open(browser, "page.html", { form, simulator }),
    })),
    { host, form: "traps", expected: expectedTraps, missing, run },
  ];
}
