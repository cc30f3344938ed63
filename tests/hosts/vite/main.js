// The program of the page.
import * as imported from "disconnect-if-connected";
import { report } from "./report.mjs";
import { story } from "./story.mjs";

await report((simulator) => story(imported, simulator));
