// The cells of workerd: each folder is a Worker, bundled by wrangler and run in Miniflare.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { installMiddleware, root } from "../../../scripts/run.mjs";
import * as context from "../shared/context.mjs";
import { bin, home, versionOf } from "../support/installed.mjs";
import { runProgram } from "../support/program.mjs";
import { createProject, folderOf } from "../support/project.mjs";

/** Bundles the Worker of a folder, sends it one request, and returns its response's text. */
async function respond(name, simulator, copies) {
  const cwd = createProject(`workerd ${name}`, { folder: join(folderOf(import.meta.url), name), copies });
  const env = { WRANGLER_SEND_METRICS: "false", XDG_CONFIG_HOME: cwd, CI: "1" };
  await runProgram(bin("wrangler"), ["deploy", "--dry-run", "--outdir", "out"], { cwd, env });
  const out = join(cwd, "out");
  const modules = readdirSync(out)
    .filter((file) => /\.(m?js|wasm)$/.test(file))
    .sort((file) => (file.startsWith("main") ? -1 : 1))
    .map((file) => ({ type: file.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path: join(out, file) }));
  const configuration = JSON.parse(readFileSync(join(cwd, "wrangler.json"), "utf8"));
  const { compatibility_date: compatibilityDate, compatibility_flags: compatibilityFlags } = configuration;
  const imported = await import(pathToFileURL(join(home, "node_modules", "miniflare", "dist", "src", "index.js")));
  const { Miniflare } = imported.default ?? imported;
  const miniflare = new Miniflare({ modules, modulesRoot: out, compatibilityDate, compatibilityFlags });
  try {
    const response = await miniflare.dispatchFetch(`http://worker/?simulator=${encodeURIComponent(simulator)}`);
    return await response.text();
  } finally {
    await miniflare.dispose();
  }
}

/** The recipe for Workers of docs/recipes.md; what it imports besides the package is installed for the middleware. */
async function respondByRecipe(simulator) {
  await installMiddleware();
  const copies = {};
  for (const file of ["worker.mjs", "web.mjs"]) copies[file] = join(root, "www", "recipes", file);
  for (const name of ["standardwebhooks", "@stablelib/base64", "fast-sha256"])
    copies[`node_modules/${name}`] = join(root, "www", "middleware", "node_modules", name);
  return respond("recipe", simulator, copies);
}

const host = `workerd ${versionOf("workerd")}`;

export const cells = [
  { host, form: "wrangler's bundle in Miniflare", run: (simulator) => respond("story", simulator) },
  {
    host,
    form: "AsyncLocalStorage",
    expected: context.expected,
    run: (simulator) => respond("context", simulator),
  },
  { host, form: "docs/recipes.md", expected: "200 disconnected", run: respondByRecipe },
];
