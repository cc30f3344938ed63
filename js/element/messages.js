// @ts-check
// The texts of `<remove-caller>`, in English and German. `{name}`, `{state}`, `{seconds}`, `{reason}` and `{code}` are
// replaced.

/** @typedef {Record<string, string>} Messages */

/** @type {Messages} */
const en = {
  participants: "Participants",
  loading: "Reading who is on the call …",
  empty: "Nobody is on the call.",
  ended: "The call is over.",
  unreadable: "The participants could not be read. {reason}",
  remove: "Remove",
  removeName: "Remove {name}",
  question: "Remove {name} from the call?",
  cancel: "Cancel",
  removing: "Removing {name} …",
  elsewhere: "{name} is already being removed, waiting for that …",
  settlingConnected: "The platform is still changing the call of {name}, trying again …",
  settling: "{name} is still {state}, trying again …",
  settlingUnlisted: "{name} is not on the list right now, trying again …",
  backoff: "The platform does not answer, trying again …",
  paused: "The platform asks for a pause of {seconds} s, then trying again …",
  accepted: "The platform has accepted it. Waiting for {name} to leave …",
  disconnected: "{name} was removed.",
  unconfirmed: "The platform accepted the removal of {name}, but still shows: {state}.",
  unacknowledged: "{name} has left. The platform did not say whether this removal did it.",
  "already-disconnected": "{name} had already left.",
  "not-connected": "{name} is still {state}. Nothing was changed.",
  mayHaveLeft: "{name} may have been removed all the same: check the list before you try again.",
  CONFLICT: "{name} was not removed: the platform is still changing the call. Try again in a moment.",
  PARTICIPANT_NOT_FOUND: "{name} is not on this call.",
  CONVERSATION_NOT_FOUND: "This call was not found.",
  UNAUTHORIZED: "Your sign-in has expired. Sign in again.",
  FORBIDDEN: "You are not allowed to do this. Ask your administrator for the permission.",
  RATE_LIMITED: "There were too many requests. Try again in {seconds} s.",
  SERVER_ERROR: "The platform has a problem. Try again in a moment.",
  NETWORK: "The platform cannot be reached. Check the connection.",
  TIMEOUT: "The platform took too long to answer. Try again.",
  REJECTED: "{name} was not removed: the platform refused it.",
  UNSUPPORTED: "This page does not allow WebAssembly. Ask your administrator.",
  failed: "That did not work. Tell your administrator: {code}.",
  "purpose.customer": "Customer",
  "purpose.external": "External",
  "purpose.agent": "Agent",
  "purpose.user": "Colleague",
  unnamed: "Participant",
  "state.connected": "connected",
  "state.disconnected": "gone",
  "state.terminated": "gone",
  "state.alerting": "ringing",
  "state.dialing": "being dialled",
  "state.contacting": "being called",
  "state.offering": "being offered",
  "state.queued": "in the queue",
  "state.converting": "converting",
  "state.uploading": "uploading",
  "state.transmitting": "transmitting",
  "state.parked": "parked",
  "state.scheduled": "scheduled",
  "state.none": "without a state",
};

