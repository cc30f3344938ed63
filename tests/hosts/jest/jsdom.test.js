/** @jest-environment jsdom */
// The call in Jest's environment jsdom.
const { DisconnectError, disconnectIfConnected } = require("disconnect-if-connected");
const { fetch, ids } = require("./platform.js");

test("in a page", async () => {
  expect(typeof window.document).toBe("object");
  const { outcome } = await disconnectIfConnected({ ...ids, fetch });
  const error = await disconnectIfConnected({ ...ids, fetch, settleMs: -1 }).catch((error) => error);
  expect(outcome).toBe("disconnected");
  expect([error.code, error instanceof DisconnectError]).toEqual(["INVALID_ARGUMENT", true]);
});
