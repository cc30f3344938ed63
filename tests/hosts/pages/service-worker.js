import * as imported from "/package/index.js";
import { story } from "/story.mjs";

addEventListener("message", (event) => {
  event.waitUntil(
    story(imported, event.data)
      .catch(String)
      .then((told) => event.source.postMessage(told)),
  );
});
