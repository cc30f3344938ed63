//! The host of a call in JavaScript: options, fetch, timers, signals, tokens. The [`driver`] performs the protocol's
//! actions with them; no decision of the rule is made here.

mod abort;
mod body;
pub(crate) mod budget;
pub mod client;
mod commons;
pub mod driver;
mod error;
mod events;
mod fetch;
mod flight;
mod foreign;
mod notify;
mod options;
pub mod task;
mod time;
mod token;
#[cfg(not(feature = "trap"))]
mod trap;
#[cfg(feature = "trap")]
pub mod trap;
mod value;
