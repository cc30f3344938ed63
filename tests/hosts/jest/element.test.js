/** @jest-environment jsdom */
// The element in Jest's environment jsdom.
require("disconnect-if-connected/element/define");
const { accepted, listed } = require("./platform.js");

test("the element", async () => {
  let state = "connected";
  const fetch = async (_, { method }) => {
    if (method === "GET") return listed(state);
    state = "disconnected";
    return accepted;
  };
  const element = document.createElement("remove-caller");
  const options = { accessToken: "tok-00000000", region: "us-east-1", fetch };
  Object.assign(element, { conversationId: "c", pollMs: 0, options });
  document.body.append(element);
  await element.refresh();
  const part = (name) => element.shadowRoot.querySelector(`[part=${name}]`);
  const ended = new Promise((resolve) => {
    element.addEventListener("remove-caller-outcome", ({ detail }) => resolve(detail.result.outcome));
  });
  part("button").click();
  part("confirm").click();
  expect([await ended, part("state").textContent]).toEqual(["disconnected", "gone"]);
  element.remove();
});
