// The platform of the benchmarks, in another process: it always answers with the same body of the simulator, so that
// every contender finds the participant connected, and the simulator takes no time.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { createSimulator } from "../pkg/simulator.js";
import { types } from "../scripts/serve.mjs";
import { ids } from "./platform.mjs";

/** The simulator's body of a conversation with `count` participants, each with `attributeBytes` of attributes. */
export async function callBody(count, attributeBytes = 0) {
  const schedule = [{ at: -1e6, state: "connected" }];
  const others = Array.from({ length: count - 1 }, (_, index) => ({
    id: `participant-${index}`,
    purpose: "agent",
    schedule,
    attributeBytes,
  }));
  const participants = [...others, { id: ids.participantId, schedule, attributeBytes }];
  const { fetch } = await createSimulator({ conversations: [{ id: ids.conversationId, participants }] });
  return (await fetch(`http://localhost/api/v2/conversations/calls/${ids.conversationId}`)).text();
}

if (process.argv[2] === "serve") {
  const bodies = { "/5": await callBody(5), "/300": await callBody(300, 2_600) };
  const latencyMs = Number(process.argv[4] ?? 0);
  // Pages for the browser, on the origin of the API, so that no request needs a preflight.
  const server = createServer(async (request, response) => {
    const [, page] = /^\/pages\/([\w.-]+)$/.exec(request.url) ?? [];
    if (page)
      return response
        .writeHead(200, { "Content-Type": types[extname(page)] })
        .end(await readFile(join(process.argv[3], page)));
    await new Promise((resolve) => (latencyMs > 0 ? setTimeout(resolve, latencyMs) : resolve()));
    const correlation = { "ININ-Correlation-Id": "00000001-51e1-4a70-8000-000000000000" };
    if (request.method === "GET") {
      const body = bodies[request.headers.host.startsWith("localhost") ? "/300" : "/5"];
      response
        .writeHead(200, {
          ...correlation,
          "Content-Type": "application/json",
          "Content-Length": Buffer.byteLength(body),
        })
        .end(body);
    } else {
      request.resume();
      response.writeHead(202, { ...correlation, "Content-Length": 0 }).end();
    }
  }).listen(0, () => console.log(server.address().port));
}
