// Traps of the module. What reaches the process's handlers of uncaught errors is a stray.
import process from "node:process";
import { setTrap } from "./trap-module/core.js";
import * as imported from "./trap-module/index.js";
import { traps } from "./traps.mjs";

const strays = [];
for (const event of ["uncaughtException", "unhandledRejection"])
  process.on(event, (error) => strays.push(String(error)));
console.log(await traps({ ...imported, setTrap }, strays));
