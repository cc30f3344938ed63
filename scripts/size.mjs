// `npm run size`: what a browser downloads for `disconnectIfConnected`, and where the bytes go.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "./build.mjs";
import { root } from "./run.mjs";
import { weigh } from "./wasm-functions.mjs";

/** Brotli, in bytes, of all that a page downloads; `npm test` fails above. */
export const BUDGET_BROTLI_BYTES = 90_500;

const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } }).length;

const weighed = (bytes) => ({ raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotli(bytes) });

/** What a page that uses it downloads with each, as one minified script. */
async function besides() {
  const { build: bundle } = await import("esbuild");
  const bundled = async (contents) => {
    const options = { bundle: true, minify: true, write: false, format: "esm", charset: "utf8" };
    const { outputFiles } = await bundle({ stdin: { contents, resolveDir: root }, ...options });
    return weighed(outputFiles[0].contents);
  };
  const sdk = "node_modules/purecloud-platform-client-v2/dist/web-cjs/purecloud-platform-client-v2.min.js";
  return {
    "disconnect-if-connected": await bundled(`export { disconnectIfConnected } from "./pkg/index.js";`),
    "by hand (bench/by-hand.mjs)": await bundled(`export { byHand } from "./bench/by-hand.mjs";`),
    "the official SDK's own file": weighed(readFileSync(join(root, sdk))),
  };
}

/** Which part of the module a function belongs to, by its name; the first that matches. */
const PARTS = {
  "texts and tables": /^\(data/,
  "serde-wasm-bindgen": /serde_wasm_bindgen/,
  "serde's derived code": /serde/,
  "own code": /disconnect_if_connected/,
  "the allocator": /dlmalloc|__rdl_/,
  "wasm-bindgen, js-sys, web-sys": /wasm_bindgen|js_sys|web_sys|wbg|externref/,
  "std and core": /./,
};

function parts(functions) {
  const sums = Object.fromEntries(Object.keys(PARTS).map((part) => [part, 0]));
  for (const { name, bytes } of functions) {
    const [part] = Object.entries(PARTS).find(([, pattern]) => pattern.test(name));
    sums[part] += bytes;
  }
  return sums;
}

/** The files that `import "disconnect-if-connected"` loads in a browser, each as a web server would send it. */
export const sizes = () => totalled(["index.js", "wasm.js", "load.js", "core.js", "core.inline.js"]);

/** Each file, and all in all. */
function totalled(files) {
  const rows = files.map((file) => ({ file, ...weighed(readFileSync(join(root, "pkg", file))) }));
  const sum = (key) => rows.reduce((all, row) => all + row[key], 0);
  return [...rows, { file: "in all", raw: sum("raw"), gzip: sum("gzip"), brotli: sum("brotli") }];
}

/** Brotli, in bytes, of what the element adds to the module. */
export const ELEMENT_BUDGET_BROTLI_BYTES = 8_000;

/** The files that `import "disconnect-if-connected/element/define"` loads beside those of the package. */
export function elementSizes() {
  const files = ["define.js", "element.js"];
  return totalled(files.map((file) => join("element", file)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await build();
  console.table(Object.fromEntries(sizes().map(({ file, ...row }) => [file, row])));
  console.log(`Budget: ${BUDGET_BROTLI_BYTES} bytes of brotli in all.\n\nThe element, beside it:`);
  console.table(Object.fromEntries(elementSizes().map(({ file, ...row }) => [file, row])));
  console.log(`Budget: ${ELEMENT_BUDGET_BROTLI_BYTES} bytes of brotli in all.\n\nAs one minified script, by esbuild:`);
  console.table(await besides());
  const named = readFileSync(
    join(root, "target", "wasm32-unknown-unknown", "release", "bindgen", "pkg", "core", "core_bg.wasm"),
  );
  const functions = weigh(named);
  console.log("The parts of the module, in bytes, before wasm-opt:");
  console.table(parts(functions));
  console.log("Its heaviest functions:");
  for (const { name, bytes } of functions.slice(0, 25)) console.log(String(bytes).padStart(7), name.slice(0, 110));
}
