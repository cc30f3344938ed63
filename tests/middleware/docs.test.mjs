// What docs/middleware.md, docs/recipes.md and docs/servicenow.md say of the middleware is so.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../scripts/run.mjs";
import { configuration, Problem, start } from "./support.mjs";

const read = (...path) => readFileSync(join(root, ...path), "utf8");
const page = read("docs", "middleware.md");

test("the sender of docs/middleware.md runs as it stands", async () => {
  const [, text] = /```js\n(import \{ createHmac[\s\S]*?)```/.exec(page);
  const [, secret] = /"(whsec_[^"]+)"/.exec(text);
  const server = await start({ PLATFORM: "simulator", WEBHOOK_SECRET: secret });
  const program = text.replace("http://127.0.0.1:3000", server.url);
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  assert.match(stdout, /^200 \{[\s\S]*outcome: 'disconnected'/, stderr);
  server.child.kill("SIGTERM");
  assert.equal(await server.exited, 0);
});

test("the app of your own in docs/middleware.md runs as it stands", () => {
  const [, text] = /```js\n(import Fastify[\s\S]*?)```/.exec(page);
  const folder = join(root, "www", "middleware");
  const given = `import { ConversationClient } from "disconnect-if-connected";
    const client = new ConversationClient({ accessToken: "any", region: "us-east-1" });
    const key = Buffer.alloc(32);\n`;
  const asked = `const { statusCode } = await app.inject({ method: "POST", url: "/hooks/v1/removals", body: {} });
    console.log(statusCode);`;
  const program = given + text.replace("./www/middleware/", "./") + asked;
  const args = ["--input-type=module", "-e", program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  assert.equal(stdout, "401\n", stderr);
});

test("the table of errors has each code with its status, and where its type leads", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("| <a id="));
  const told = rows.flatMap((row) => {
    const [, codes, status] = row.split("|");
    return [...codes.matchAll(/<a id="(\w+)"><\/a>`(\w+)`/g)].map(([, id, code]) => [id, code, Number(status)]);
  });
  for (const [id, code, status] of told) {
    const { body } = new Problem(code, "detail").answer();
    assert.deepEqual([body.status, body.type.split("#")[1]], [status, id], code);
  }
  const documented = new Set(told.map(([, code]) => code));
  const known = [...read("src", "protocol", "code.rs").matchAll(/^ {4}(\w+),$/gm)].map(([, name]) =>
    name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase(),
  );
  assert.ok(known.length > 10);
  // CLOSED ends a removal only after the process was told to go; UNSUPPORTED is a host without WebAssembly.
  for (const code of known) assert.ok(documented.has(code) || code === "CLOSED" || code === "UNSUPPORTED", code);
});

test("the table of the configuration has each variable", () => {
  const source = read("www", "middleware", "config.js");
  const [, properties] = /properties: \{([\s\S]*?)\n {2}\},/.exec(source);
  for (const [, name] of properties.matchAll(/^ {4}([A-Z_]+):/gm)) assert.ok(page.includes(`\`${name}\``), name);
  const { port, host, answerWithinMs, maxAgeMs } = configuration({ PLATFORM: "simulator" });
  assert.ok(
    page.includes(`${port}, ${host}`) && page.includes(`| ${answerWithinMs} |`) && page.includes(`| ${maxAgeMs} |`),
  );
});

test("docs/recipes.md shows the files that the tests run", () => {
  const recipes = read("docs", "recipes.md");
  for (const file of readdirSync(join(root, "www", "recipes"))) {
    assert.ok(recipes.includes(`\`\`\`js\n${read("www", "recipes", file).trimEnd()}\n\`\`\``), file);
  }
});
