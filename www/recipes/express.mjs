// Express 5: POST /remove { conversationId, participantId }, signed as Standard Webhooks 1.0 says.
import { ConversationClient } from "disconnect-if-connected";
import express from "express";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const STATUS = { BAD_SIGNATURE: 401, INVALID_ARGUMENT: 400, RATE_LIMITED: 503 };

export function app({ secret, ...options }) {
  const client = new ConversationClient(options);
  const webhook = new Webhook(secret);
  const remove = async ({ body, headers }, response) => {
    const { conversationId, participantId } = webhook.verify(body, headers);
    response.json(await client.disconnectIfConnected({ conversationId, participantId }));
  };
  const refuse = (error, _request, response, _next) => {
    const { code = error instanceof WebhookVerificationError ? "BAD_SIGNATURE" : "INTERNAL", message } = error;
    if (code === "RATE_LIMITED") response.set("Retry-After", String(Math.ceil((error.retryAfterMs ?? 10_000) / 1_000)));
    response.status(STATUS[code] ?? 502).json({ code, message });
  };
  return express()
    .post("/remove", express.text({ type: () => true, limit: "16kb" }), remove)
    .use(refuse);
}
