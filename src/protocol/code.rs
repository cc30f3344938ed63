//! The codes of errors.

use serde::Serialize;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    InvalidArgument,
    ParticipantNotFound,
    ConversationNotFound,
    AmbiguousParticipant,
    Unauthorized,
    Forbidden,
    Conflict,
    RateLimited,
    ServerError,
    Network,
    Timeout,
    BadResponse,
    Rejected,
    Closed,
}
