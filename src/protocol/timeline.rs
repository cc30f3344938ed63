//! What was asked, answered and waited for, in order: what explains a 409 without the server's logs.

use super::{error::Code, outcome::Verdict};
use alloc::string::String;

/// One entry; `at_ms` counts from the start of the call.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    pub at_ms: f64,
    pub event: Event,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    Request(Operation),
    Response {
        /// `None` where no answer came.
        status: Option<u16>,
        correlation_id: Option<String>,
        platform_code: Option<String>,
        failure: Option<Failure>,
    },
    /// What a read showed; `None` where the participant is not listed or has no state.
    State(Option<String>),
    Wait {
        ms: f64,
        reason: WaitReason,
    },
    Outcome(Result<Verdict, Code>),
}

/// The two requests of a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operation {
    Read,
    Write,
}

/// Why no answer came, or no whole one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Failure {
    Network,
    Timeout,
}

impl Failure {
    pub fn as_str(self) -> &'static str {
        match self {
            Failure::Network => "network",
            Failure::Timeout => "timeout",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitReason {
    Settling,
    Backoff,
    RetryAfter,
}

impl WaitReason {
    pub fn as_str(self) -> &'static str {
        match self {
            WaitReason::Settling => "settling",
            WaitReason::Backoff => "backoff",
            WaitReason::RetryAfter => "retry-after",
        }
    }
}
