//! What did a call that could answer find out? (contract, section 3, Outcomes)

use alloc::string::String;

/// The three outcomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// A write of this call was accepted, or one of unknown fate was sent and the participant is gone.
    Disconnected,
    /// It was gone, and no write of this call can have done it.
    AlreadyDisconnected,
    /// It stayed in its state for all of `settleMs`; nothing was changed.
    NotConnected,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Disconnected => "disconnected",
            Verdict::AlreadyDisconnected => "already-disconnected",
            Verdict::NotConnected => "not-connected",
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    pub verdict: Verdict,
    /// A read, or the platform's own answer, showed the participant gone.
    pub confirmed: bool,
    /// Of the deciding response.
    pub correlation_id: Option<String>,
}
