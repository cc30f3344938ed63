// Makes pkg/wasm/: compiles the two crates to WebAssembly, generates their glue and shrinks both. `node scripts/build.mjs`
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cache, ensureRust, installDependencies, root, run, seconds, step } from "./run.mjs";

const toolsTarget = join(cache, "target");
const out = join(root, "pkg", "wasm");

/** Builds one of the tools once for all clones and says where it is. */
export async function tool(name) {
  const runner = name === "wasm-bindgen-test-runner";
  const binary = join(toolsTarget, "debug", process.platform === "win32" ? `${name}.exe` : name);
  if (!existsSync(binary)) step(`Compiling ${name} once for this machine (one to five minutes) …`);
  const features = runner ? ["--features", "test-runner"] : [];
  const noDebugInfo = ["--config", "profile.dev.debug=false"];
  await run("cargo", [
    "build",
    "--locked",
    "--quiet",
    "-p",
    "tools",
    "--bin",
    name,
    ...features,
    ...noDebugInfo,
    "--target-dir",
    toolsTarget,
  ]);
  return binary;
}

/** Builds must not depend on where they ran: paths of this machine are replaced in what the compiler writes. */
const reproducible = () => {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  return [`--remap-path-prefix=${cargoHome}=/cargo`, `--remap-path-prefix=${root.replace(/[\\/]$/, "")}=/src`].join("\x1f");
};

const modules = [
  { crate: "disconnect-if-connected", file: "disconnect_if_connected.wasm", name: "core" },
  { crate: "simulator", file: "simulator.wasm", name: "simulator" },
];

// What every engine since 2021 reads, and nothing newer: Chrome 91, Firefox 89, Safari 15, Node 16.4.
const wasmFeatures = ["mutable-globals", "sign-ext", "nontrapping-float-to-int", "bulk-memory", "multivalue", "reference-types"].map(
  (feature) => `--enable-${feature}`,
);

async function shrink(input, output) {
  const wasmOpt = join(root, "node_modules", "binaryen", "bin", "wasm-opt");
  const strip = ["--strip-debug", "--strip-producers", "--strip-target-features"];
  await run(process.execPath, [wasmOpt, ...wasmFeatures, "-Oz", "-Oz", ...strip, input, "-o", output]);
}

export async function build() {
  const started = performance.now();
  await ensureRust();
  await installDependencies();
  const bindgen = await tool("bindgen");
  const target = join(root, "target", "wasm32-unknown-unknown", "release");
  if (!existsSync(target)) step("Compiling the package to WebAssembly (a minute) …");
  const packages = modules.flatMap(({ crate }) => ["-p", crate]);
  await run("cargo", ["build", "--locked", "--quiet", "--release", "--lib", "--target", "wasm32-unknown-unknown", ...packages], {
    env: { CARGO_ENCODED_RUSTFLAGS: reproducible(), CARGO_TARGET_DIR: join(root, "target") },
  });

  const sources = [
    ...modules.map(({ file }) => join(target, file)),
    ...["index.js", "error.js", "load.js", "simulator/index.js"].map((file) => join(root, "pkg", file)),
    join(root, "scripts", "build.mjs"),
    join(root, "src", "host", "shapes.js"),
  ];
  const hash = createHash("sha256");
  for (const source of sources) hash.update(readFileSync(source));
  const stamp = join(out, ".stamp");
  const fresh = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === fresh) return;

  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const { build: bundle } = await import("esbuild");
  for (const { file, name } of modules) {
    const raw = join(target, "bindgen", name);
    await run(bindgen, [join(target, file), raw, name]);
    await shrink(join(raw, `${name}_bg.wasm`), join(out, `${name}.wasm`));
    const base64 = readFileSync(join(out, `${name}.wasm`)).toString("base64");
    writeFileSync(join(out, `${name}.bytes.js`), `export default "${base64}";\n`);
    // One glue file: the shapes of src/host/shapes.js are bundled in. Names stay readable where they are exported.
    await bundle({
      entryPoints: [join(raw, `${name}.js`)],
      outfile: join(out, `${name}.js`),
      bundle: true,
      format: "esm",
      minify: true,
      target: "es2020",
      legalComments: "none",
      logLevel: "error",
    });
  }
  // The same entry point for `require`, and for Node's `import` (pkg/node.mjs), so that a process has one copy of everything.
  for (const [entry, file] of [
    ["index.js", "index.cjs"],
    ["simulator/index.js", "simulator.cjs"],
  ]) {
    await bundle({
      entryPoints: [join(root, "pkg", entry)],
      outfile: join(out, file),
      bundle: true,
      format: "cjs",
      platform: "node",
      target: "node20",
      logLevel: "error",
    });
  }
  writeFileSync(stamp, fresh);
  step(`Built pkg/wasm in ${seconds(started)}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await build().catch((error) => {
    console.error(`✗ ${error.message}`);
    process.exitCode = 1;
  });
}
