// docs/desktop.md and the part of docs/simulator.md about channels: the code is that of the files or runs, the tables
// have what the code has.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../scripts/run.mjs";
import { ConversationClient, createSimulator } from "../js/support/package.mjs";

const read = (...path) => readFileSync(join(root, ...path), "utf8");
const docs = read("docs", "desktop.md");
const blocksOf = (text) => [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);
const page = (file) => read("www", "desktop", file);
const sources = readdirSync(join(root, "www", "desktop"))
  .filter((file) => file.endsWith(".js"))
  .map(page)
  .join("\n");
/** The names in backticks in the first column of the table with this head. */
function names(head) {
  const rows = docs.split(head)[1].split("\n\n")[0].split("\n").slice(2);
  return rows.flatMap((row) => [...row.split("|")[1].matchAll(/`([^`]+)`/g)].map(([, name]) => name)).sort();
}
const found = (pattern) => [...new Set([...sources.matchAll(pattern)].map(([, name]) => name))].sort();

test("the samples are the files", () => {
  const blocks = blocksOf(docs);
  for (const file of ["crm.js", "open-cti.js", "servicenow.js"])
    assert.ok(blocks.includes(page(join("demo", file))), file);
});

test("the frame is that of the CRM page", () => {
  const [, frame] = /```html\n(.*?) *```/s.exec(docs);
  const squeezed = (text) => text.replace(/\s+/g, " ").trim();
  assert.ok(squeezed(page(join("demo", "crm.html"))).includes(squeezed(frame)));
});

test("the tables: query, config.json, messages", () => {
  const [, taken] = /const \{ (.*) \} = config;/.exec(page("main.js"));
  const configured = [...taken.matchAll(/(\w+)(?: = (?:\[\]|"\w+"))?(?:,|$)/g)].map(([, name]) => name);
  const present = ["gcConversationId", "gcHostOrigin", "gcLangTag", "gcTargetEnv", "gcUsePopupAuth", "host"];
  assert.deepEqual(names("| query | meaning |"), present);
  for (const name of [...present, "pcConversationId", "pcEnvironment", "pcLangTag", "pcUsePopupAuth"])
    assert.ok(page("launch.js").includes(`"${name}"`) && docs.includes(`\`${name}\``), name);
  assert.deepEqual(names("| `config.json` | default | meaning |"), ["environments", ...configured].sort());
  for (const name of found(/\bown\??\.(\w+)/g))
    assert.ok(docs.includes(`\`${name}\``) || docs.includes(`"${name}"`), name);
  assert.deepEqual(
    names("| `on` | content | when |"),
    [...found(/\btell\("([\w-]+)"/g)].filter((name) => !["init", "refresh"].includes(name)),
  );
});

test("the example of channel.js has its options, and its states", () => {
  const [example] = blocksOf(docs).filter((code) => code.includes("joinChannel({"));
  const documented = [...page("channel.js").matchAll(/@param \{.*?\} \[?options\.(\w+)/g)].map(([, name]) => name);
  const used = [...example.matchAll(/^ {2}(\w+)[,:]/gm)].map(([, name]) => name);
  assert.deepEqual(
    used,
    documented.filter((name) => name !== "host"),
  );
  for (const [, state] of /@typedef \{(.*)\} ChannelState/.exec(page("channel.js"))[1].matchAll(/"(\w+)"/g))
    assert.ok(example.includes(`"${state}"`), state);
  assert.ok(page("channel.js").split("\n").length <= 200);
});

test("the link to an integration has every placeholder", () => {
  const [, url] = /```text\n\s*(\S+)\n/.exec(docs);
  const placeholders = [...new URL(url).searchParams].map(([name, value]) => [name, value]);
  assert.ok(placeholders.length >= 5);
  for (const [name, value] of placeholders) assert.equal(value, `{{${name}}}`);
});

test("docs/simulator.md: the example with a channel", async () => {
  const [, example] = blocksOf(read("docs", "simulator.md"));
  const options = { accessToken: "t", region: "us-east-1", api: "calls" };
  const client = new ConversationClient(options);
  const changed = new Promise((resolve) => client.subscribe(resolve));
  const run = Object.getPrototypeOf(async () => {}).constructor;
  const socket = await new run("createSimulator", "client", `${example}\nreturn socket;`)(createSimulator, client);
  assert.equal(await changed, "c");
  socket.close();
  client.close();
});
