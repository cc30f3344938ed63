// `npm start`: the page, with the simulator in it, and the API reference.
import { join } from "node:path";
import { buildPage, pageFolder } from "./page.mjs";
import { buildReference } from "./reference.mjs";
import { bold } from "./run.mjs";
import { serve } from "./serve.mjs";

await buildPage();
await buildReference(join(pageFolder, "reference"));
const folder = pageFolder;
const { url } = await serve({ folder, port: Number(process.env.PORT ?? 8080) }).catch(() => serve({ folder }));
console.log(`Open ${bold(url)} in a browser. Ctrl+C stops.`);
