//! The rule of docs/protocol.md as a value: plain Rust without wasm-bindgen, clock, randomness or I/O.
//!
//! [`call::Call`] is one call. Its host performs the [`call::Action`] that it asks for and feeds back, as a
//! [`call::Input`], what happened, with the time (milliseconds since the start of the call) and a random number in
//! `[0, 1)`.

pub mod budget;
pub mod call;
pub mod checked;
pub mod code;
pub mod dialect;
pub mod error;
pub mod flight;
pub mod http;
pub mod meaning;
pub mod observation;
pub mod outcome;
pub mod participant;
pub mod region;
pub mod result;
pub mod schedule;
pub mod selection;
pub mod settings;
pub mod target;
pub mod timeline;
