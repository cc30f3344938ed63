// Cells of the matrix that several hosts have in common.
import { traps as trapModule } from "../../../scripts/build.mjs";
import * as traps from "../shared/traps.mjs";
import { runProgram } from "./program.mjs";
import { createProject } from "./project.mjs";

/**
 * One cell of the matrix: a host and one form of using the package in it.
 * @typedef {object} Cell
 * @property {string} host its name and version
 * @property {string} form
 * @property {string} [expected] what `run` must return; default: `expected` of shared/story.mjs
 * @property {(simulator: string) => Promise<string>} [run] gets the address of a simulator of its own
 * @property {string} [missing] why the cell cannot run here
 */

/** The result of a cell that has no other than the exit code of a program. */
export const PASSED = "passed";

/**
 * Makes the cells of a host that runs a file, which prints the result.
 * @param {string} host
 * @param {string} folder
 * @param {string} command
 * @param {string[]} [args] come before the file
 */
export function programCells(host, folder, command, args = []) {
  /** @returns {Cell} */
  return (form, file, { expected, flags = [], copies, files } = {}) => ({
    host,
    form,
    expected,
    run: async (simulator) => {
      const cwd = createProject(`${host} ${form}`, { folder, copies, files });
      return runProgram(command, [...args, ...flags, file], { cwd, env: { SIMULATOR: simulator } });
    },
  });
}

/** What a program needs for shared/traps.mjs: the module with traps, whose files are ES modules, in the project. */
export const withTraps = {
  expected: traps.expected,
  copies: { "trap-module": trapModule },
  files: { "trap-module/package.json": '{ "type": "module" }' },
};
