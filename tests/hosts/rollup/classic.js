// The program of the classic pages, without top-level await, which a classic script does not have.
import * as imported from "disconnect-if-connected";
import { report } from "./report.mjs";
import { story } from "./story.mjs";

report((simulator) => story(imported, simulator));
