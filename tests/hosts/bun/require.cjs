// The package in CommonJS.
const imported = require("disconnect-if-connected");

import("./story.mjs").then(async ({ story }) => console.log(await story(imported, process.env.SIMULATOR)));
