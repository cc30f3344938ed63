//! The record of a call: requests, responses, states and waits, in order.

use super::{code::Code, http::Failure, outcome::Outcome};
use serde::Serialize;

/// One entry, in JavaScript as `{ type: "request", at, ... }`. Absent fields are left out.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// A request is sent.
    Request {
        /// Milliseconds since the start of the call, in tenths; the same in all entries.
        at: f64,
        /// The HTTP method.
        method: String,
        /// With the path prefix of the base URL.
        path: String,
    },
    /// A request has ended.
    Response {
        /// When it ended.
        at: f64,
        /// The HTTP status; absent where no response came.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// The header `ININ-Correlation-Id`.
        #[serde(skip_serializing_if = "Option::is_none")]
        correlation_id: Option<String>,
        /// The code of the platform's error body.
        #[serde(skip_serializing_if = "Option::is_none")]
        platform_code: Option<String>,
        /// Where no response came, or its body broke off.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
    },
    /// A read or an event showed the participant.
    State {
        /// When the call received it.
        at: f64,
        /// Absent where the participant is not listed or has no state.
        #[serde(skip_serializing_if = "Option::is_none")]
        state: Option<String>,
        /// A read or an event.
        source: Source,
    },
    /// A wait begins.
    Wait {
        /// When it begins.
        at: f64,
        /// How long it takes, in milliseconds, in tenths.
        ms: f64,
        /// What it is for.
        reason: WaitReason,
    },
    /// The call has ended: with an outcome or with the code of an error.
    Outcome {
        /// When it ended.
        at: f64,
        /// Of a call that resolves.
        #[serde(skip_serializing_if = "Option::is_none")]
        outcome: Option<Outcome>,
        /// Of a call that rejects.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<Code>,
    },
}

/// Where a state was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A read of the list of participants.
    Read,
    /// A notification that the client observed.
    Event,
}

/// What a wait is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitReason {
    /// The next read, while the state is not settled.
    Settling,
    /// A retry after a transient failure.
    Backoff,
    /// A retry after the time that the platform requested.
    RetryAfter,
    /// A request that the budget does not grant yet.
    RateLimit,
}

impl Event {
    /// The same entry for a call that started `ms` later; `at` is 0 where it was before that.
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

/// Milliseconds rounded to tenths, which is fine enough for a timeline.
pub fn tenths(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}
