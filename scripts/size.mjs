// `npm run size`: what a browser downloads for `disconnectIfConnected`, and where the bytes go.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "./build.mjs";
import { root } from "./run.mjs";
import { weigh } from "./wasm-functions.mjs";

/** Brotli, in bytes, of all that a page downloads; `npm test` fails above. */
export const BUDGET_BROTLI_BYTES = 40_000;

const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } }).length;

/** The files of the package that `import "disconnect-if-connected"` loads in a browser, each as a web server would send it. */
export function sizes() {
  const files = ["index.js", "init.js", "error.js", "load.js", "wasm/core.js", "wasm/core.bytes.js"];
  const rows = files.map((file) => {
    const bytes = readFileSync(join(root, "pkg", file));
    return { file, raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotli(bytes) };
  });
  const sum = (key) => rows.reduce((all, row) => all + row[key], 0);
  return [...rows, { file: "in all", raw: sum("raw"), gzip: sum("gzip"), brotli: sum("brotli") }];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await build();
  console.table(Object.fromEntries(sizes().map(({ file, ...row }) => [file, row])));
  console.log(`Budget: ${BUDGET_BROTLI_BYTES} bytes of brotli in all.\n\nHeaviest functions, before wasm-opt inlines them:`);
  const named = readFileSync(join(root, "target", "wasm32-unknown-unknown", "release", "bindgen", "core", "core_bg.wasm"));
  for (const { name, bytes } of weigh(named).slice(0, 25)) console.log(String(bytes).padStart(7), name.slice(0, 110));
}
