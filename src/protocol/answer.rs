//! What does an answer mean? Status, platform code and body together; the sources are in docs/protocol.md.

use super::{
    error::Transient,
    participant::{Malformed, Sighting},
    timeline::{Failure, Operation},
};
use alloc::string::String;

/// "The call is already disconnected." and its sibling of the generic route (swagger of 2018, PATCH participants, 400).
const ALREADY_GONE: [&str; 2] = ["conversation.error.call.disconnected", "conversation.error.participant.no.active.conversations"];
/// "The call for this request cannot be disconnected." (the same source): not now.
const CANNOT_DISCONNECT: &str = "conversation.error.cannot.disconnect.call";
/// "This request requires a user context." (the same source).
const NOT_A_USER: &str = "not.a.user";

/// What arrived for one request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The header `ININ-Correlation-Id`.
    pub correlation_id: Option<String>,
    /// The header `Retry-After`.
    pub retry_after: Option<String>,
    /// `retry_after` as a date by the host's clock, NaN where it is none, and what that clock shows: milliseconds since 1970-01-01.
    pub retry_after_date_ms: f64,
    pub unix_ms: f64,
    /// `Some` where the body broke off or did not come in time.
    pub body_failure: Option<Failure>,
}

/// What a call has to do about it.
#[derive(Clone, PartialEq, Debug)]
pub enum Meaning {
    /// A read that worked.
    Seen(Sighting),
    /// 2xx of a write.
    Accepted,
    /// The write's answer says that the participant is gone.
    AlreadyGone,
    /// The write was refused, for now.
    Refused,
    Unauthorized,
    Forbidden,
    NotAUser,
    /// 404 of the read.
    NotFound,
    Transient(Transient),
    Malformed(Malformed),
    NotFollowed,
    /// A 5xx of the read that a retry does not mend (501, 505 …).
    ServerFailed,
    Rejected,
}

/// Has the body of an answer with this status something to say?
pub fn needs_body(operation: Operation, status: u16) -> bool {
    status >= 400 || (operation == Operation::Read && is_success(status))
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// May the write have worked, though it was answered with this status? 408 and 5xx can come from a gateway that lost the
/// platform's answer.
pub fn leaves_fate_unknown(status: u16) -> bool {
    status == 0 || status == 408 || status >= 500
}

/// `code` is the platform's own, from the body of an error; `sighting` is called where the body of a read counts.
pub fn meaning(
    operation: Operation,
    answer: &Answer,
    code: Option<&str>,
    sighting: impl FnOnce() -> Result<Sighting, Malformed>,
) -> Meaning {
    match (operation, answer.status) {
        (Operation::Write, 200..300) => Meaning::Accepted,
        (Operation::Read, 200..300) => match answer.body_failure {
            Some(Failure::Timeout) => Meaning::Transient(Transient::Lost(Failure::Timeout)),
            Some(Failure::Network) => Meaning::Transient(Transient::CutShort),
            None => match sighting() {
                Ok(sighting) => Meaning::Seen(sighting),
                Err(Malformed::Incomplete) => Meaning::Transient(Transient::CutShort),
                Err(malformed) => Meaning::Malformed(malformed),
            },
        },
        (_, 0..400) => Meaning::NotFollowed,
        (Operation::Write, 400..500) if code.is_some_and(|code| ALREADY_GONE.contains(&code)) => Meaning::AlreadyGone,
        (_, 400) if code == Some(NOT_A_USER) => Meaning::NotAUser,
        (Operation::Write, 400) if code == Some(CANNOT_DISCONNECT) => Meaning::Refused,
        // What a 400 means stands in its body alone.
        (_, 400) if answer.body_failure.is_some() => Meaning::Transient(Transient::Lost(answer.body_failure.unwrap_or(Failure::Network))),
        (_, 401) => Meaning::Unauthorized,
        (_, 403) => Meaning::Forbidden,
        (Operation::Read, 404) => Meaning::NotFound,
        (Operation::Write, 404 | 409) => Meaning::Refused,
        (_, 429) => Meaning::Transient(Transient::RateLimited),
        (_, 408 | 425 | 500 | 502 | 503 | 504) => Meaning::Transient(Transient::Server),
        // A write that ended in any 5xx may have worked; only a read can tell.
        (Operation::Write, 500..) => Meaning::Transient(Transient::Server),
        (Operation::Read, 500..) => Meaning::ServerFailed,
        _ => Meaning::Rejected,
    }
}
