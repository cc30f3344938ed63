// Hostile objects as arguments: none of them hangs a call or ends the process. support/hostile.mjs creates them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

test("every kind of hostile object in every place ends in a result or an error", async (context) => {
  const script = fileURLToPath(new URL("./support/hostile.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script], { maxBuffer: 1e9 });
  const { kinds, places, objects, ended, wrong, strays } = JSON.parse(stdout);
  context.diagnostic(`${objects} hostile objects: ${kinds} kinds in ${places} places`);
  context.diagnostic(JSON.stringify(ended));
  assert.deepEqual(wrong, []);
  assert.deepEqual(strays, []);
  assert.equal(objects, kinds * places);
  assert.equal(ended.hangs, undefined);
  assert.equal(ended.INTERNAL, undefined);
});
