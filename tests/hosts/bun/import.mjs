// The package as an ES module.
import * as imported from "disconnect-if-connected";
import { story } from "./story.mjs";

console.log(await story(imported, process.env.SIMULATOR));
