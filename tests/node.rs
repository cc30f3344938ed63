//! The WebAssembly boundary in Node: `wasm-pack test --node`, or `npm test`.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/boundary.rs"]
mod boundary;
