// The regions: their names in a Genesys Cloud desktop, and the URLs of their API, login and desktop.

/**
 * Domains by `{{gcTargetEnv}}`, which is a name. Sources: `genesys-cloud-service-discovery-web` 3.0.500 for the names,
 * the official SDK 262, `PureCloudRegionHosts`, for the domains. Other names match `REGION`, or are domains.
 */
const DOMAINS = {
  prod: "mypurecloud.com",
  "prod-apne1": "mypurecloud.jp",
  "prod-apse2": "mypurecloud.com.au",
  "prod-euc1": "mypurecloud.de",
  "prod-euw1": "mypurecloud.ie",
  "fedramp-use2-core": "use2.us-gov-pure.cloud",
};
const REGION = /^prod-([a-z]{2,4}\d)$/;

/** @param {string} name `prod-euw2`, or a domain @returns {string} */
function domainOf(name) {
  if (Object.hasOwn(DOMAINS, name)) return Reflect.get(DOMAINS, name);
  const [, region] = REGION.exec(name) ?? [];
  return region ? `${region}.pure.cloud` : name;
}

/** A mistake in the set-up: of config.json, or of the URL that the desktop opens. */
export class SetUpError extends Error {
  name = "SetUpError";
}

/**
 * Refuses frames of other origins, also where the web server sends no `frame-ancestors`, in browsers that expose the
 * origins (`ancestorOrigins`).
 * @param {string[]} allowed origins
 */
export function checkAncestors(allowed) {
  const unknown = [...(location.ancestorOrigins ?? [])].find((origin) => !allowed.includes(origin));
  if (unknown) throw new SetUpError(`The page around this one, "${unknown}", is not listed in hosts of config.json.`);
}

/**
 * The environment that the page was opened for.
 * @param {any} config config.json
 * @param {string | undefined} name `{{gcTargetEnv}}` or a domain; optional if config.json has only one environment
 */
export function environmentOf({ environments }, name) {
  const known = Object.keys(environments ?? {});
  const domain = name ? domainOf(name) : known.length === 1 ? known[0] : undefined;
  if (domain === undefined)
    throw new SetUpError(
      `No region: open this page with gcTargetEnv={{gcTargetEnv}}. config.json has ${known.join(", ")}.`,
    );
  const own = Object.hasOwn(environments, domain) ? environments[domain] : undefined;
  if (typeof own?.clientId !== "string" || own.clientId === "")
    throw new SetUpError(
      `config.json has no clientId for the region "${domain}"; it has ${known.join(", ") || "none"}.`,
    );
  return {
    domain,
    clientId: own.clientId,
    apiUrl: own.apiUrl ?? `https://api.${domain}`,
    loginUrl: own.loginUrl ?? `https://login.${domain}`,
    streamingUrl: own.streamingUrl ?? `wss://streaming.${domain}`,
    desktopOrigin: own.desktopOrigin ?? `https://apps.${domain}`,
  };
}
