// The story, and the package's simulator, in Jest's default environment.
const imported = require("disconnect-if-connected");
const { createSimulator } = require("disconnect-if-connected/simulator");
const { expected, story } = require("./story.cjs");

test("story", async () => expect(await story(imported, process.env.SIMULATOR)).toBe(expected), 60_000);

test("the simulator listens", async () => {
  const participants = [{ id: "p", schedule: [{ state: "connected" }] }];
  const simulator = await createSimulator({ conversations: [{ id: "c", participants }] });
  const { baseUrl, close } = await simulator.listen();
  const ids = { conversationId: "c", participantId: "p", accessToken: "tok-00000000" };
  const { outcome } = await imported.disconnectIfConnected({ ...ids, baseUrl });
  await close();
  expect(outcome).toBe("disconnected");
});
