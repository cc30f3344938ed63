// The platform: one client for all removals, and its access tokens; or the simulator instead.
import { ConversationClient, DisconnectError } from "disconnect-if-connected";

/** How long a login may take. */
const LOGIN_TIMEOUT_MS = 5_000;
/** How long before its expiry a token is renewed. */
const EARLY_MS = 60_000;

/** The error of a failed login, with a code of the package. */
function loginError(code, message, more) {
  return new DisconnectError({ code, message: `No access token: ${message}`, ...more });
}

/** Requests a client-credentials token; returns the response's body. */
async function login({ loginUrl, clientId, clientSecret, fetch }) {
  const { host } = new URL(loginUrl);
  const request = {
    method: "POST",
    headers: {
      Authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`,
      "Content-Type": "application/x-www-form-urlencoded",
    },
    body: "grant_type=client_credentials",
    redirect: "manual",
    signal: AbortSignal.timeout(LOGIN_TIMEOUT_MS),
  };
  let response;
  let body;
  try {
    response = await fetch(`${loginUrl}/oauth/token`, request);
    body = await response.json().catch(() => ({}));
  } catch (cause) {
    const why = cause.name === "TimeoutError" ? `did not answer in ${LOGIN_TIMEOUT_MS} ms` : "cannot be reached";
    throw loginError("NETWORK", `${host} ${why}. Check the region, and whether this machine reaches it.`, { cause });
  }
  const { status } = response;
  // Only characters that the Authorization header can carry (RFC 6750).
  if (response.ok && /^[!-~]+$/.test(body?.access_token ?? "")) return body;
  if (status === 429) {
    const seconds = Number(response.headers.get("retry-after"));
    throw loginError("RATE_LIMITED", `${host} answered 429.`, { status, retryAfterMs: (seconds || 60) * 1_000 });
  }
  if (status === 400 || status === 401) {
    const advice = "Check GENESYS_CLOUD_CLIENT_ID and GENESYS_CLOUD_CLIENT_SECRET.";
    throw loginError("UNAUTHORIZED", `${host} answered ${status}. ${advice}`, { status });
  }
  throw loginError(status >= 500 ? "SERVER_ERROR" : "BAD_RESPONSE", `${host} answered ${status}.`, { status });
}

/**
 * A provider of client-credentials tokens: overlapping calls share one login, and its token is used until it is about
 * to expire or the platform refuses it.
 * @param {{ loginUrl: string, clientId: string, clientSecret: string, fetch?: Function, now?: () => number }} options
 * @returns {(request?: { refresh?: boolean }) => Promise<string>}
 */
export function clientCredentials({ fetch = globalThis.fetch, now = Date.now, ...options }) {
  let token;
  let expires = 0;
  let pending;
  return async ({ refresh = false } = {}) => {
    if (token && !refresh && now() < expires) return token;
    pending ??= login({ ...options, fetch })
      .then((body) => {
        token = body.access_token;
        expires = now() + Math.max(0, Number(body.expires_in ?? 0) * 1_000 - EARLY_MS);
        return token;
      })
      .finally(() => {
        pending = undefined;
      });
    return pending;
  };
}

/** The conversations of the simulator, `demo-1` to `demo-100`: a customer and an agent, who are connected. */
async function simulated() {
  const { createSimulator } = await import("disconnect-if-connected/simulator");
  const schedule = [{ at: -1e6, state: "connected" }];
  const participants = [
    { id: "agent", purpose: "agent", userId: "u-ada", name: "Ada", schedule },
    { id: "customer", purpose: "customer", name: "Grace", schedule },
  ];
  const conversations = Array.from({ length: 100 }, (_, index) => ({ id: `demo-${index + 1}`, participants }));
  const simulator = await createSimulator({ conversations, readLagMs: 120, effectDelayMs: 80 });
  return { baseUrl: "https://simulator.invalid", fetch: simulator.fetch, accessToken: "a-token-of-the-simulator" };
}

/**
 * The client of a configuration.
 * @param {ReturnType<typeof import("./config.js").configuration>} config
 * @param {{ budget?: import("disconnect-if-connected").Budget }} [more]
 * @returns {Promise<{ client: ConversationClient, isReady: () => Promise<unknown> }>} `isReady` rejects if no access
 *   token is available
 */
export async function platform(config, { budget } = {}) {
  const { api, region, baseUrl, accessToken, clientId, isSimulator } = config;
  const options = isSimulator
    ? { api, ...(await simulated()) }
    : { api, region, baseUrl, accessToken: clientId ? clientCredentials(config) : accessToken };
  const token = options.accessToken;
  return {
    client: new ConversationClient({ ...options, budget }),
    isReady: async () => (typeof token === "function" ? token() : token),
  };
}
