// The story in a module worker.
import * as imported from "/package/index.js";
import { story } from "/shared/story.mjs";

addEventListener("message", async ({ data: simulator }) => postMessage(await story(imported, simulator).catch(String)));
