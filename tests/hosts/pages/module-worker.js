import * as imported from "/package/index.js";
import { story } from "/story.mjs";

addEventListener("message", async ({ data: simulator }) => postMessage(await story(imported, simulator).catch(String)));
