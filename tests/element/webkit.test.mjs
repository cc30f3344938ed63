// The element in WebKitGTK, which has no driver here: the page itself removes Grace, and reports the result.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openWebKit, serve } from "../hosts/support/browsers.mjs";
import "./support.mjs";

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const webkit = await openWebKit();

test(`${webkit.name}: a removal, from the list to the outcome`, { skip: webkit.missing ?? false }, async () => {
  const server = await serve({ "/pkg/": folder("../../pkg/"), "/tests/element/": folder("./") });
  try {
    const seen = await webkit.report(`${server.url}/tests/element/page.html?report=/report`, server);
    assert.equal(
      seen,
      "before p-grace, outcome p-grace disconnected · Grace Hopper was removed. · " +
        "Grace Hopper | Customer | gone | off · 1 write · flex",
    );
  } finally {
    await server.close();
  }
});
