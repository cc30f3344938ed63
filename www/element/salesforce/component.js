// A component as on a Lightning page: classic scripts from static resources, in strict mode, and a closed shadow root
// around the element. Lightning Web Security itself is not included; docs/element.md says what is not known of it.

(() => {
  class CallControls extends HTMLElement {
    #root = this.attachShadow({ mode: "closed" });

    connectedCallback() {
      const { searchParams } = new URL(location.href);
      const { ConversationClient } = window.DisconnectIfConnected;
      const element = document.createElement("remove-caller");
      element.client = new ConversationClient({
        accessToken: () => "example-token-0123456789",
        baseUrl: searchParams.get("baseUrl") ?? undefined,
        api: "calls",
      });
      element.conversationId = searchParams.get("conversationId") ?? "";
      this.#root.append(element);
    }
  }
  customElements.define("c-call-controls", CallControls);

  // The element's events cross shadow roots, closed ones too.
  document.addEventListener("remove-caller-outcome", ({ detail }) => {
    document.querySelector("output").textContent = `${detail.participant.name}: ${detail.result.outcome}`;
  });
  document.addEventListener("remove-caller-error", ({ detail }) => {
    document.querySelector("output").textContent = String(detail.error);
  });
})();
