//! wasm-bindgen's own test runner, at the version that Cargo.lock pins; cargo calls it for `cargo test --target
//! wasm32-unknown-unknown`.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