/** @type {Messages} */
const de = {
  participants: "Teilnehmer",
  loading: "Die Teilnehmer des Gesprächs werden gelesen …",
  empty: "Niemand ist im Gespräch.",
  ended: "Das Gespräch ist beendet.",
  unreadable: "Die Teilnehmer konnten nicht gelesen werden. {reason}",
  remove: "Entfernen",
  removeName: "{name} entfernen",
  question: "{name} aus dem Gespräch entfernen?",
  cancel: "Abbrechen",
  removing: "{name} wird entfernt …",
  elsewhere: "{name} wird schon entfernt, darauf wird gewartet …",
  settlingConnected: "Die Plattform ändert gerade das Gespräch von {name}, neuer Versuch …",
  settling: "{name} ist noch {state}, neuer Versuch …",
  settlingUnlisted: "{name} steht gerade nicht in der Liste, neuer Versuch …",
  backoff: "Die Plattform antwortet nicht, neuer Versuch …",
  paused: "Die Plattform verlangt eine Pause von {seconds} s, danach neuer Versuch …",
  accepted: "Die Plattform hat es angenommen. {name} verlässt gleich das Gespräch …",
  disconnected: "{name} wurde entfernt.",
  unconfirmed: "Die Plattform hat die Entfernung von {name} angenommen, zeigt aber noch: {state}.",
  unacknowledged: "{name} ist gegangen. Die Plattform sagt nicht, ob es an dieser Entfernung lag.",
  "already-disconnected": "{name} war schon gegangen.",
  "not-connected": "{name} ist noch {state}. Nichts wurde geändert.",
  mayHaveLeft: "{name} wurde vielleicht trotzdem entfernt: vor einem neuen Versuch die Liste ansehen.",
  CONFLICT: "{name} wurde nicht entfernt: Die Plattform ändert das Gespräch noch. Gleich noch einmal versuchen.",
  PARTICIPANT_NOT_FOUND: "{name} ist nicht in diesem Gespräch.",
  CONVERSATION_NOT_FOUND: "Dieses Gespräch wurde nicht gefunden.",
  UNAUTHORIZED: "Die Anmeldung ist abgelaufen. Bitte neu anmelden.",
  FORBIDDEN: "Dafür fehlt die Berechtigung. Bitte die Administration darum bitten.",
  RATE_LIMITED: "Es waren zu viele Anfragen. In {seconds} s noch einmal versuchen.",
  SERVER_ERROR: "Die Plattform hat eine Störung. Gleich noch einmal versuchen.",
  NETWORK: "Die Plattform ist nicht erreichbar. Bitte die Verbindung prüfen.",
  TIMEOUT: "Die Plattform hat zu lange nicht geantwortet. Noch einmal versuchen.",
  REJECTED: "{name} wurde nicht entfernt: Die Plattform hat es abgelehnt.",
  UNSUPPORTED: "Diese Seite erlaubt kein WebAssembly. Bitte die Administration fragen.",
  failed: "Das hat nicht funktioniert. Bitte der Administration melden: {code}.",
  "purpose.customer": "Kunde",
  "purpose.external": "Extern",
  "purpose.agent": "Agent",
  "purpose.user": "Kollege",
  unnamed: "Teilnehmer",
  "state.connected": "verbunden",
  "state.disconnected": "gegangen",
  "state.terminated": "gegangen",
  "state.alerting": "am Klingeln",
  "state.dialing": "in der Anwahl",
  "state.contacting": "in der Anwahl",
  "state.offering": "im Angebot",
  "state.queued": "in der Warteschlange",
  "state.converting": "in Umwandlung",
  "state.uploading": "in Übertragung",
  "state.transmitting": "in Übertragung",
  "state.parked": "geparkt",
  "state.scheduled": "geplant",
  "state.none": "ohne Zustand",
};

/** The texts by language: another language is one more entry. @type {Record<string, Messages>} */
export const languages = { en, de };

/** Right-to-left letters, and characters that change the direction. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\u202a-\u202e\u2066-\u2069\ufb1d-\ufefc]/;

/**
 * Fills in a text. Where directions may mix, a value is isolated (Unicode's FSI and PDI), so that it does not reorder
 * the text around it.
 * @param {string} text
 * @param {Record<string, string>} values
 * @param {boolean} isRightToLeft
 */
export function filled(text, values, isRightToLeft) {
  const isolates = isRightToLeft || RIGHT_TO_LEFT.test(text + Object.values(values).join(""));
  return text.replace(/\{(\w+)\}/g, (whole, key) => {
    const value = values[key] ?? whole;
    return isolates ? `\u2068${value}\u2069` : value;
  });
}
