// Traps of the module: tests/hosts/shared/traps.mjs in this Node (tests/hosts runs it in other hosts), and an instance
// that cannot be renewed.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { buildTraps, traps as folder } from "../../scripts/build.mjs";
import { expected, traps } from "../hosts/shared/traps.mjs";

await buildTraps();
const load = (file) => import(pathToFileURL(join(folder, file)).href);
const module = { ...(await load("index.js")), setTrap: (await load("core.js")).setTrap };

const strays = [];
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error) => strays.push(`${event}: ${error?.stack ?? error}`));
}

test("a trap ends every call under way with INTERNAL, and the next one works", async () => {
  assert.equal(await traps(module, strays), expected);
});

test("where no fresh instance can be made, calls end with INTERNAL until one can", async () => {
  const options = { conversationId: "c", participantId: "p", accessToken: "tok-00000000", region: "us-east-1" };
  const fetch = async () => Response.json({ entities: [{ id: "p", state: "terminated" }] });
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function Instance() {
    throw new RangeError("out of memory");
  };
  try {
    module.setTrap("panic", 0);
    const error = await module.disconnectIfConnected({ ...options, fetch }).catch((error) => error);
    assert.deepEqual([error.code, error.name], ["INTERNAL", "DisconnectError"]);
    assert.match(error.message, /next call starts/);
    assert.ok(error.cause instanceof WebAssembly.RuntimeError);
  } finally {
    WebAssembly.Instance = Instance;
  }
  // The old instance may answer or trap again; in the end there is a fresh one.
  await module.disconnectIfConnected({ ...options, fetch }).catch(({ code }) => assert.equal(code, "INTERNAL"));
  assert.equal((await module.disconnectIfConnected({ ...options, fetch })).outcome, "already-disconnected");
  assert.deepEqual(strays, []);
});

test("a `clearTimeout` that throws does not stop the recovery", async () => {
  const options = { conversationId: "c", participantId: "p", accessToken: "tok-00000000", region: "us-east-1" };
  const listed = (state) => async () => Response.json({ entities: [{ id: "p", state }] });
  const waiting = module.disconnectIfConnected({ ...options, fetch: () => new Promise(() => {}) });
  await new Promise(setImmediate);
  const { clearTimeout } = globalThis;
  globalThis.clearTimeout = () => {
    throw new TypeError("no timers any more");
  };
  try {
    module.setTrap("panic", 0);
    const other = module.disconnectIfConnected({ ...options, fetch: listed("terminated") });
    for (const call of [waiting, other]) await assert.rejects(call, { code: "INTERNAL" });
    await new Promise(setImmediate);
  } finally {
    globalThis.clearTimeout = clearTimeout;
  }
  const next = await module.disconnectIfConnected({ ...options, fetch: listed("terminated") });
  assert.equal(next.outcome, "already-disconnected");
  assert.deepEqual(strays, []);
});
