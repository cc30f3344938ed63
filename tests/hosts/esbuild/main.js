// The program of the page, without top-level await, which the default format does not have.
import * as imported from "disconnect-if-connected";
import { report } from "./report.mjs";
import { story } from "./story.mjs";

report((simulator) => story(imported, simulator));
