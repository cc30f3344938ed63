// `npm start`: the page, with the simulator in it.
import { build } from "./build.mjs";
import { bold } from "./run.mjs";
import { serve } from "./serve.mjs";

await build();
const { url } = await serve({ port: Number(process.env.PORT ?? 8080) }).catch(() => serve());
console.log(`Open ${bold(url)} in a browser. Ctrl+C stops.`);
