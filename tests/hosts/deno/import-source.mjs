// The entry without an inlined module: `init` gets core.wasm from a source phase import.

import source module from "disconnect-if-connected/core.wasm";
import * as imported from "disconnect-if-connected/wasm";
import { story } from "./story.mjs";

await imported.init(module);
console.log(await story(imported, process.env.SIMULATOR));
