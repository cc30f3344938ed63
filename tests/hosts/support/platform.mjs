// The platform of one cell: a simulator over HTTP.

/** Starts it. The first write is refused once, as it is for a leg that changes. */
export async function startPlatform() {
  // Imported here, because pkg/ may not be built yet when this file is loaded.
  const { createSimulator } = await import("../../../pkg/simulator.js");
  const participants = [
    { id: "p", schedule: [{ at: -1e6, state: "connected" }] },
    { id: "queued", schedule: [{ at: -1e6, state: "queued" }] },
  ];
  const conversations = [{ id: "c", participants }];
  const simulator = await createSimulator({ conversations, accessToken: "a-secret-token" });
  simulator.addFault({ on: "write", status: 409 });
  return simulator.listen();
}
