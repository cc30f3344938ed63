// The configuration, from the environment: checked at start, with all mistakes in one message.
import { createHash, randomBytes } from "node:crypto";
import envSchema from "env-schema";

/** The domains of the regions, by AWS name (official SDK 262, PureCloudRegionHosts). */
export const REGIONS = {
  "us-east-1": "mypurecloud.com",
  "us-east-2": "use2.us-gov-pure.cloud",
  "us-west-2": "usw2.pure.cloud",
  "ca-central-1": "cac1.pure.cloud",
  "sa-east-1": "sae1.pure.cloud",
  "mx-central-1": "mxc1.pure.cloud",
  "eu-west-1": "mypurecloud.ie",
  "eu-west-2": "euw2.pure.cloud",
  "eu-central-1": "mypurecloud.de",
  "eu-central-2": "euc2.pure.cloud",
  "me-central-1": "mec1.pure.cloud",
  "ap-south-1": "aps1.pure.cloud",
  "ap-northeast-1": "mypurecloud.jp",
  "ap-northeast-2": "apne2.pure.cloud",
  "ap-northeast-3": "apne3.pure.cloud",
  "ap-southeast-1": "apse1.pure.cloud",
  "ap-southeast-2": "mypurecloud.com.au",
  "eusc-de-east-1": "edee1.eusc-pure.cloud",
};

/** A shorter key could be found by trial. */
const MIN_KEY_BYTES = 16;

const text = { type: "string" };
const milliseconds = { type: "integer", minimum: 0, maximum: 2 ** 31 - 1 };

const schema = {
  type: "object",
  properties: {
    PORT: { type: "integer", minimum: 0, maximum: 65_535, default: 3_000 },
    HOST: { ...text, default: "127.0.0.1" },
    WEBHOOK_SECRET: text,
    STATUS_TOKEN: text,
    PLATFORM: { enum: ["genesys-cloud", "simulator"], default: "genesys-cloud" },
    GENESYS_CLOUD_REGION: { enum: [...Object.keys(REGIONS), ...Object.values(REGIONS)] },
    GENESYS_CLOUD_BASE_URL: text,
    GENESYS_CLOUD_LOGIN_URL: text,
    GENESYS_CLOUD_CLIENT_ID: text,
    GENESYS_CLOUD_CLIENT_SECRET: text,
    GENESYS_CLOUD_ACCESS_TOKEN: text,
    API: { enum: ["calls", "voice"], default: "calls" },
    ANSWER_WITHIN_MS: { ...milliseconds, default: 2_500 },
    MAX_AGE_MS: { ...milliseconds, default: 30_000 },
    QUEUE_URL: text,
    WORKER_CONCURRENCY: { type: "integer", minimum: 1, maximum: 1_000, default: 50 },
    BULL_BOARD: { enum: ["on", "off"], default: "off" },
    LOG_LEVEL: { enum: ["fatal", "error", "warn", "info", "debug", "trace", "silent"], default: "info" },
  },
};

/** A mistake that ajv found, such as "PORT must be integer": with the variable's name, never with its value. */
const described = ({ instancePath, message, params }) =>
  `${instancePath.slice(1)} ${message}${params.allowedValues ? `: ${params.allowedValues.join(", ")}` : ""}`;

/** The keys of `whsec_…` secrets, which are separated by white space; `undefined` if one is not valid. */
function keysOf(secrets = "") {
  const words = secrets.split(/\s+/).filter(Boolean);
  const keys = words.map((word) => {
    const [, base64] = /^whsec_([\w+/-]+={0,2})$/.exec(word) ?? [];
    return base64 && Buffer.from(base64, "base64");
  });
  return keys.every((key) => key && key.length >= MIN_KEY_BYTES) ? keys : undefined;
}

/** A URL without a slash at its end; `undefined` if it is not valid, or would send secrets unencrypted. */
function urlOf(url) {
  const { protocol, hostname, href, search, hash, username } = URL.canParse(url) ? new URL(url) : {};
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  const isSafe = protocol === "https:" || (protocol === "http:" && isLoopback);
  return isSafe && !search && !hash && !username ? href.replace(/\/$/, "") : undefined;
}

/** Whether a text is the URL of a Redis. */
function isRedis(url) {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, pathname, search, hash, username, password } = new URL(url);
  try {
    decodeURIComponent(username + password);
  } catch {
    return false;
  }
  return /^rediss?:$/.test(protocol) && Boolean(hostname) && /^\/?\d*$/.test(pathname) && !search && !hash;
}

/** The name under which workers count the requests of their token, as a hash that does not reveal the token. */
const tokenKeyOf = (parts) => createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);

