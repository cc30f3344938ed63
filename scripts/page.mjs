// `npm run build:page`: the page as static files in target/page, for any web server, with the API reference beside it.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { buildReference } from "./reference.mjs";
import { bold, root, step } from "./run.mjs";

export const pageFolder = join(root, "target", "page");

export async function buildPage() {
  await build();
  const { build: bundle } = await import("esbuild");
  rmSync(pageFolder, { recursive: true, force: true });
  mkdirSync(join(pageFolder, "page"), { recursive: true });
  const from = join(root, "www");
  // Not minified: the page shows the source of its contenders.
  await bundle({
    entryPoints: [join(from, "page", "main.js"), join(from, "page", "worker.js")],
    outdir: join(pageFolder, "page"),
    bundle: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    logLevel: "error",
  });
  for (const file of ["index.html", join("page", "page.css")]) copyFileSync(join(from, file), join(pageFolder, file));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await buildPage();
  await buildReference(join(pageFolder, "reference"));
  step(`The page is in ${bold(pageFolder)}`);
}
