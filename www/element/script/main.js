// The element on a page without modules and without a build: element.iife.js registers it.
const { searchParams } = new URL(location.href);
const element = document.querySelector("remove-caller");

element.addEventListener("remove-caller-outcome", ({ detail }) => {
  document.querySelector("output").textContent = `${detail.participant.name}: ${detail.result.outcome}`;
});
element.addEventListener("remove-caller-error", ({ detail }) => {
  document.querySelector("output").textContent = String(detail.error);
});
element.options = {
  accessToken: () => "example-token-0123456789",
  baseUrl: searchParams.get("baseUrl") ?? undefined,
  api: "calls",
};
element.conversationId = searchParams.get("conversationId") ?? "";
