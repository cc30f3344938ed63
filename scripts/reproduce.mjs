// `npm run reproduce`: builds the package a second time, in another folder and from nothing, and compares every byte.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "./build.mjs";
import { green, output, red, root, run, step } from "./run.mjs";

await build();
const elsewhere = join(mkdtempSync(join(tmpdir(), "dic-reproduce-")), "another-name");
try {
  // What git would give a fresh clone, with today's changes.
  const files = output("git", ["ls-files", "--cached", "--others", "--exclude-standard"]);
  if (!files) throw new Error("git could not list the files of this repository");
  for (const file of files.split("\n")) {
    mkdirSync(dirname(join(elsewhere, file)), { recursive: true });
    cpSync(join(root, file), join(elsewhere, file));
  }
  symlinkSync(join(root, "node_modules"), join(elsewhere, "node_modules"), "junction");
  step("Building a second time, elsewhere (a minute or two) …");
  await run(process.execPath, [join(elsewhere, "scripts", "build.mjs")], { cwd: elsewhere });
  const sum = (folder, file) =>
    createHash("sha256")
      .update(readFileSync(join(folder, "pkg", file)))
      .digest("hex");
  const all = readdirSync(join(root, "pkg"), { recursive: true });
  const built = all.filter((file) => !file.startsWith(".") && statSync(join(root, "pkg", file)).isFile());
  const differing = built.filter((file) => sum(root, file) !== sum(elsewhere, file));
  for (const file of built)
    console.log(`${differing.includes(file) ? red("≠") : green("=")} ${sum(root, file)}  pkg/${file}`);
  if (differing.length > 0 || built.length === 0) throw new Error(`not reproducible: ${differing.join(", ")}`);
} catch (error) {
  console.error(`${red("✗")} ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(dirname(elsewhere), { recursive: true, force: true });
}
