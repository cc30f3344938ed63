// The Script Include of www/servicenow: ES5, against the middleware, with small replacements for ServiceNow's classes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import vm from "node:vm";
import { root } from "../../scripts/run.mjs";
import { secret, start } from "./support.mjs";

const source = readFileSync(join(root, "www", "servicenow", "RemoveCaller.js"), "utf8");
const order = { conversationId: "c", participantId: "p" };

/** The parts of ServiceNow that the script uses; `execute` blocks, so another process makes the request. */
function serviceNow(url, { mac, key = secret.slice(6) } = {}) {
  const requests = [];
  class RESTMessageV2 {
    #headers = {};
    #text = "";
    setEndpoint(endpoint) {
      this.endpoint = endpoint;
    }
    setHttpMethod(method) {
      this.method = method;
    }
    setHttpTimeout(ms) {
      this.timeoutMs = ms;
    }
    disableForcedVariableSubstitution() {
      this.isLiteral = true;
    }
    setRequestHeader(name, value) {
      this.#headers[name] = value;
    }
    setRequestBody(text) {
      this.#text = text;
    }
    execute() {
      requests.push(this);
      // Without that call, ServiceNow replaces what looks like a variable after the body was signed.
      const body = this.isLiteral ? this.#text : this.#text.replace(/\$\{.*?\}/g, "");
      const ask = `const { url, method, headers, body } = JSON.parse(process.argv[1]);
        fetch(url, { method, headers, body }).then(async (response) =>
          console.log(JSON.stringify({ status: response.status, body: await response.text() })),
          (error) => console.log(JSON.stringify({ status: 0, error: error.message })))`;
      const request = { url: this.endpoint, method: this.method.toUpperCase(), headers: this.#headers };
      const argument = JSON.stringify({ ...request, ...(body ? { body } : {}) });
      const { stdout } = spawnSync(process.execPath, ["-e", ask, argument], { encoding: "utf8" });
      const answer = JSON.parse(stdout);
      return {
        haveError: () => answer.status === 0,
        getErrorMessage: () => answer.error,
        getStatusCode: () => answer.status,
        getBody: () => answer.body,
      };
    }
  }
  const properties = { "x_remove_caller.url": url, "x_remove_caller.secret": key };
  class CertificateEncryption {
    generateMac(base64, algorithm, text) {
      assert.equal(algorithm, "HmacSHA256");
      const hmac = createHmac("sha256", Buffer.from(base64, "base64")).update(text);
      return mac ? mac(hmac) : hmac.digest("base64");
    }
  }
  class GlideDateTime {
    getNumericValue() {
      return Date.now();
    }
  }
  const gs = {
    getProperty: (name) => properties[name],
    generateGUID: () => randomUUID().replaceAll("-", ""),
  };
  const Class = {
    create() {
      return function (...given) {
        this.initialize(...given);
      };
    },
  };
  const context = vm.createContext({ Class, gs, GlideDateTime, CertificateEncryption, sn_ws: { RESTMessageV2 } });
  const RemoveCaller = vm.runInContext(`${source}; RemoveCaller`, context);
  return { script: new RemoveCaller(), requests };
}

/** The middleware in another process, because the script blocks this one. */
const middleware = (more) => start({ PLATFORM: "simulator", WEBHOOK_SECRET: secret, ...more });

test("it is ES5", async () => {
  const { transformSync } = await import("esbuild");
  // esbuild refuses const, let, classes and destructuring; it would rewrite arrows, templates and shorthands.
  const { code } = transformSync(source, { target: "es5" });
  const plain = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
  assert.doesNotMatch(plain, /=>|`|\b(let|const|class)\b/);
  assert.equal(code.match(/function/g).length, plain.match(/function/g).length);
});

test("it removes the caller, and reports refusals as text", async () => {
  const server = await middleware();
  const { script, requests } = serviceNow(server.url);
  const answer = { ...script.remove({ conversationId: "demo-1", participantId: "customer" }, "fixed") };
  assert.deepEqual(answer, { isDone: true, outcome: "disconnected", message: "The caller was removed." });
  assert.ok(requests.every(({ timeoutMs, isLiteral }) => timeoutMs === 5_000 && isLiteral));
  // The same id: the same answer.
  assert.equal(script.remove({ conversationId: "demo-1", participantId: "customer" }, "fixed").outcome, "disconnected");
  const nobody = script.remove({ conversationId: "demo-2", participantId: "nobody", settleMs: 10 });
  assert.deepEqual([nobody.isDone, nobody.code, nobody.id], [false, "PARTICIPANT_NOT_FOUND", undefined]);
  assert.match(nobody.message, /Check the participant id/);
  // A body that contains a variable arrives as it was signed.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what ServiceNow would replace
  const literal = script.remove({ conversationId: "demo-3", participantId: "${customer}", settleMs: 10 });
  assert.equal(literal.code, "PARTICIPANT_NOT_FOUND");
  server.child.kill();
  await server.exited;
});

test("a pending removal is polled until it is done", async () => {
  const server = await middleware({ ANSWER_WITHIN_MS: "0" });
  const { script, requests } = serviceNow(server.url);
  let answer = script.remove({ conversationId: "demo-1", participantId: "customer" }, "slow");
  assert.deepEqual([answer.isDone, answer.code, answer.id], [false, "PENDING", "slow"]);
  while (answer.code === "PENDING") answer = script.status(answer.id);
  assert.deepEqual([answer.isDone, answer.outcome], [true, "disconnected"]);
  assert.deepEqual([requests[0].method, requests[1].method], ["post", "get"]);
  server.child.kill();
  await server.exited;
});

test("Base64 of hex digits is distinguished from a wrong secret; an unreachable middleware is reported", async () => {
  const server = await middleware();
  const hex = { mac: (hmac) => Buffer.from(hmac.digest("hex")).toString("base64") };
  assert.match(serviceNow(server.url, hex).script.remove(order).message, /hex digits/);
  const wrong = serviceNow(server.url, { key: Buffer.alloc(32).toString("base64") }).script.remove(order);
  assert.deepEqual([wrong.code, /none of the secrets/.test(wrong.message)], ["BAD_SIGNATURE", true]);
  server.child.kill();
  await server.exited;
  const { code, id } = serviceNow(server.url).script.remove(order);
  assert.deepEqual([code, typeof id], ["UNREACHABLE", "string"]);
});

test("not-connected is no success, and its message names the state", () => {
  const { script } = serviceNow("");
  const answer = script._told(
    { status: 200, body: { status: "done", outcome: "not-connected", state: "queued" } },
    "x",
  );
  assert.deepEqual([answer.isDone, answer.message], [false, "The caller is queued: click again in a moment."]);
});
