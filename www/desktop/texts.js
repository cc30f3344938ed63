// The texts of the page, in English and German, without those of the element.

/** @type {Record<string, Record<string, string>>} */
export const languages = {
  en: {
    title: "Remove a caller",
    starting: "Starting …",
    leaving: "Going to the sign-in …",
    noConversation: "Waiting for a call.",
    signInFirst: "Sign in to see who is on the call.",
    signInAgain: "Your sign-in has ended. Sign in again to go on.",
    signIn: "Sign in",
    signOut: "Not you?",
    retry: "Try again",
    waitingForWindow: "Sign in in the separate window …",
    cancel: "Cancel",
    error: "{text}",
    "error.popup_blocked":
      "The browser blocked the sign-in window. Allow pop-ups for this page, " +
      "or ask your administrator for allow-popups in the sandbox of the frame.",
    "error.popup_closed": "The sign-in window was closed before the sign-in was complete.",
    "error.not_begun": "This sign-in was not begun in this tab. Sign in again.",
    "error.access_denied": "The sign-in was refused. {description}",
    "error.failed": "The sign-in service could not be reached, or has a problem. Try again.",
    "error.address":
      "The sign-in failed ({code}). {description} " +
      "The redirect URI of the OAuth client has to be exactly {redirectUri}",
    "error.other": "The sign-in failed ({code}). {description}",
    elsewhere: "The page that opened this window cannot be reached. Close this window, and sign in there again.",
    signedInAs: "Signed in as {name}",
    "channel.live": "live",
    "channel.slow": "checked every {seconds} s",
    noDisconnect: "Your role lacks the permission conversation:communication:disconnect: a removal may be refused.",
    noScope: "The OAuth client lacks the scope {scope}.",
    writeRefused:
      "The platform refused the removal. It needs the scope conversations of the OAuth client " +
      "and the permission conversation:communication:disconnect of your role.",
    readRefused: "The platform does not show you this call. The OAuth client needs the scope conversations:readonly.",
    noUser: "Your user could not be read, so changes are shown later.",
    removed: "Removed",
    notRemoved: "Not removed",
  },
  de: {
    title: "Anrufer entfernen",
    starting: "Startet …",
    leaving: "Weiter zur Anmeldung …",
    noConversation: "Wartet auf ein Gespräch.",
    signInFirst: "Melden Sie sich an, um zu sehen, wer im Gespräch ist.",
    signInAgain: "Ihre Anmeldung ist abgelaufen. Melden Sie sich erneut an.",
    signIn: "Anmelden",
    signOut: "Nicht Sie?",
    retry: "Noch einmal",
    waitingForWindow: "Melden Sie sich in dem eigenen Fenster an …",
    cancel: "Abbrechen",
    error: "{text}",
    "error.popup_blocked":
      "Der Browser hat das Anmeldefenster blockiert. Erlauben Sie Pop-ups für diese Seite, " +
      "oder bitten Sie die Administration um allow-popups in der Sandbox des Rahmens.",
    "error.popup_closed": "Das Anmeldefenster wurde geschlossen, bevor die Anmeldung fertig war.",
    "error.not_begun": "Diese Anmeldung hat nicht in diesem Tab begonnen. Melden Sie sich erneut an.",
    "error.access_denied": "Die Anmeldung wurde abgelehnt. {description}",
    "error.failed": "Der Anmeldedienst war nicht erreichbar oder hat ein Problem. Versuchen Sie es noch einmal.",
    "error.address":
      "Die Anmeldung ist gescheitert ({code}). {description} " +
      "Die Redirect-URI des OAuth-Clients muss genau so lauten: {redirectUri}",
    "error.other": "Die Anmeldung ist gescheitert ({code}). {description}",
    elsewhere:
      "Die Seite, die dieses Fenster geöffnet hat, ist nicht erreichbar. " +
      "Schließen Sie es, und melden Sie sich dort erneut an.",
    signedInAs: "Angemeldet als {name}",
    "channel.live": "live",
    "channel.slow": "alle {seconds} s geprüft",
    noDisconnect:
      "Ihrer Rolle fehlt die Berechtigung conversation:communication:disconnect: " +
      "Ein Entfernen kann abgelehnt werden.",
    noScope: "Dem OAuth-Client fehlt der Scope {scope}.",
    writeRefused:
      "Die Plattform hat das Entfernen abgelehnt. Nötig sind der Scope conversations des OAuth-Clients " +
      "und die Berechtigung conversation:communication:disconnect Ihrer Rolle.",
    readRefused:
      "Die Plattform zeigt Ihnen dieses Gespräch nicht. Der OAuth-Client braucht den Scope conversations:readonly.",
    noUser: "Ihr Benutzer ließ sich nicht lesen; Änderungen erscheinen daher später.",
    removed: "Entfernt",
    notRemoved: "Nicht entfernt",
  },
};

/** The language of a tag such as `de-at`; English if there are no texts in it. @param {string | undefined} tag */
export function languageOf(tag) {
  const [language] = (tag ?? "en").toLowerCase().split("-");
  return Object.hasOwn(languages, language) ? language : "en";
}

/** Fills in a text. @param {string} text @param {Record<string, unknown>} values */
export const filled = (text, values) =>
  text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name] ?? "") : all)).trim();
