// A route in the Node runtime.
import * as imported from "disconnect-if-connected";
import { story } from "../../story.mjs";

export const dynamic = "force-dynamic";

export async function GET(request) {
  const simulator = new URL(request.url).searchParams.get("simulator");
  return new Response(await story(imported, simulator).catch(String));
}
