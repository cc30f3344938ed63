/**
 * The element `<remove-caller>`.
 *
 * @module disconnect-if-connected/element
 */

import type {
  ConversationClient,
  ConversationClientOptions,
  ConversationParticipant,
  DisconnectResult,
  ParticipantDescription,
} from "../index.cjs";

/** When the element asks before it removes: always, for the last connected customer only, or never. */
export type ConfirmMode = "always" | "last" | "never";

/** The texts of the element by their keys; `{name}`, `{state}`, `{seconds}`, `{reason}` and `{code}` are replaced. */
export type RemoveCallerMessages = Record<string, string>;

/** The events of the element. They bubble and cross shadow roots. */
export interface RemoveCallerEventMap {
  /** Before a removal begins. `preventDefault()` prevents it. */
  "remove-caller-before": CustomEvent<{ participant: ConversationParticipant }>;
  /** After a removal. */
  "remove-caller-outcome": CustomEvent<{
    participant: ConversationParticipant;
    result: DisconnectResult;
    message: string;
  }>;
  /** A removal without an outcome; without `participant`, a read of the participants that failed. */
  "remove-caller-error": CustomEvent<{ participant?: ConversationParticipant; error: unknown; message?: string }>;
}

/**
 * `<remove-caller>`: the participants of a conversation with their live state, and a button for each that removes it.
 *
 * @example
 * import "disconnect-if-connected/element/define";
 * const element = document.createElement("remove-caller");
 * element.options = { accessToken: () => getToken(), region: "us-east-1", api: "calls" };
 * element.conversationId = conversationId;
 * document.body.append(element);
 */
export class RemoveCallerElement extends HTMLElement {
  /** The texts of each language. A language that you add is available in all elements. */
  static languages: Record<string, RemoveCallerMessages>;
  /** The conversation's id; attribute `conversation-id`. */
  conversationId: string;
  /** A client, which you close. It takes precedence over `options`. */
  client: ConversationClient | undefined;
  /** The options of the element's own client. Changed values make a new client, changed functions do not. */
  options: ConversationClientOptions | undefined;
  /** Which participants are shown; default: people, not infrastructure, not legs that only listen. */
  where: ParticipantDescription | undefined;
  /** Texts that replace the built-in ones. */
  messages: Partial<RemoveCallerMessages> | undefined;
  /** Attribute `confirm-mode`; default `"always"`. */
  confirmMode: ConfirmMode;
  /** How often the participants are read, in milliseconds; attribute `poll-ms`; default 5000; 0: no polling. */
  pollMs: number;
  /** Reads the participants again; settles when they are shown. It does not reject. */
  refresh(): Promise<void>;
  addEventListener<K extends keyof RemoveCallerEventMap>(
    type: K,
    listener: (this: RemoveCallerElement, event: RemoveCallerEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof RemoveCallerEventMap>(
    type: K,
    listener: (this: RemoveCallerElement, event: RemoveCallerEventMap[K]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "remove-caller": RemoveCallerElement;
  }
}
