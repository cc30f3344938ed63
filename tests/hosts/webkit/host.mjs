// The cells of WebKit, which is the MiniBrowser of WebKitGTK.
import { browserCells } from "../support/browser-cells.mjs";
import { openWebKit } from "../support/browsers.mjs";

export const cells = browserCells(await openWebKit());
