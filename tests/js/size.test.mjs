// Size: what a browser downloads stays within the budget.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BUDGET_BROTLI_BYTES, sizes } from "../../scripts/size.mjs";

test("what a browser downloads is within the budget", (context) => {
  const all = sizes().at(-1);
  context.diagnostic(`${all.brotli} of ${BUDGET_BROTLI_BYTES} bytes of brotli`);
  assert.ok(all.brotli <= BUDGET_BROTLI_BYTES);
});
