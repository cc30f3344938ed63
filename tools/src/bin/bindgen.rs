//! The generator of the JavaScript glue of a compiled module: `bindgen INPUT.wasm OUT_DIR NAME`.
//!
//! The target is `web` without a default path: the glue loads nothing by itself, the package's entry points pass the
//! module to it. It has a function that replaces the instance of the module, for use after a trap.

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let mut next = |name| args.next().with_context(|| format!("missing argument {name}"));
    let (input, out_dir, name) = (next("INPUT.wasm")?, next("OUT_DIR")?, next("NAME")?);
    Bindgen::new()
        .input_path(input)
        .out_name(&name)
        .web(true)?
        .omit_default_module_path(true)
        .typescript(true)
        .reset_state_function(true)
        .generate(out_dir)
}
