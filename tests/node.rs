//! The WebAssembly boundary in Node: `wasm-pack test --node`, or `npm test`.

#![cfg(target_arch = "wasm32")]

#[path = "support/boundary.rs"]
mod boundary;
