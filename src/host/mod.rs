//! What JavaScript lends to a call: options, fetch, timers, signals, tokens. The [`driver`] performs the protocol's
//! actions with them; no decision is made here.

mod abort;
mod body;
pub mod driver;
mod error;
mod fetch;
mod foreign;
mod options;
pub mod task;
mod time;
mod token;
#[cfg(not(feature = "trap"))]
mod trap;
#[cfg(feature = "trap")]
pub mod trap;
mod value;
