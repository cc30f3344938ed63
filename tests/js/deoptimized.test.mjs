// Deoptimisation during a call. Node 20 (V8 11.3) inlines calls of WebAssembly exports into optimised JavaScript. If
// the export's only result is a JavaScript value, and the JavaScript is deoptimised during the call, which a garbage
// collection or a changed object can cause, V8 ends the process ("unreachable code"). Here a getter causes it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { root } from "../../scripts/run.mjs";

const SOURCE = `
  import { readFile } from "node:fs/promises";
  import init, { disconnectIfConnected } from "./core.js";
  await init({ module_or_path: await readFile("core.wasm") });
  const call = (options) => disconnectIfConnected(options);
  const functions = [call, disconnectIfConnected];
  for (const one of functions) %PrepareFunctionForOptimization(one);
  const code = (options) => call(options).catch((error) => error.code);
  for (let calls = 0; calls < 100; calls++) await code({});
  for (const one of functions) %OptimizeFunctionOnNextCall(one);
  await code({});
  const deoptimising = { get conversationId() { for (const one of functions) %DeoptimizeFunction(one); return 5; } };
  console.log(await code(deoptimising), await code({}));`;

test("a call whose JavaScript is deoptimised meanwhile ends normally", async () => {
  const flags = ["--allow-natives-syntax", "--input-type=module", "--eval", SOURCE];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: join(root, "pkg") });
  assert.equal(stdout.trim(), "INVALID_ARGUMENT INVALID_ARGUMENT");
});
