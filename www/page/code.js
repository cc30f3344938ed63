// The code samples for the current settings.
import { defaults } from "./settings.js";

/** A call of the package, with the settings that differ from its defaults. */
export function codeOf({ api, settleMs, confirm }) {
  const more = [
    settleMs !== defaults.settleMs &&
      `  settleMs: ${settleMs}, // how long to keep reading while the state is not settled`,
    confirm && "  confirm: true, // after acceptance, keep reading until the participant is seen gone",
  ].filter(Boolean);
  return `import { disconnectIfConnected } from "disconnect-if-connected";

const result = await disconnectIfConnected({
  conversationId,
  participantId,
  accessToken, // or async ({ refresh }) => token
  region: "us-east-1",
  api: "${api}",
${[...more, "  onEvent: (event) => console.log(event),"].join("\n")}
});
console.log(result.outcome, result.timeline);
`;
}

/** The element with the same settings. */
export function codeOfElement({ api, settleMs, confirmMode, language }) {
  const settle = settleMs === defaults.settleMs ? "" : `, settleMs: ${settleMs}`;
  const mode = confirmMode === defaults.confirmMode ? "" : ` confirm-mode="${confirmMode}"`;
  const lang = language === defaults.language ? "" : ` lang="${language}"`;
  return `<remove-caller conversation-id="3f2a9c10-…"${mode}${lang}></remove-caller>

<script type="module">
  import "disconnect-if-connected/element/define";

  const element = document.querySelector("remove-caller");
  element.options = { accessToken: () => getToken(), region: "us-east-1", api: "${api}"${settle} };
  element.addEventListener("remove-caller-outcome", ({ detail }) => {
    console.log(detail.participant.name, detail.result.outcome);
  });
</script>
`;
}
