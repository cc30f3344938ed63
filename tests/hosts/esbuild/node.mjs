// A program for Node, without top-level await, which CommonJS does not have.
import * as imported from "disconnect-if-connected";
import { story } from "./story.mjs";

story(imported, process.env.SIMULATOR).then((result) => console.log(result));
