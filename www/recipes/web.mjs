// For every host that has the Request and Response of the web: a Next.js route, Cloudflare Workers, Bun, Deno.
import { ConversationClient } from "disconnect-if-connected";
import { Webhook } from "standardwebhooks";

/** A function (request) => Promise<Response>; `options` go to the client. */
export function handler({ secret, ...options }) {
  const client = new ConversationClient(options);
  const webhook = new Webhook(secret);
  return async (request) => {
    let order;
    try {
      order = webhook.verify(await request.text(), Object.fromEntries(request.headers));
    } catch {
      return Response.json({ code: "BAD_SIGNATURE" }, { status: 401 });
    }
    try {
      const { conversationId, participantId } = order;
      return Response.json(await client.disconnectIfConnected({ conversationId, participantId }));
    } catch ({ code = "INTERNAL", message, retryAfterMs }) {
      const status = code === "INVALID_ARGUMENT" ? 400 : code === "RATE_LIMITED" ? 503 : 502;
      const headers = status === 503 ? { "Retry-After": String(Math.ceil((retryAfterMs ?? 10_000) / 1_000)) } : {};
      return Response.json({ code, message }, { status, headers });
    }
  };
}
