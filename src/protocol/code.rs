//! The codes of errors.

use serde::Serialize;

/// The `code` of a `DisconnectError`, in JavaScript as `INVALID_ARGUMENT` and so on. `UNSUPPORTED` and `INTERNAL` are
/// not here: they come from the JavaScript that loads the module.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// An option of the caller is wrong; no request was sent.
    InvalidArgument,
    /// The participant was never listed within `settleMs`.
    ParticipantNotFound,
    /// 404 of the first read.
    ConversationNotFound,
    /// Several live participants match the description; only reads were sent.
    AmbiguousParticipant,
    /// 401, also after one refresh of the token.
    Unauthorized,
    /// 403, or 400 `not.a.user`.
    Forbidden,
    /// Reads show a disconnectable state, writes were refused for all of `settleMs`.
    Conflict,
    /// 429, more than `maxRetries` times in a row; or a wait for the rate limit that ends after the deadline.
    RateLimited,
    /// 408, 425 or 5xx, more than `maxRetries` times in a row; or a 5xx that a retry does not fix.
    ServerError,
    /// No whole response came, more than `maxRetries` times in a row.
    Network,
    /// The deadline `timeoutMs` has passed, or the next wait would end after it.
    Timeout,
    /// The response is not what the dialect describes.
    BadResponse,
    /// Any other 4xx.
    Rejected,
    /// The client was closed.
    Closed,
}
