// The entry without an inlined module: `init` gets core.wasm from a file.
import { readFile } from "node:fs/promises";
import * as imported from "disconnect-if-connected/wasm";
import { story } from "./story.mjs";

await imported.init(readFile(new URL(import.meta.resolve("disconnect-if-connected/core.wasm"))));
console.log(await story(imported, process.env.SIMULATOR));
