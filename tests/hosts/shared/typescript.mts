// The package in TypeScript, with a type-only import.
import {
  ConversationClient,
  DisconnectError,
  type DisconnectOptions,
  disconnectIfConnected,
} from "disconnect-if-connected";
// @ts-expect-error: story.mjs has no types
import { story } from "./story.mjs";

const typed: Pick<DisconnectOptions, "api"> = { api: "calls" };
const imported = { ConversationClient, DisconnectError, disconnectIfConnected };
if (typed.api === "calls") console.log(await story(imported, process.env.SIMULATOR));