/**
 * The configuration in `env`; throws one error that names all mistakes.
 * @param {Record<string, string | undefined>} env
 * @param {{ isWorker?: boolean }} [of] a worker needs a queue, and no secret of webhooks
 */
export function configuration(env, { isWorker = false } = {}) {
  const given = Object.fromEntries(Object.entries(env).filter(([name, value]) => schema.properties[name] && value));
  const mistakes = [];
  let values = given;
  try {
    values = envSchema({ schema, data: given, env: false });
  } catch (error) {
    mistakes.push(...error.errors.map(described));
  }
  const isSimulator = given.PLATFORM === "simulator";

  const keys = keysOf(given.WEBHOOK_SECRET);
  if (!keys)
    mistakes.push("WEBHOOK_SECRET must be one or more secrets like whsec_ and the Base64 of 24 to 64 random bytes");
  else if (keys.length === 0 && !isSimulator && !isWorker) mistakes.push("WEBHOOK_SECRET is missing");

  const { QUEUE_URL: queueUrl } = given;
  if (queueUrl && !isRedis(queueUrl)) mistakes.push("QUEUE_URL must be like redis://host:6379 or rediss://host:6379/0");
  if (isWorker && !queueUrl)
    mistakes.push("QUEUE_URL is missing: without a queue, the server does the removals itself");
  if (values.BULL_BOARD === "on" && !(queueUrl && given.STATUS_TOKEN)) {
    mistakes.push("BULL_BOARD needs QUEUE_URL and STATUS_TOKEN");
  }

  const { GENESYS_CLOUD_REGION: region, GENESYS_CLOUD_BASE_URL: base, GENESYS_CLOUD_LOGIN_URL: login } = given;
  const { GENESYS_CLOUD_CLIENT_ID: clientId, GENESYS_CLOUD_CLIENT_SECRET: clientSecret } = given;
  const accessToken = given.GENESYS_CLOUD_ACCESS_TOKEN;
  for (const name of ["GENESYS_CLOUD_BASE_URL", "GENESYS_CLOUD_LOGIN_URL"]) {
    if (given[name] && !urlOf(given[name])) {
      mistakes.push(`${name} must be an https URL without a user or a query; http only to a loopback host`);
    }
  }
  if (!isSimulator) {
    if (!region === !base) mistakes.push("Set GENESYS_CLOUD_REGION or GENESYS_CLOUD_BASE_URL, one of the two");
    if (!accessToken && !clientId) {
      mistakes.push("Set GENESYS_CLOUD_CLIENT_ID and GENESYS_CLOUD_CLIENT_SECRET, or GENESYS_CLOUD_ACCESS_TOKEN");
    }
    if (accessToken && !/^[!-~]+$/.test(accessToken)) {
      mistakes.push('GENESYS_CLOUD_ACCESS_TOKEN must be visible ASCII, without "Bearer "');
    }
    if (accessToken && clientId) {
      mistakes.push("Set GENESYS_CLOUD_ACCESS_TOKEN or GENESYS_CLOUD_CLIENT_ID, not both");
    }
    if (!clientId !== !clientSecret) {
      mistakes.push("GENESYS_CLOUD_CLIENT_ID and GENESYS_CLOUD_CLIENT_SECRET belong together");
    }
    if (clientId && base && !login)
      mistakes.push("GENESYS_CLOUD_LOGIN_URL is missing: it belongs to GENESYS_CLOUD_BASE_URL");
  }
  if (mistakes.length > 0) {
    throw new Error(`The configuration is wrong:\n${mistakes.map((mistake) => `- ${mistake}`).join("\n")}`);
  }
  // For the simulator a secret is generated; the log line with the URL contains it.
  const own = randomBytes(32);
  const generated = keys.length === 0 && !isWorker ? { webhookSecret: `whsec_${own.toString("base64")}` } : undefined;
  return {
    port: values.PORT,
    host: values.HOST,
    secrets: generated ? [own] : keys,
    generated,
    statusToken: values.STATUS_TOKEN,
    isSimulator,
    api: values.API,
    ...(base ? { baseUrl: urlOf(base) } : { region }),
    loginUrl: login ? urlOf(login) : `https://login.${REGIONS[region] ?? region}`,
    accessToken,
    clientId,
    clientSecret,
    tokenKey: tokenKeyOf([base ? urlOf(base) : `https://api.${REGIONS[region] ?? region}`, clientId ?? accessToken]),
    answerWithinMs: values.ANSWER_WITHIN_MS,
    maxAgeMs: values.MAX_AGE_MS,
    queueUrl,
    concurrency: values.WORKER_CONCURRENCY,
    hasBoard: values.BULL_BOARD === "on",
    logLevel: values.LOG_LEVEL,
  };
}
