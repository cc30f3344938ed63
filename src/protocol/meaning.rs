//! The meaning of a response: status, platform code and body together. The sources are in docs/protocol.md.

use super::{
    error::Transient,
    http::{Body, BodyError, Failure, Operation, Response},
    target::{Seen, Target},
};

/// "The call is already disconnected.", and the same for the generic route (swagger of 2018, PATCH participants, 400).
const ALREADY_GONE: [&str; 2] =
    ["conversation.error.call.disconnected", "conversation.error.participant.no.active.conversations"];
/// "The call for this request cannot be disconnected." (the same source): the state may still change.
const CANNOT_DISCONNECT: &str = "conversation.error.cannot.disconnect.call";
/// "This request requires a user context." (the same source).
const NOT_A_USER: &str = "not.a.user";

/// The kinds of responses that the rule distinguishes.
#[derive(Clone, PartialEq, Debug)]
pub enum Meaning {
    /// 2xx of a read with a list of participants.
    Seen(Seen),
    /// 2xx of a write.
    Accepted,
    /// 4xx of a write with a code by which the participant is gone.
    AlreadyGone,
    /// The write was refused because of the participant's state: 409, 404, 400 `cannot.disconnect.call`.
    Refused,
    /// 401.
    Unauthorized,
    /// 403; `is_about_permissions`: its code is one of those for missing permissions.
    Forbidden { is_about_permissions: bool },
    /// 400 `not.a.user`.
    NotAUser,
    /// 404 of a read.
    NotFound,
    /// 408, 425, 429, most 5xx, and bodies that are empty, incomplete or not the platform's.
    Transient(Transient),
    /// The body of a read is not what the dialect describes.
    Malformed(BodyError),
    /// A redirect, or a status below 200.
    NotFollowed,
    /// A 5xx of a read that a retry does not fix (501, 505 ...).
    ServerFailed,
    /// Any other 4xx.
    Rejected,
}

/// Whether a write that ended in this response may have worked: 408, 5xx and a foreign 2xx can come from a gateway that
/// lost the platform's answer.
pub fn has_unknown_effect(response: &Response) -> bool {
    let status = response.status;
    status == 0 || status == 408 || status >= 500 || ((200..300).contains(&status) && response.is_foreign())
}

/// `missing.permissions`, `missing.any.permissions`, `not.authorized` (the same source).
fn is_about_permissions(code: &str) -> bool {
    code.split('.').any(|word| word.starts_with("permission")) || code == "not.authorized"
}

/// The meaning of the response to a read or a write. The first arm that matches decides.
pub fn meaning(operation: Operation, response: &Response, target: &Target) -> Meaning {
    let (code, _) = response.platform_error();
    match (operation, response.status) {
        (Operation::Write, 200..300) if response.is_foreign() => Meaning::Transient(Transient::Foreign),
        (Operation::Write, 200..300) => Meaning::Accepted,
        (Operation::Read, 200..300) => match &response.body {
            Body::Participants(participants) => Meaning::Seen(target.seen_in(participants)),
            Body::Unusable(BodyError::Lost(Failure::Timeout)) => Meaning::Transient(Transient::Lost(Failure::Timeout)),
            Body::Unusable(BodyError::Lost(Failure::Network) | BodyError::Empty | BodyError::Incomplete) => {
                Meaning::Transient(Transient::Truncated)
            }
            Body::Unusable(error) => Meaning::Malformed(*error),
            Body::Unread | Body::Error(_) => Meaning::Malformed(BodyError::NoList),
        },
        (_, 0..400) if response.body == Body::Unusable(BodyError::NoResponse) => {
            Meaning::Malformed(BodyError::NoResponse)
        }
        (_, 0..400) => Meaning::NotFollowed,
        (Operation::Write, 400..500) if code.is_some_and(|code| ALREADY_GONE.contains(&code)) => Meaning::AlreadyGone,
        (_, 400) if code == Some(NOT_A_USER) => Meaning::NotAUser,
        (Operation::Write, 400) if code == Some(CANNOT_DISCONNECT) => Meaning::Refused,
        // What a 400 means depends on its body alone, so one whose body was lost is a lost response.
        (_, 400) => {
            response.body_failure().map_or(Meaning::Rejected, |failure| Meaning::Transient(Transient::Lost(failure)))
        }
        (_, 401) => Meaning::Unauthorized,
        (_, 403) => Meaning::Forbidden { is_about_permissions: code.is_some_and(is_about_permissions) },
        (Operation::Read, 404) => Meaning::NotFound,
        (Operation::Write, 404 | 409) => Meaning::Refused,
        (_, 429) => Meaning::Transient(Transient::RateLimited),
        (_, 408 | 425 | 500 | 502 | 503 | 504) => Meaning::Transient(Transient::Server),
        // A write that ended in any 5xx may have worked; only a read can show it.
        (Operation::Write, 500..) => Meaning::Transient(Transient::Server),
        (Operation::Read, 500..) => Meaning::ServerFailed,
        _ => Meaning::Rejected,
    }
}
