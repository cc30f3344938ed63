// The cells of Jest, with its defaults (CommonJS).
import { readFileSync } from "node:fs";
import { PASSED } from "../support/cells.mjs";
import { bin, versionOf } from "../support/installed.mjs";
import { runProgram } from "../support/program.mjs";
import { createProject, folderOf } from "../support/project.mjs";

const folder = folderOf(import.meta.url);

// Generated, because Jest does not load ES modules by default.
const story = readFileSync(new URL("../shared/story.mjs", import.meta.url), "utf8");
const files = { "story.cjs": `${story.replaceAll(/^export /gm, "")}\nmodule.exports = { expected, story };\n` };

const cell = (form, file) => ({
  host: `Jest ${versionOf("jest")}`,
  form,
  expected: PASSED,
  run: async (simulator) => {
    const cwd = createProject(`Jest ${form}`, { folder, files });
    await runProgram(bin("jest"), ["--ci", "--rootDir", ".", file], { cwd, env: { SIMULATOR: simulator, CI: "1" } });
    return PASSED;
  },
});

export const cells = [
  cell("defaults, and the simulator", "story.test.js"),
  cell("fake timers", "fake-timers.test.js"),
  cell("jsdom", "jsdom.test.js"),
  cell("jsdom, the element", "element.test.js"),
];
