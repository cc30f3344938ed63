// `npm run build`: makes pkg/, the npm package, whole. cargo -> wasm-bindgen -> wasm-opt -> esbuild.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensureRust, installDependencies, output, root, run, seconds, step, tool } from "./run.mjs";
import { isFresh, writeStamp } from "./stamp.mjs";

const pkg = join(root, "pkg");
const compiled = join(root, "target", "wasm32-unknown-unknown", "release");
const modules = [
  { crate: "disconnect-if-connected", file: "disconnect_if_connected.wasm", name: "core" },
  { crate: "simulator", file: "simulator.wasm", name: "simulator-core" },
];

/** For `tests/hosts/shared/traps.mjs`: the package's entry for browsers, with an export that makes the module fail. */
export const traps = join(root, "target", "traps");

/** Compiles a crate; the result does not depend on where, because paths of this machine are replaced. */
async function compile(crate, ...more) {
  if (!existsSync(compiled)) step("Compiling the package to WebAssembly (one to five minutes) ...");
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  const flags = [`--remap-path-prefix=${cargoHome}=/cargo`, `--remap-path-prefix=${root.replace(/[\\/]$/, "")}=/src`];
  const env = { CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f"), CARGO_TARGET_DIR: join(root, "target") };
  const args = ["build", "--locked", "--quiet", "--release", "--lib", "--target", "wasm32-unknown-unknown"];
  await run("cargo", [...args, "-p", crate, ...more], { env });
}

/**
 * Size first; large functions that are called once stay functions, because an engine compiles each when it is first
 * called, and brotli compresses them better, by 3 KB. The smallest functions are inlined: faster, and no larger. The
 * features are what every engine since 2021 reads: Chrome 91, Firefox 89, Safari 15, Node 16.4.
 */
const WASM_OPT = `-Oz --converge --one-caller-inline-max-function-size=20
  --always-inline-max-function-size=6 --strip-debug --strip-producers --strip-target-features
  --enable-bulk-memory --enable-multivalue --enable-mutable-globals --enable-nontrapping-float-to-int
  --enable-reference-types --enable-sign-ext`.split(/\s+/);

/** Bundles one entry point by esbuild. */
async function bundle(entry, outfile, format, more) {
  const { build } = await import("esbuild");
  const shared = { bundle: true, target: "es2021", legalComments: "none", logLevel: "error" };
  const entryPoints = entry ? [entry] : [];
  await build({ entryPoints, outfile, format, ...shared, ...more });
}

/** Bytes as ASCII: one character for a byte below 90, as most are, two for any other. `js/load.js` reads it. */
function toText(bytes) {
  const pair = (rest) => String.fromCharCode(125 + Math.floor(rest / 92), 35 + (rest % 92));
  return Array.from(bytes, (byte) => (byte < 90 ? String.fromCharCode(35 + byte) : pair(byte - 90))).join("");
}

/**
 * wasm-bindgen calls each import that may throw by `handleError(function (…) {…}, arguments)`, which creates a function
 * and an object of arguments for every call: a removal makes sixty of them. A plain `try` does the same.
 */
function withPlainTry(glue) {
  const wrapped = /function\(\) \{ return handleError\(function \(([\w, ]*)\) \{(.*?)\n {8}\}, arguments\); \}/gs;
  const plain = "function($1) { try {$2\n        } catch (e) { return handleError(() => { throw e; }); } }";
  const changed = glue.replace(wrapped, plain);
  if (changed.includes("handleError(function")) throw new Error("wasm-bindgen's glue has a new form: see withPlainTry");
  return changed;
}

/** A module, its glue, and the module inlined as an ES module and as a CommonJS one. */
async function assemble({ file, name }, folder) {
  const raw = join(compiled, "bindgen", basename(folder), name);
  await run(await tool("bindgen"), [join(compiled, file), raw, name]);
  const wasm = join(folder, `${name}.wasm`);
  const wasmOpt = join(root, "node_modules", "binaryen", "bin", "wasm-opt");
  await run(process.execPath, [wasmOpt, join(raw, `${name}_bg.wasm`), ...WASM_OPT, "-o", wasm]);
  const glue = join(raw, `${name}.js`);
  writeFileSync(glue, withPlainTry(readFileSync(glue, "utf8")));
  // jsdom has no TextDecoder: js/encoding.js gets it from Node.
  const inject = [join(root, "js", "encoding.js")];
  await bundle(glue, join(folder, `${name}.js`), "esm", { minify: true, inject });
  const inline = join(folder, `${name}.inline.js`);
  const text = JSON.stringify(toText(readFileSync(wasm)));
  writeFileSync(inline, `import { fromText } from "./load.js";\nexport default () => fromText(${text});\n`);
  await bundle(inline, join(folder, `${name}.inline.cjs`), "cjs");
}

/** In CommonJS, entry points share modules such as `wasm.cjs`; the first call requires the inlined module. */
const commonJs = {
  name: "commonjs",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/(wasm|element)\.js$|^\.\.\/index\.js$/ }, ({ path, kind }) =>
      kind === "entry-point" ? undefined : { path: path.replace(/js$/, "cjs"), external: true },
    );
    onResolve({ filter: /\.inline\.cjs$/ }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /\.inline\.js$/ }, ({ path }) => ({
      contents: `export default () => require("./${path.split(/[\\/]/).at(-1).replace(/js$/, "cjs")}").default();`,
    }));
  },
};

