// ServiceNow OpenFrame: in the page that the OpenFrame configuration names, after openFrameAPI.min.js of the instance.
import { embedRemoveCaller } from "./embed.js";

/** @param {any} openFrameAPI @param {HTMLIFrameElement} frame @param {string} page */
export function removeCallerInOpenFrame(openFrameAPI, frame, page) {
  const removeCaller = embedRemoveCaller(frame, {
    page,
    on: { "sign-in-required": () => openFrameAPI.show() },
  });
  const initialised = () =>
    // A UI action: CustomEvent.fireAll("openframe_request", { method: "openframe_communication", conversationId })
    openFrameAPI.subscribe(openFrameAPI.EVENTS.COMMUNICATION_EVENT, ({ conversationId }) => {
      if (!conversationId) return;
      removeCaller.show(conversationId);
      openFrameAPI.show();
    });
  // The first call of its API.
  openFrameAPI.init({ height: 420, width: 360 }, initialised, (error) => console.error("OpenFrame:", error));
  return removeCaller;
}
