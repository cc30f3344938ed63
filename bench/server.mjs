// The platform for the benchmark, in a process of its own: the simulator's own body for so many participants, again and again, so that
// every contender finds the participant connected and nobody pays for the model.
import { createServer } from "node:http";
import { createSimulator } from "../pkg/simulator/index.js";

export const ids = { conversationId: "3f2a9c10-7d5e-4b8a-9c41-5d2f6e8b1a07", participantId: "b71c02de-1f4a-4e0c-8a6b-90d3c5e7f218" };

/** The simulator's body of a conversation with so many participants, each with so many bytes of attributes. */
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
  const server = createServer((request, response) => {
    const correlation = { "ININ-Correlation-Id": "00000001-51e1-4a70-8000-000000000000" };
    if (request.method === "GET") {
      const body = bodies[request.headers.host.startsWith("localhost") ? "/300" : "/5"];
      response.writeHead(200, { ...correlation, "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) }).end(body);
    } else {
      request.resume();
      response.writeHead(202, { ...correlation, "Content-Length": 0 }).end();
    }
  }).listen(0, () => console.log(server.address().port));
}
