import { embedRemoveCaller } from "./embed.js";

const query = new URLSearchParams(location.search);
const log = (text) => {
  const item = document.createElement("li");
  item.textContent = text;
  document.querySelector("#log").append(item);
};

window.removeCaller = embedRemoveCaller(document.querySelector("#remove-caller"), {
  page: query.get("widget"),
  conversationId: "c-1",
  language: document.documentElement.lang,
  on: {
    outcome: ({ participant, result }) => log(`${participant.purpose}: ${result.outcome}`),
    error: ({ error }) => log(`${error.code}: ${error.message}`),
    "sign-in-required": () => log("Sign in in the panel on the right."),
    "signed-in": () => log("Signed in."),
    invalid: ({ reason }) => log(`invalid: ${reason}`),
  },
});
