// Salesforce Open CTI: in the page that the call center's `reqAdapterUrl` names, after opencti_min.js.
import { embedRemoveCaller } from "./embed.js";

/** @param {any} opencti `sforce.opencti` @param {HTMLIFrameElement} frame @param {string} page */
export function removeCallerInOpenCti(opencti, frame, page) {
  const done = ({ success, errors }) => success || console.error("Open CTI:", errors);
  return embedRemoveCaller(frame, {
    page,
    on: {
      // The panel may be closed: a sign-in needs a click in it.
      "sign-in-required": () => opencti.setSoftphonePanelVisibility({ visible: true, callback: done }),
      outcome: ({ conversationId, participant, result }) =>
        opencti.saveLog({
          value: {
            entityApiName: "Task",
            Subject: `Removal of the ${participant.purpose}: ${result.outcome}`,
            Description: `Conversation ${conversationId}, correlation id ${result.correlationId}`,
            Status: "Completed",
          },
          callback: done,
        }),
    },
  });
}
