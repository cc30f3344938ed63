// Makes pkg/wasm/: compiles the two crates to WebAssembly, generates their glue and shrinks both. `node scripts/build.mjs`
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
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
  { crate: "disconnect-if-connected", features: ["--features", "no-std"], file: "disconnect_if_connected.wasm", name: "core" },
  { crate: "simulator", features: [], file: "simulator.wasm", name: "simulator" },
];

/**
 * The machinery of panic messages: nobody sees them, because wasm32-unknown-unknown has no standard error and panics end in a trap either
 * way. 4 KB of brotli. Nothing else uses core's formatting (`src/protocol/text.rs` says why).
 */
const PANIC_MESSAGES =
  /panicking|panic_fmt|rust_panic|rust_begin_unwind|default_hook|_fail(ed)?(_rt)?$|_fail::|capacity_overflow|handle_(alloc_)?error|::fmt::(Formatter|Write|Debug|Display|builders|write|num)|do_count_chars/;

/** Optimizes a module for size; `snips` removes the machinery of panic messages as well. */
async function shrink(input, output, { snips }) {
  const { default: binaryen } = await import("binaryen");
  const module = binaryen.readBinary(readFileSync(input));
  // What every engine since 2021 reads, and nothing newer: Chrome 91, Firefox 89, Safari 15, Node 16.4.
  const { MutableGlobals, SignExt, NontrappingFPToInt, BulkMemory, BulkMemoryOpt, Multivalue, ReferenceTypes, CallIndirectOverlong } =
    binaryen.Features;
  const references = ReferenceTypes | CallIndirectOverlong;
  module.setFeatures(MutableGlobals | SignExt | NontrappingFPToInt | BulkMemory | BulkMemoryOpt | Multivalue | references);
  if (snips) {
    const functions = Array.from({ length: module.getNumFunctions() }, (_, index) =>
      binaryen.getFunctionInfo(module.getFunctionByIndex(index)),
    );
    for (const { name, params, results } of functions.filter(({ module, name }) => !module && PANIC_MESSAGES.test(name))) {
      module.removeFunction(name);
      module.addFunction(name, params, results, [], module.unreachable());
    }
  }
  module.runPasses(["strip-debug", "strip-producers", "strip-target-features"]);
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(2);
  // Large functions that are called once stay functions: engines compile each when it is first called, and brotli likes them better.
  binaryen.setOneCallerInlineMaxSize(40);
  // Each round makes room for the next, until one gains nothing.
  for (let size = Infinity, next = module.emitBinary().length; next < size; next = module.emitBinary().length) {
    size = next;
    module.optimize();
  }
  if (!module.validate()) throw new Error(`${output} is no valid WebAssembly`);
  const bytes = module.emitBinary();
  if (snips) eraseSourcePaths(bytes);
  writeFileSync(output, bytes);
  module.dispose();
}

/** Panic messages would name source files; nobody sees them, and they would differ from one registry's folder name to another's. */
function eraseSourcePaths(bytes) {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  for (const { index, 0: path } of text.matchAll(/(?:\/rustc?|\/cargo|src)\/[\w./-]+?\.rs/g)) bytes.fill(0, index, index + path.length);
}

const brotliLength = (text) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } }).length;

/**
 * Bytes as a string literal, a character a byte. In UTF-8, compressed by a web server, that is 2 % larger than the bytes themselves;
 * base64 is 30 % larger, because it hides from the compressor what repeats. Each byte is XORed with a key, the first character, chosen so
 * that few need an escape: zeros, the most frequent, among them.
 */
function literal(bytes) {
  const escapes = { 0: "\\x00", 10: "\\n", 13: "\\r", 34: '\\"', 92: "\\\\" };
  const counts = new Array(256).fill(0);
  for (const byte of bytes) counts[byte]++;
  const escaped = (key) => Object.keys(escapes).reduce((sum, code) => sum + counts[code ^ key], 0);
  const write = (key) => `"${Array.from([0, ...bytes], (byte) => escapes[byte ^ key] ?? String.fromCharCode(byte ^ key)).join("")}"`;
  const keys = Array.from({ length: 128 }, (_, key) => key).sort((a, b) => escaped(a) - escaped(b));
  const candidates = keys.slice(0, 8).map(write);
  return candidates.reduce((best, next) => (brotliLength(next) < brotliLength(best) ? next : best));
}

export async function build() {
  const started = performance.now();
  await ensureRust();
  await installDependencies();
  const bindgen = await tool("bindgen");
  const target = join(root, "target", "wasm32-unknown-unknown", "release");
  if (!existsSync(target)) step("Compiling the package to WebAssembly (a minute) …");
  // One after the other, because cargo gives crates that are built together the features of all.
  for (const { crate, features } of modules) {
    const lib = ["build", "--locked", "--quiet", "--release", "--lib", "--target", "wasm32-unknown-unknown", "-p", crate, ...features];
    await run("cargo", lib, { env: { CARGO_ENCODED_RUSTFLAGS: reproducible(), CARGO_TARGET_DIR: join(root, "target") } });
  }

  const sources = [
    ...modules.map(({ file }) => join(target, file)),
    ...["init.js", "index.js", "error.js", "load.js", "simulator/index.js"].map((file) => join(root, "pkg", file)),
    join(root, "scripts", "build.mjs"),
    join(root, "tools", "src", "bin", "bindgen.rs"),
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
    // The simulator formats what it answers; only the package itself does without.
    await shrink(join(raw, `${name}_bg.wasm`), join(out, `${name}.wasm`), { snips: name === "core" });
    const bytes = readFileSync(join(out, `${name}.wasm`));
    writeFileSync(
      join(out, `${name}.bytes.js`),
      `import { decoded } from "../load.js";\nexport default () => decoded(${literal(bytes)});\n`,
    );
    // Node decodes base64 natively, and compiles lazily, so that to do it at once is sooner done than in another thread; nobody downloads
    // it compressed. A file of its own, because Node looks through all of a CommonJS file that is imported.
    const base64 = `Buffer.from("${bytes.toString("base64")}", "base64")`;
    writeFileSync(join(out, `${name}.bytes.cjs`), `module.exports = () => new WebAssembly.Module(${base64});\n`);
    // One glue file: the shapes of src/host/shapes.js are bundled in. Names stay readable where they are exported.
    await bundle({
      entryPoints: [join(raw, `${name}.js`)],
      outfile: join(out, `${name}.js`),
      bundle: true,
      format: "esm",
      minify: true,
      // Closures of the module are always dropped by it. To have the garbage collector watch each as well costs 9 µs a removal.
      define: { FinalizationRegistry: "undefined" },
      target: "es2020",
      legalComments: "none",
      logLevel: "error",
    });
  }
  // The same entry points for `require`, and for Node's `import` (pkg/node.mjs), so that a process has one copy of everything.
  const ownFiles = {
    name: "own files",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\/init\.js$/ }, () => ({ path: "./init.cjs", external: true }));
      onResolve({ filter: /\.bytes\.cjs$/ }, ({ path }) => ({ path, external: true }));
      // Required by the first call, not by the import.
      onLoad({ filter: /\.bytes\.js$/ }, ({ path }) => ({
        contents: `export default () => require("./${basename(path, ".js")}.cjs")();`,
      }));
    },
  };
  for (const [entry, file] of [
    ["init.js", "init.cjs"],
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
      charset: "utf8",
      plugins: [ownFiles],
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
