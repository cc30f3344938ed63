// `npm run races -- [RACES] [SEED]`: what people write by hand and this package on the same random races, in virtual
// time. The races run in Rust (bench/src/main.rs); with the default number and seed it also writes docs/races.svg.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../scripts/run.mjs";
import { barChart } from "./chart.mjs";

const given = process.argv.slice(2);
const args = ["run", "--quiet", "--release", "--locked", "-p", "bench", "--bin", "races", "--", ...given];
const { status, stdout } = spawnSync("cargo", args, {
  cwd: root,
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
});
console.log(stdout.trimEnd());
if (status !== 0) process.exit(1);
if (given.length > 0) process.exit(0);

const [first] = stdout.split("\n\n| reads");
const rows = [...first.matchAll(/^\| ([^|]+) \| ([\d.]+) % \| (\d+) \| (\d+) \| ([\d.]+) \|$/gm)];
const group = (title, column, unit = "") => ({
  title,
  bars: rows.map((row) => ({
    name: row[1],
    value: Number(row[column]),
    label: `${row[column]}${unit}`,
    isOwn: row[1] === "disconnectIfConnected",
  })),
});
const [count] = stdout.match(/^\d+ races/) ?? [];
const groups = [
  group(`Removed, of those who could be removed (${count})`, 2, " %"),
  group("False reports", 3),
  group("Requests for each race", 5),
];
writeFileSync(
  join(root, "docs", "races.svg"),
  barChart("Four ways of removing a participant on the same races", groups),
);
console.log("\ndocs/races.svg is written");