/**
 * The library ws, with its licence: it is run when a simulator gets its first WebSocket over HTTP. Node's modules come
 * from `process.getBuiltinModule`, so that the file loads in browsers and Jest too.
 */
async function webSockets() {
  const builtins = {
    name: "builtins",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^(bufferutil|utf-8-validate)$/ }, ({ path }) => ({ path, namespace: "missing" }));
      onResolve({ filter: /^[a-z]+$/ }, ({ path }) =>
        path !== "ws" && isBuiltin(path) ? { path, namespace: "builtin" } : undefined,
      );
      onLoad({ filter: /./, namespace: "missing" }, () => ({ contents: 'throw new Error("not installed");' }));
      onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
        contents: `module.exports = globalThis.process.getBuiltinModule("node:${path}");`,
      }));
    },
  };
  const licence = readFileSync(join(root, "node_modules", "ws", "LICENSE"), "utf8");
  const stdin = { contents: 'export const serverOf = () => require("ws").WebSocketServer;', resolveDir: root };
  const banner = { js: `/*! The library ws, https://github.com/websockets/ws\n\n${licence}*/` };
  const more = { stdin, banner, platform: "node", minify: true, plugins: [builtins] };
  await bundle(undefined, join(pkg, "simulator-ws.js"), "esm", more);
}

/** package.json: what Cargo.toml says of the crate, and js/package.json. */
function manifest() {
  const metadata = JSON.parse(output("cargo", ["metadata", "--locked", "--no-deps", "--format-version", "1"]));
  const crate = metadata.packages.find(({ name }) => name === "disconnect-if-connected");
  const { name, version, description, keywords, license, homepage, repository } = crate;
  const links = { homepage, repository: { type: "git", url: `git+${repository}.git` }, bugs: `${repository}/issues` };
  const own = JSON.parse(readFileSync(join(root, "js", "package.json"), "utf8"));
  return { name, version, description, keywords, license, ...links, ...own };
}

/** The element's modules and types, and its manifest for editors, made of the comments in its source. */
async function elements() {
  const folder = join(pkg, "element");
  const own = { minify: true, target: "es2022", external: ["../index.js"] };
  await bundle(join(root, "js", "element", "element.js"), join(folder, "element.js"), "esm", own);
  for (const name of ["element", "define"])
    await bundle(join(folder, `${name}.js`), join(folder, `${name}.cjs`), "cjs", { plugins: [commonJs] });
  for (const name of ["element", "define", "react"])
    writeFileSync(join(folder, `${name}.d.ts`), `export * from "./${name}.cjs";\n`);
  const analyzer = join(root, "node_modules", "@custom-elements-manifest", "analyzer", "cem.js");
  const args = ["analyze", "--quiet", "--globs", "js/element/element.js", "--outdir", "target/manifest"];
  await run(process.execPath, [analyzer, ...args]);
  const manifest = JSON.parse(readFileSync(join(root, "target", "manifest", "custom-elements.json"), "utf8"));
  for (const module of manifest.modules) {
    module.path = "element/element.js";
    module.declarations = module.declarations.filter(({ tagName }) => tagName);
    for (const one of module.declarations) {
      // Without what is private or only the browser calls, and the event whose name is computed.
      one.members = one.members.filter(({ name }) => !name.startsWith("#") && !name.endsWith("Callback"));
      one.events = one.events.filter(({ name }) => name);
      one.superclass = { name: "HTMLElement" };
      for (const attribute of one.attributes)
        attribute.fieldName = attribute.name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
    }
    for (const { declaration } of module.exports) declaration.module = module.path;
  }
  const declaration = { name: "RemoveCallerElement", module: "element/element.js" };
  const definition = { kind: "custom-element-definition", name: "remove-caller", declaration };
  manifest.modules.push({
    kind: "javascript-module",
    path: "element/define.js",
    declarations: [],
    exports: [definition],
  });
  writeFileSync(join(pkg, "custom-elements.json"), `${JSON.stringify(manifest, undefined, 1)}\n`);
}

