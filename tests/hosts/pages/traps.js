// traps.mjs in a page; what reached the window's handlers of uncaught errors is stray.

import { setTrap } from "/traps/core.js";
import * as imported from "/traps/index.js";
import { traps } from "/traps.mjs";

const strays = [];
for (const event of ["error", "unhandledrejection"]) {
  addEventListener(event, ({ message, reason }) => strays.push(`${event}: ${message ?? reason}`));
}
const told = await traps({ ...imported, setTrap }, strays).catch(String);
await fetch("/report", { method: "POST", body: told });
