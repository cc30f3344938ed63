//! The outcome of a call.

use serde::Serialize;

/// What happened to the participant; in JavaScript `disconnected`, `already-disconnected`, `not-connected`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A write of this call was accepted, or one of unknown effect was sent and the participant is gone.
    Disconnected,
    /// The participant was gone, and no write of this call can have done it.
    AlreadyDisconnected,
    /// It stayed in its state for all of `settleMs`; nothing was changed.
    NotConnected,
}
