#!/usr/bin/env node
// @ts-check
// The command `npx disconnect-if-connected CONVERSATION PARTICIPANT --region REGION`: one call from a terminal.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { DisconnectError, disconnectIfConnected } from "./index.node.mjs";

const TOKEN_VARIABLE = "GENESYS_CLOUD_ACCESS_TOKEN";

const HELP = `Usage: disconnect-if-connected CONVERSATION [PARTICIPANT] (--region REGION | --base-url URL) [options]

Removes one participant from a live voice conversation, only when it is connected. PARTICIPANT is its id; without it,
the options --participant-... describe the participant.

The access token is read from the environment variable ${TOKEN_VARIABLE}, or else from standard input.

  --participant-purpose P     its purpose, for example customer; may be repeated: any of them matches
  --participant-user USER     the id of its user
  --participant-address A     its address, for example +13175550142
  --api voice|calls           the routes of the platform (voice); calls is the published Conversations API
  --region REGION             AWS name or domain, for example us-east-1 or mypurecloud.com
  --base-url URL              an https origin instead of a region
  --settle-ms MS              how long to keep reading while the state is not settled, in ms (1500)
  --timeout-ms MS             deadline of the whole call, in ms (10000)
  --request-timeout-ms MS     deadline of one HTTP exchange, in ms (3000)
  --max-retries N             transient failures in a row that are retried (3)
  --confirm                   keep reading until the participant is seen gone
  --disconnectable-state S    a state in which the disconnect is sent; may be repeated (connected)
  --on-behalf-of USER         with --api calls: disconnect on behalf of this user
  --json                      print the result or the error as JSON
  --help, --version

Exit codes: 0 gone (disconnected or already-disconnected) · 2 INVALID_ARGUMENT or usage · 3 not-connected ·
4 PARTICIPANT_NOT_FOUND · 5 CONVERSATION_NOT_FOUND · 6 UNAUTHORIZED · 7 FORBIDDEN · 8 CONFLICT · 9 RATE_LIMITED ·
10 SERVER_ERROR · 11 NETWORK · 12 TIMEOUT · 13 BAD_RESPONSE · 14 REJECTED · 15 AMBIGUOUS_PARTICIPANT ·
16 UNSUPPORTED · 17 INTERNAL · 130 interrupted`;

/** @type {Record<string, number>} */
const EXIT_CODES = {
  disconnected: 0,
  "already-disconnected": 0,
  "not-connected": 3,
  INVALID_ARGUMENT: 2,
  PARTICIPANT_NOT_FOUND: 4,
  CONVERSATION_NOT_FOUND: 5,
  UNAUTHORIZED: 6,
  FORBIDDEN: 7,
  CONFLICT: 8,
  RATE_LIMITED: 9,
  SERVER_ERROR: 10,
  NETWORK: 11,
  TIMEOUT: 12,
  BAD_RESPONSE: 13,
  REJECTED: 14,
  AMBIGUOUS_PARTICIPANT: 15,
  UNSUPPORTED: 16,
  INTERNAL: 17,
};
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const OPTIONS = /** @type {const} */ ({
  "participant-purpose": { type: "string", multiple: true },
  "participant-user": { type: "string" },
  "participant-address": { type: "string" },
  api: { type: "string" },
  region: { type: "string" },
  "base-url": { type: "string" },
  "settle-ms": { type: "string" },
  "timeout-ms": { type: "string" },
  "request-timeout-ms": { type: "string" },
  "max-retries": { type: "string" },
  confirm: { type: "boolean" },
  "disconnectable-state": { type: "string", multiple: true },
  "on-behalf-of": { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean" },
  version: { type: "boolean" },
});

/** @param {number} code @param {string} message @returns {never} */
function exit(code, message) {
  console.error(message);
  process.exit(code);
}

function parsedArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return exit(EXIT_USAGE, `${/** @type {Error} */ (error).message}\n\n${HELP}`);
  }
}

/** An event as one line of output. @param {import("./index.cjs").DisconnectEvent} event */
function lineOf(event) {
  const at = `${event.at.toFixed(0).padStart(6)} ms  `;
  switch (event.type) {
    case "request":
      return `${at}→ ${event.method} ${event.path}`;
    case "response": {
      const parts = [event.status ?? "no answer", event.failure, event.platformCode, event.correlationId];
      return `${at}← ${parts.filter((part) => part !== undefined).join("  ")}`;
    }
    case "state":
      return `${at}  participant: ${event.state ?? "not listed, or without a state"}`;
    case "wait":
      return `${at}  wait ${event.ms.toFixed(0)} ms (${event.reason})`;
    case "outcome":
      return `${at}= ${event.outcome ?? event.code}`;
  }
}

const { values, positionals } = parsedArguments();
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
if (values.version) {
  console.log(JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")).version);
  process.exit(0);
}
const [conversationId, participantId, ...rest] = positionals;
const description = {
  purpose: values["participant-purpose"],
  userId: values["participant-user"],
  address: values["participant-address"],
};
const isDescribed = Object.values(description).some((value) => value !== undefined);
if (!conversationId || rest.length > 0) exit(EXIT_USAGE, HELP);
if (isDescribed === (participantId !== undefined)) {
  exit(EXIT_USAGE, "Pass either PARTICIPANT or at least one of the options --participant-..., not both.");
}

const fromEnvironment = process.env[TOKEN_VARIABLE];
if (!fromEnvironment && process.stdin.isTTY)
  exit(EXIT_USAGE, `No access token: set ${TOKEN_VARIABLE}, or pipe it to standard input.`);
const accessToken = fromEnvironment || readFileSync(0, "utf8").trim();

// A closed pipe (`| head`) does not interrupt the disconnect that is under way.
for (const output of [process.stdout, process.stderr]) {
  output.on("error", (/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code !== "EPIPE") throw error;
  });
}

const interrupt = new AbortController();
process.once("SIGINT", () => interrupt.abort(new Error("interrupted")));

/** The value of a numeric option. @param {"settle-ms" | "timeout-ms" | "request-timeout-ms" | "max-retries"} option */
function numberOf(option) {
  const text = values[option];
  if (text === undefined) return undefined;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isNaN(value)) exit(EXIT_USAGE, `--${option} takes a number, got "${text}"`);
  return value;
}

/** @type {any} */
const options = {
  conversationId,
  participantId,
  participant: isDescribed ? description : undefined,
  accessToken,
  api: values.api,
  region: values.region,
  baseUrl: values["base-url"],
  settleMs: numberOf("settle-ms"),
  timeoutMs: numberOf("timeout-ms"),
  requestTimeoutMs: numberOf("request-timeout-ms"),
  maxRetries: numberOf("max-retries"),
  confirm: values.confirm,
  disconnectableStates: values["disconnectable-state"],
  onBehalfOf: values["on-behalf-of"],
  signal: interrupt.signal,
  onEvent: values.json
    ? undefined
    : (/** @type {import("./index.cjs").DisconnectEvent} */ event) => console.log(lineOf(event)),
};

try {
  const result = await disconnectIfConnected(options);
  if (values.json) console.log(JSON.stringify(result, undefined, 2));
  process.exitCode = EXIT_CODES[result.outcome];
} catch (error) {
  if (error instanceof DisconnectError) {
    if (values.json) console.log(JSON.stringify({ error }, undefined, 2));
    else console.error(error.message);
    process.exitCode = EXIT_CODES[error.code];
  } else if (interrupt.signal.aborted) {
    console.error("interrupted");
    process.exitCode = EXIT_INTERRUPTED;
  } else throw error;
}
