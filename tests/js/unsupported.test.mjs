// Hosts without WebAssembly, or with a policy against it: UNSUPPORTED with advice, and the engine's error as its cause.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createContext, runInContext } from "node:vm";
import { browser, launch } from "../../scripts/browser.mjs";

const pkg = fileURLToPath(new URL("../../pkg/", import.meta.url));
const exec = promisify(execFile);

const CALL = `
  const fetch = () => { throw new Error("a request was sent"); };
  const options = { conversationId: "c", participantId: "p", accessToken: "t", region: "us-east-1", fetch };
  const end = (error) => [error.code, error.name, error.cause?.name, error.message].join("|");
  const both = async () => {
    const first = await disconnectIfConnected(options).catch(end);
    // The load is tried again.
    return first === await disconnectIfConnected(options).catch(end) ? first : "not the same twice";
  };`;

test("node --jitless has no WebAssembly", async () => {
  for (const load of [
    `import { disconnectIfConnected } from ${JSON.stringify(join(pkg, "index.node.mjs"))};`,
    `import { createRequire } from "node:module";
     const { disconnectIfConnected } = createRequire(import.meta.url)(${JSON.stringify(join(pkg, "index.cjs"))});`,
  ]) {
    const source = `${load}${CALL} console.log(await both());`;
    const { stdout } = await exec(process.execPath, ["--jitless", "--input-type=module", "--eval", source]);
    assert.match(stdout, /^UNSUPPORTED\|DisconnectError\|ReferenceError\|.*no request was sent.*no --jitless/);
  }
});

test("the command in a Node without WebAssembly", async () => {
  const args = ["--jitless", join(pkg, "cli.js"), "c", "p", "--region", "us-east-1"];
  const env = { ...process.env, GENESYS_CLOUD_ACCESS_TOKEN: "a-secret-token" };
  const { code, stderr } = await exec(process.execPath, args, { env }).catch((error) => error);
  assert.equal(code, 16);
  assert.match(stderr, /WebAssembly cannot run here/);
});

test("a realm that forbids compiling", async () => {
  const script = await readFile(join(pkg, "index.iife.js"), "utf8");
  const { performance, setTimeout, clearTimeout, TextDecoder, TextEncoder } = globalThis;
  const lent = { performance, setTimeout, clearTimeout, TextDecoder, TextEncoder };
  const realm = createContext(lent, { codeGeneration: { wasm: false } });
  runInContext(script, realm);
  const end = await runInContext(
    `(async () => { const { disconnectIfConnected } = DisconnectIfConnected; ${CALL} return both(); })()`,
    realm,
  );
  assert.match(end, /^UNSUPPORTED\|DisconnectError\|CompileError\|.*no request was sent/);
});

const { chrome, missing } = await browser();
const skip = chrome ? false : missing;

test("a page whose policy does not allow WebAssembly, as an extension's does by default", { skip }, async () => {
  const page = `import { disconnectIfConnected } from "./index.js"; ${CALL} document.title = await both();`;
  let policy;
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    response.setHeader("Content-Security-Policy", policy);
    if (pathname === "/") {
      return response.setHeader("Content-Type", "text/html").end(`<script type="module" src="/page.js"></script>`);
    }
    response.setHeader("Content-Type", "text/javascript");
    if (pathname === "/page.js") return response.end(page);
    response.end(await readFile(join(pkg, pathname)).catch(() => ""));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const opened = await launch("chrome", chrome);
  try {
    for (const [given, expected] of [
      [
        "script-src 'self'; object-src 'self'",
        /^UNSUPPORTED\|DisconnectError\|CompileError\|.*"script-src 'self' 'wasm-unsafe-eval'; object-src 'self'"/,
      ],
      // With the policy of the message, it works.
      ["script-src 'self' 'wasm-unsafe-eval'; object-src 'self'", /^NETWORK\|/],
    ]) {
      policy = given;
      const tab = await opened.newPage();
      await tab.goto(`http://127.0.0.1:${server.address().port}/`);
      await tab.waitForFunction(() => document.title !== "", { timeout: 60_000 });
      assert.match(await tab.title(), expected);
      await tab.close();
    }
  } finally {
    await opened.close();
    server.close();
  }
});
