// "Remove Caller" for a script that can only call a webhook (ServiceNow, an IVR, a bot): POST { conversationId,
// participantId, userId }, and the answer says what became of the participant. Copy it; it needs nothing but Node.
//
// `userId` is the agent's: the platform lets no client-credentials token act on a call but on behalf of a user.
//
//   WEBHOOK_SECRET=… GENESYS_CLOUD_DOMAIN=mypurecloud.com GENESYS_CLOUD_CLIENT_ID=… GENESYS_CLOUD_CLIENT_SECRET=… node middleware.mjs
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { DisconnectError, disconnectIfConnected } from "disconnect-if-connected";

/** The status that the webhook answers: 200 for every outcome, and for an error the one that fits. */
const STATUS = {
  INVALID_ARGUMENT: 400,
  PARTICIPANT_NOT_FOUND: 404,
  CONVERSATION_NOT_FOUND: 404,
  CONFLICT: 409,
  RATE_LIMITED: 503,
  TIMEOUT: 504,
};
const MAX_BODY_BYTES = 4_096;

const digest = (text) => createHash("sha256").update(text).digest();

/**
 * A request listener for `node:http`.
 * @param {{ secret: string, options: object }} settings `secret` is what the webhook's caller sends as a bearer token; `options` go to
 *   `disconnectIfConnected`: where the platform is, and whose token to use
 */
export function removeCaller({ secret, options }) {
  const expected = digest(`Bearer ${secret}`);
  return async (request, response) => {
    const reply = (status, body, headers = {}) => {
      response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
    };
    if (!timingSafeEqual(digest(request.headers.authorization ?? ""), expected))
      return reply(401, { code: "WEBHOOK_UNAUTHORIZED" });
    if (request.method !== "POST") return reply(405, { code: "METHOD_NOT_ALLOWED" }, { Allow: "POST" });
    // Whoever asked has gone: nobody waits for the answer any more.
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    try {
      let body = "";
      for await (const chunk of request) {
        body += chunk;
        if (body.length > MAX_BODY_BYTES) return reply(413, { code: "BODY_TOO_LARGE" }, { Connection: "close" });
      }
      const { conversationId, participantId, userId } = JSON.parse(body);
      const result = await disconnectIfConnected({
        ...options,
        conversationId,
        participantId,
        onBehalfOf: userId,
        signal: gone.signal,
      });
      reply(200, result);
    } catch (error) {
      if (error instanceof DisconnectError) {
        const { code, message, correlationId, mayHaveDisconnected, retryAfterMs } = error;
        const headers = retryAfterMs === undefined ? {} : { "Retry-After": String(Math.ceil(retryAfterMs / 1_000)) };
        reply(
          STATUS[code] ?? 502,
          { code, message, correlationId, mayHaveDisconnected, timeline: error.timeline },
          headers,
        );
      } else if (error instanceof SyntaxError || error instanceof TypeError) reply(400, { code: "NOT_JSON" });
      else if (!gone.signal.aborted) reply(502, { code: "TOKEN_FAILED" });
    }
  };
}

/** Client-credentials tokens, kept until the platform refuses one. */
export function clientCredentials({ domain, clientId, clientSecret, fetch = globalThis.fetch }) {
  let token;
  const login = async () => {
    const response = await fetch(`https://login.${domain}/oauth/token`, {
      method: "POST",
      headers: {
        Authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}`,
        "Content-Type": "application/x-www-form-urlencoded",
      },
      body: "grant_type=client_credentials",
    });
    if (!response.ok) throw new Error(`login.${domain} answered ${response.status}`);
    return (await response.json()).access_token;
  };
  return ({ refresh }) => {
    if (refresh || !token) {
      token = login().catch((error) => {
        token = undefined;
        throw error;
      });
    }
    return token;
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { WEBHOOK_SECRET, GENESYS_CLOUD_DOMAIN = "mypurecloud.com", PORT = "3000" } = process.env;
  const { GENESYS_CLOUD_CLIENT_ID: clientId, GENESYS_CLOUD_CLIENT_SECRET: clientSecret } = process.env;
  if (!WEBHOOK_SECRET || !clientId || !clientSecret) {
    console.error(
      "Set WEBHOOK_SECRET, GENESYS_CLOUD_CLIENT_ID and GENESYS_CLOUD_CLIENT_SECRET (and GENESYS_CLOUD_DOMAIN, if not mypurecloud.com).",
    );
    process.exit(1);
  }
  const accessToken = clientCredentials({ domain: GENESYS_CLOUD_DOMAIN, clientId, clientSecret });
  const options = { api: "calls", region: GENESYS_CLOUD_DOMAIN, accessToken };
  createServer(removeCaller({ secret: WEBHOOK_SECRET, options })).listen(Number(PORT), () =>
    console.log(`POST http://localhost:${PORT}/`),
  );
}
