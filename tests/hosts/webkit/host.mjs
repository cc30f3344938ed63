// WebKit, as WebKitGTK's MiniBrowser.
import { browserCells } from "../support/browser-cells.mjs";
import { openWebKit } from "../support/browsers.mjs";

export const cells = browserCells(await openWebKit());