const isTypes = (file) => /\.d\.c?ts$/.test(file);

/** The package's types, which are written by hand. */
function copyTypes() {
  copyFileSync(join(root, "src", "types.d.ts"), join(pkg, "index.d.cts"));
  for (const file of readdirSync(join(root, "js"), { recursive: true }))
    if (isTypes(file)) copyFileSync(join(root, "js", file), join(pkg, file));
}

/** For checks of types alone: today's types in the package, without compiling where there is one. */
export async function buildTypes() {
  if (!existsSync(join(pkg, "index.d.ts"))) return build();
  await installDependencies();
  copyTypes();
}

export async function build() {
  await ensureRust();
  await installDependencies();
  if (isFresh()) return;
  const started = performance.now();
  // One after the other, because cargo gives crates that are built together the features of all.
  for (const { crate } of modules) await compile(crate);
  for (const file of readdirSync(pkg)) if (file !== ".gitignore") rmSync(join(pkg, file), { recursive: true });

  const inGlue = ["error.js", "encoding.js", "trap.js"];
  mkdirSync(join(pkg, "element"));
  for (const file of readdirSync(join(root, "js"), { recursive: true })) {
    if (["package.json", "element", ...inGlue].includes(file)) continue;
    // The element is one file.
    if (/^element[\\/](?!define)\w+\.js$/.test(file)) continue;
    if (isTypes(file)) continue;
    // Without its comments; the names stay, for stack traces.
    await bundle(join(root, "js", file), join(pkg, file), "esm", {
      bundle: false,
      target: "es2022",
      minifyWhitespace: true,
      minifySyntax: true,
    });
  }
  copyTypes();
  for (const file of ["README.md", "LICENSE-MIT", "LICENSE-APACHE"]) copyFileSync(join(root, file), join(pkg, file));
  writeFileSync(join(pkg, "package.json"), `${JSON.stringify(manifest(), undefined, 2)}\n`);

  for (const module of modules) await assemble(module, pkg);
  await webSockets();
  for (const name of ["wasm", "index", "simulator"]) {
    const plugins = name === "wasm" ? [] : [commonJs];
    // The simulator's has the licence of ws in it.
    const legalComments = name === "simulator" ? "eof" : "none";
    await bundle(join(pkg, `${name}.js`), join(pkg, `${name}.cjs`), "cjs", { plugins, legalComments });
    writeFileSync(join(pkg, `${name}.d.ts`), `export * from "./${name}.cjs";\n`);
  }
  await elements();
  const script = { globalName: "DisconnectIfConnected", minify: true };
  await bundle(join(pkg, "index.js"), join(pkg, "index.iife.js"), "iife", script);
  const all = 'export * from "./index.js"; export * from "./element/define.js";';
  const stdin = { contents: all, resolveDir: pkg };
  await bundle(undefined, join(pkg, "element.iife.js"), "iife", { ...script, stdin });
  writeStamp(pkg);
  step(`Built pkg in ${seconds(started)}`);
}

/** Makes `traps`, from pkg/ as it is. */
export async function buildTraps() {
  if (isFresh(traps)) return;
  const [module] = modules;
  await compile(module.crate, "--features", "trap");
  mkdirSync(traps, { recursive: true });
  for (const file of ["index.js", "wasm.js", "load.js"]) copyFileSync(join(pkg, file), join(traps, file));
  await assemble(module, traps);
  writeStamp(traps);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await build().catch((error) => {
    console.error(`✗ ${error.message}`);
    process.exitCode = 1;
  });
}
