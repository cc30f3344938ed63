// The cells of Firefox.
import { browserCells } from "../support/browser-cells.mjs";
import { openFirefox } from "../support/browsers.mjs";

export const cells = browserCells(await openFirefox());
