// `npm run reference`: the API reference, made by typedoc from the package's types, in target/reference. typedoc has a
// folder of its own (docs/reference), because it does not support the TypeScript of this repository.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { bold, installReference, root, run, step } from "./run.mjs";

const folder = join(root, "docs", "reference");
const result = join(root, "target", "reference");

/** Makes the reference; with `to`, also a copy of it there. */
export async function buildReference(to) {
  await build();
  await installReference();
  await run(process.execPath, [join(folder, "node_modules", "typedoc", "bin", "typedoc"), "--logLevel", "Warn"], {
    cwd: folder,
  });
  if (to) cpSync(result, to, { recursive: true });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await buildReference();
  step(`The API reference is in ${bold(result)}`);
}
