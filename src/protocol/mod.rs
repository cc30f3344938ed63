//! The rule of docs/protocol.md as a value: plain Rust without wasm-bindgen, clock, randomness or I/O.
//!
//! [`call::Call`] is one call. Its host performs each [`call::Action`] and passes the result back as a
//! [`call::Input`], with the time (milliseconds since the start of the call) and a random number in `[0, 1)`.
//!
//! The crate is not published: its items are public for `host` and for the tests in `tests/`.

pub mod budget;
pub mod call;
pub mod checked;
pub mod code;
pub mod dialect;
pub mod error;
pub mod flight;
pub mod http;
mod meaning;
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
