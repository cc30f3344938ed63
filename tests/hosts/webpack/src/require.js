// The program of the page in CommonJS: there is no Buffer in a page.
const imported = require("disconnect-if-connected");
const { report } = require("../report.mjs");
const { story } = require("../story.mjs");

report((simulator) => story(imported, simulator));
