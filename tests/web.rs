//! The WebAssembly boundary in a browser: `wasm-pack test --headless --chrome`, or `npm test`.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/boundary.rs"]
mod boundary;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
