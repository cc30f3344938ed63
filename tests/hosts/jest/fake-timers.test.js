// Jest's fake timers.
const { disconnectIfConnected } = require("disconnect-if-connected");
const { fetch, ids, listed } = require("./platform.js");

test("a call that needs no timer settles under fake timers, and the next one too", async () => {
  jest.useFakeTimers();
  const first = await disconnectIfConnected({ ...ids, fetch });
  // Waits for a timer that never fires.
  disconnectIfConnected({ ...ids, fetch: async () => listed("queued") });
  jest.useRealTimers();
  const second = await disconnectIfConnected({ ...ids, fetch });
  expect([first.outcome, second.outcome]).toEqual(["disconnected", "disconnected"]);
});
