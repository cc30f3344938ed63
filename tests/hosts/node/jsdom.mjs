// Globals as the environment of a test leaves them: the AbortController is jsdom's, fetch is Node's.
import * as imported from "disconnect-if-connected";
import { JSDOM } from "jsdom";
import { story } from "./story.mjs";

globalThis.AbortController = new JSDOM("").window.AbortController;
console.log(await story(imported, process.env.SIMULATOR));
