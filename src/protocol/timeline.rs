//! The record of a call: what was asked, answered, seen and waited for, in order.

use super::{code::Code, http::Failure, outcome::Outcome};
use serde::Serialize;

/// One entry; `at` is milliseconds since the start of the call, in tenths. What is absent is left out.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    Request {
        at: f64,
        method: String,
        path: String,
    },
    Response {
        at: f64,
        /// Absent where no response came.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        #[serde(skip_serializing_if = "Option::is_none")]
        correlation_id: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        platform_code: Option<String>,
        /// Where no response came, or its body broke off.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
    },
    State {
        at: f64,
        /// Absent where the participant is not listed or has no state.
        #[serde(skip_serializing_if = "Option::is_none")]
        state: Option<String>,
        source: Source,
    },
    Wait {
        at: f64,
        ms: f64,
        reason: WaitReason,
    },
    Outcome {
        at: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        outcome: Option<Outcome>,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<Code>,
    },
}

/// Where a state was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Read,
    /// A notification that the client observed.
    Event,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitReason {
    Settling,
    Backoff,
    RetryAfter,
    /// For the budget of requests.
    RateLimit,
}

impl Event {
    /// The same entry for a call that started `ms` later; what was before is at its start.
    pub fn shifted(&self, ms: f64) -> Event {
        let mut event = self.clone();
        let (Event::Request { at, .. }
        | Event::Response { at, .. }
        | Event::State { at, .. }
        | Event::Wait { at, .. }
        | Event::Outcome { at, .. }) = &mut event;
        *at = tenths((*at - ms).max(0.0));
        event
    }
}

/// Milliseconds in tenths: nobody reads a timeline more finely.
pub fn tenths(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}
