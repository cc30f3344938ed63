// The cells of Chromium.
import { browserCells, folders } from "../support/browser-cells.mjs";
import { chromium, openPage } from "../support/chromium.mjs";
import { folderOf } from "../support/project.mjs";

const { name: host, missing, close } = chromium;

export { close };

const served = { ...folders, "/": folderOf(import.meta.url) };
const openClassic = (simulator) => openPage(served, simulator, "/windows-1252.html");

export const cells = [
  ...browserCells(chromium),
  { host, form: "index.iife.js on a page in windows-1252", missing, run: openClassic },
];
