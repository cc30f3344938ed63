//! The rule of the contract as a value: plain Rust without wasm-bindgen, clock, randomness or I/O.
//!
//! [`call::Call`] is one call. Whoever hosts it performs the [`call::Action`] it asks for and feeds back, as an
//! [`call::Input`], what happened, with the time (milliseconds since the start of the call) and a random number in `[0, 1)`.

pub mod answer;
pub mod backoff;
pub mod call;
pub mod dialect;
pub mod error;
pub mod json;
pub mod outcome;
pub mod participant;
pub mod text;
pub mod timeline;
