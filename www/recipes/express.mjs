// Express 5: POST /remove { conversationId, participantId }, signed as Standard Webhooks 1.0 says.
import { ConversationClient } from "disconnect-if-connected";
import express from "express";
import { Webhook } from "standardwebhooks";

export function app({ secret, ...options }) {
  const client = new ConversationClient(options);
  const webhook = new Webhook(secret);
  return express().post("/remove", express.text({ type: () => true, limit: "16kb" }), async (request, response) => {
    let order;
    try {
      order = webhook.verify(request.body, request.headers);
    } catch {
      return response.status(401).json({ code: "BAD_SIGNATURE" });
    }
    try {
      const { conversationId, participantId } = order;
      response.json(await client.disconnectIfConnected({ conversationId, participantId }));
    } catch ({ code = "INTERNAL", message, retryAfterMs }) {
      if (code === "RATE_LIMITED") response.set("Retry-After", String(Math.ceil((retryAfterMs ?? 10_000) / 1_000)));
      response.status(code === "INVALID_ARGUMENT" ? 400 : code === "RATE_LIMITED" ? 503 : 502).json({ code, message });
    }
  });
}
