// A Worker that responds with the result of the story.
import * as imported from "disconnect-if-connected";
import { story } from "./story.mjs";

export default {
  fetch: async (request) => new Response(await story(imported, new URL(request.url).searchParams.get("simulator"))),
};
