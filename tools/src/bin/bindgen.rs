//! Makes the JavaScript glue of a compiled module: `bindgen INPUT.wasm OUT_DIR NAME`.
//!
//! Target `web` without a default path: the glue loads nothing by itself, the package's entry points hand it the module. The names
//! between glue and module are shortened, because each carries a hash that no compressor can shrink: 3 KB of brotli.

use anyhow::{Context, Result};
use std::path::Path;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let mut next = |name| args.next().with_context(|| format!("missing argument {name}"));
    let (input, out_dir, name) = (next("INPUT.wasm")?, next("OUT_DIR")?, next("NAME")?);
    let mut output = Bindgen::new()
        .input_path(input)
        .out_name(&name)
        .web(true)?
        .omit_default_module_path(true)
        .typescript(false)
        .keep_debug(false)
        .generate_output()?;

    let mut renamed = Vec::new();
    let module = output.wasm_mut();
    let mut from_snippets = Vec::new();
    for (index, import) in module.imports.iter_mut().enumerate() {
        let short = format!("i{index}");
        // Functions that need no conversion would be imported from the snippet itself, as a second object of imports: one is enough.
        if import.module.starts_with("./snippets/") {
            import.module = "./core_bg.js".replace("core", &name);
            from_snippets.push((std::mem::replace(&mut import.name, short.clone()), short));
            continue;
        }
        renamed.push((std::mem::replace(&mut import.name, short.clone()), short));
    }
    // Only the names with a hash: the others are what the entry points and the glue call by name.
    let is_hashed = |name: &str| name.starts_with("wasm_bindgen__") || name.starts_with("__wasm_bindgen_func_elem");
    for (index, export) in module.exports.iter_mut().filter(|export| is_hashed(&export.name)).enumerate() {
        let short = format!("e{index}");
        renamed.push((std::mem::replace(&mut export.name, short.clone()), short));
    }
    output.emit(&out_dir)?;

    let glue = Path::new(&out_dir).join(format!("{name}.js"));
    let mut js = std::fs::read_to_string(&glue)?;
    // Longest first: some names begin as others do.
    renamed.sort_by_key(|(long, _)| std::cmp::Reverse(long.len()));
    for (long, short) in renamed {
        js = js.replace(&long, &short);
    }
    if !from_snippets.is_empty() {
        let taken: String = from_snippets.iter().map(|(function, short)| format!("{short}: import1.{function},\n")).collect();
        js = js.replacen("__proto__: null,\n", &format!("__proto__: null,\n{taken}"), 1);
        // The objects that were imported for them, but for the first, whose functions are now taken by name.
        let is_left = |line: &&str| !(line.trim_start().starts_with("\"./snippets/") || line.starts_with("import * as import2"));
        js = js.lines().filter(is_left).collect::<Vec<_>>().join("\n");
    }
    std::fs::write(glue, js)?;
    Ok(())
}
