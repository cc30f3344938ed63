// The parts of the desktop page that need no browser: regions, placeholders, texts, permissions, headers.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, test } from "node:test";
import { headersOf } from "../../scripts/desktop.mjs";
import { installDesktop, root } from "../../scripts/run.mjs";
import { environmentOf } from "../../www/desktop/environments.js";
import { addressOf, contentOf, launchOf, stateOf } from "../../www/desktop/launch.js";
import { filled, languageOf, languages } from "../../www/desktop/texts.js";
import { isPermitted } from "../../www/desktop/user.js";

before(installDesktop);

const configOf = (domain, more) => ({ environments: { [domain]: { clientId: "id", ...more } } });

test("the names of regions agree with the vendor's list", () => {
  const require = createRequire(join(root, "www", "desktop", "package.json"));
  const known = require("genesys-cloud-service-discovery-web").getEnvironments();
  assert.ok(known.length >= 17);
  for (const { name, publicDomainName } of known)
    assert.equal(environmentOf(configOf(publicDomainName), name).domain, publicDomainName, name);
});

test("an environment: URLs by the domain, or as in config.json", () => {
  assert.deepEqual(environmentOf(configOf("mypurecloud.de"), "prod-euc1"), {
    domain: "mypurecloud.de",
    clientId: "id",
    apiUrl: "https://api.mypurecloud.de",
    loginUrl: "https://login.mypurecloud.de",
    streamingUrl: "wss://streaming.mypurecloud.de",
    desktopOrigin: "https://apps.mypurecloud.de",
  });
  // A region that is in no list, by its domain; a single environment needs no name.
  assert.equal(
    environmentOf(configOf("edee1.eusc-pure.cloud"), "edee1.eusc-pure.cloud").domain,
    "edee1.eusc-pure.cloud",
  );
  assert.equal(environmentOf(configOf("mypurecloud.com"), undefined).domain, "mypurecloud.com");
  assert.equal(
    environmentOf(configOf("x.example", { apiUrl: "https://gateway.example" }), "x.example").apiUrl,
    "https://gateway.example",
  );
  for (const name of ["prod-euw2", "constructor", "https://mypurecloud.de"])
    assert.throws(() => environmentOf(configOf("mypurecloud.de"), name), /no clientId for the region/, name);
  assert.throws(() => environmentOf({ environments: { a: {}, b: {} } }, undefined), /No region.*a, b/);
  assert.throws(() => environmentOf(configOf("mypurecloud.de", { clientId: "" }), "prod-euc1"), /no clientId/);
});

test("placeholders: current and old names; one that was not replaced is missing; the state carries them", () => {
  const page = "https://w.example/desktop/index.html";
  const url = (query) => new URL(`${page}?${query}`);
  const launch = launchOf(
    url(
      "gcConversationId=c-1&gcTargetEnv=prod&gcHostOrigin=https%3A%2F%2Fapps.mypurecloud.com" +
        "&gcLangTag=en-us&gcUsePopupAuth=true",
    ),
  );
  assert.deepEqual(launch, {
    conversationId: "c-1",
    environment: "prod",
    desktopOrigin: "https://apps.mypurecloud.com",
    language: "en-us",
    popup: "true",
  });
  assert.deepEqual(
    launchOf(url("pcConversationId=c-1&pcEnvironment=mypurecloud.ie&pcLangTag=de&pcUsePopupAuth=false")),
    {
      conversationId: "c-1",
      environment: "mypurecloud.ie",
      language: "de",
      popup: "false",
    },
  );
  assert.deepEqual(launchOf(url("gcConversationId={{gcConversationId}}&gcTargetEnv=&other=1")), {});
  const content = { nonce: "n", popup: false, launch: { ...launch, conversationId: "c-ü💬" } };
  const state = stateOf(content);
  assert.match(state, /^[\w-]+$/);
  assert.deepEqual(contentOf(state), content);
  for (const wrong of [null, "", "%", "bnVsbA", "e30", "eyJsYXVuY2giOm51bGx9"])
    assert.equal(contentOf(wrong), undefined);
  assert.deepEqual(launchOf(new URL(addressOf(url("code=secret&state=s"), launch))), launch);
  assert.doesNotMatch(addressOf(url("code=secret&state=s"), launch), /secret/);
});

test("texts: each in both languages, with the same values", () => {
  const values = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  assert.deepEqual(Object.keys(languages.de), Object.keys(languages.en));
  for (const key of Object.keys(languages.en))
    assert.deepEqual(values(languages.de[key]), values(languages.en[key]), key);
  assert.deepEqual(["de-at", "DE", "en-us", "fr", undefined, "constructor"].map(languageOf), [
    "de",
    "de",
    "en",
    "en",
    "en",
    "en",
  ]);
  assert.equal(filled("{a} {b} {c}", { a: 1, b: undefined }), "1  {c}");
});

test("permissions: exact, by wildcards, or unknown", () => {
  const wanted = "conversation:communication:disconnect";
  for (const all of [[], [wanted], ["conversation:*:*"], ["conversation:communication:*"], ["a:b:c", "*"]])
    assert.ok(isPermitted(all, wanted), String(all));
  for (const all of [["conversation:communication:view"], ["conversation:call:*"], ["routing:*:*"]])
    assert.ok(!isPermitted(all, wanted), String(all));
});

test("headers: which pages may frame this one, and where it may connect", () => {
  const config = {
    environments: { ...configOf("mypurecloud.de").environments, ...configOf("mypurecloud.com").environments },
    hosts: ["https://crm.example"],
  };
  const policy = headersOf(config)["Content-Security-Policy"];
  assert.match(
    policy,
    /frame-ancestors https:\/\/apps\.mypurecloud\.de https:\/\/apps\.mypurecloud\.com https:\/\/crm\.example;/,
  );
  assert.match(policy, /connect-src 'self' https:\/\/api\.mypurecloud\.de .* wss:\/\/streaming\.mypurecloud\.com;/);
});
