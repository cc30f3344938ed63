// Size: what a browser downloads stays within the budgets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BUDGET_BROTLI_BYTES, ELEMENT_BUDGET_BROTLI_BYTES, elementSizes, sizes } from "../../scripts/size.mjs";

test("what a browser downloads is within the budget", (context) => {
  const all = sizes().at(-1);
  context.diagnostic(`${all.brotli} of ${BUDGET_BROTLI_BYTES} bytes of brotli`);
  assert.ok(all.brotli <= BUDGET_BROTLI_BYTES);
});

test("what the element adds is within its budget", (context) => {
  const all = elementSizes().at(-1);
  context.diagnostic(`${all.brotli} of ${ELEMENT_BUDGET_BROTLI_BYTES} bytes of brotli`);
  assert.ok(all.brotli <= ELEMENT_BUDGET_BROTLI_BYTES);
});
