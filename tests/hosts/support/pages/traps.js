// Traps of the module in a page. What reaches the window's handlers of uncaught errors is a stray.

import { traps } from "/shared/traps.mjs";
import { setTrap } from "/trap-module/core.js";
import * as imported from "/trap-module/index.js";

const strays = [];
for (const event of ["error", "unhandledrejection"]) {
  addEventListener(event, ({ message, reason }) => strays.push(`${event}: ${message ?? reason}`));
}
const result = await traps({ ...imported, setTrap }, strays).catch(String);
await fetch("/report", { method: "POST", body: result });
