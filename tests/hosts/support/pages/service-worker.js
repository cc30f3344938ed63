// The story in a service worker, which is a module.
import * as imported from "/package/index.js";
import { story } from "/shared/story.mjs";

addEventListener("message", (event) => {
  event.waitUntil(
    story(imported, event.data)
      .catch(String)
      .then((result) => event.source.postMessage(result)),
  );
});
