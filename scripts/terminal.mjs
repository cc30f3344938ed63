// What a command prints in a terminal, as an SVG: `npm run pictures` writes docs/terminal.svg with it.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

const CONVERSATION = "3f2a9c10-7d5e-4b8a-9c41-5d2f6e8b1a07";
const CALLER = "b71c02de-1f4a-4e0c-8a6b-90d3c5e7f218";
const LINE_PX = 19;
const PADDING_PX = 16;
/** The width of a character of a monospace font of 13 px. */
const CHARACTER_PX = 7.85;

/** The colour of a line by what it begins with. */
const COLOURS = [
  [/^\$/, "#e6edf3"],
  [/→/, "#79c0ff"],
  [/← [45]/, "#ff7b72"],
  [/←/, "#7ee787"],
  [/=/, "#7ee787"],
  [/wait/, "#d29922"],
  [/./, "#9da7b3"],
];

/** As text of an SVG, which would collapse spaces. */
const escaped = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(" ", "\u00a0");

/** @param {string[]} lines @param {string} title what the picture shows, for those who cannot see it */
export function terminal(lines, title) {
  const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * CHARACTER_PX + 2 * PADDING_PX);
  const height = lines.length * LINE_PX + 2 * PADDING_PX;
  const rows = lines.map((line, index) => {
    const [, colour] = COLOURS.find(([pattern]) => pattern.test(line)) ?? [];
    const y = PADDING_PX + (index + 0.75) * LINE_PX;
    return `<text x="${PADDING_PX}" y="${y}" fill="${colour}">${escaped(line)}</text>`;
  });
  const size = `viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escaped(title)}"
  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${rows.join("\n")}
</svg>
`;
}

/** Runs the package's command against a platform that refuses the first disconnect, and gives the lines it printed. */
async function timeline() {
  const { createSimulator } = await import("../pkg/simulator.js");
  const schedule = [{ at: -60_000, state: "connected" }];
  const simulator = await createSimulator({
    conversations: [{ id: CONVERSATION, participants: [{ id: CALLER, purpose: "customer", schedule }] }],
    faults: [{ on: "write", status: 409 }],
  });
  const { baseUrl, close } = await simulator.listen();
  const args = [CONVERSATION, CALLER, "--api", "calls", "--base-url", baseUrl, "--confirm"];
  const env = { ...process.env, GENESYS_CLOUD_ACCESS_TOKEN: "a-token-of-the-simulator" };
  const child = spawn(process.execPath, [join(root, "pkg", "cli.js"), ...args], { env });
  let text = "";
  for await (const chunk of child.stdout) text += chunk;
  await close();
  return text.trimEnd().split("\n");
}

/**
 * Writes docs/terminal.svg: a 409 and how the call went on. The ids are shortened, and a region stands for the address
 * of the simulator; the rest is as printed.
 */
export async function writeTerminal() {
  const command = "$ npx disconnect-if-connected 3f2a9c10… b71c02de… --api calls --region us-east-1 --confirm";
  const lines = (await timeline()).map((line) => line.replace(CONVERSATION, "3f2a9c10…").replace(CALLER, "b71c02de…"));
  const title =
    "The command removes a caller: a read, a refused disconnect (409), a wait, a read, an accepted disconnect";
  writeFileSync(join(root, "docs", "terminal.svg"), terminal([command, ...lines], title));
}
