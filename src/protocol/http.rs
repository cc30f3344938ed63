//! One HTTP exchange as the protocol handles it: a request to send, a typed response.

use super::participant::{Lenient, Participant};
use serde::{Deserialize, Serialize};

/// The two requests of a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operation {
    /// Lists the participants.
    Read,
    /// Disconnects one.
    Write,
}

/// Why there is no response, or no whole one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    /// The connection failed, or fetch did.
    Network,
    /// The time of the request ran out.
    Timeout,
}

/// One request to send.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    /// Which of the two requests it is.
    pub operation: Operation,
    /// The HTTP method.
    pub method: String,
    /// With the path prefix of the base URL; ids are percent-encoded.
    pub path: String,
    /// JSON text.
    pub body: Option<String>,
    /// The identity of each participant in the response is needed too.
    pub described: bool,
    /// How long the exchange may take, body included.
    pub timeout_ms: f64,
}

/// The response to one request.
#[derive(Clone, PartialEq, Debug)]
pub struct Response {
    /// The HTTP status; 0 where the object that fetch returned has none.
    pub status: u16,
    /// The header `ININ-Correlation-Id`.
    pub correlation_id: Option<String>,
    /// The header `Retry-After`.
    pub retry_after: Option<RetryAfter>,
    /// The body, as far as the status requires it.
    pub body: Body,
}

/// The header `Retry-After` of a response. Times are milliseconds since 1970-01-01, from the host's date parser and
/// clock.
#[derive(Clone, PartialEq, Debug)]
pub struct RetryAfter {
    /// The text of the header.
    pub value: String,
    /// `value` as a date, where the host can parse it as one.
    pub date_ms: Option<f64>,
    /// The header `Date` of the same response.
    pub sent_ms: Option<f64>,
    /// The local time at which the response arrived.
    pub received_ms: f64,
}

/// The content of a response body.
#[derive(Clone, PartialEq, Debug)]
pub enum Body {
    /// The status requires no body.
    Unread,
    /// The list of participants, from the 2xx of a read.
    Participants(Vec<Participant>),
    /// The platform's `ErrorBody`, or another JSON value, of which all fields are absent.
    Error(PlatformError),
    /// The body is not what was expected.
    Unusable(BodyError),
}

/// What to read from the body of a response with a given status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// Nothing: the body stays unread.
    Nothing,
    /// The list of participants.
    Participants {
        /// With the identity of each.
        described: bool,
    },
    /// An error body; also in the 2xx of a write, because it may show that the 2xx is not the platform's.
    PlatformError,
}

/// Why a body is not what was expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyError {
    /// It did not arrive as a whole.
    Lost(Failure),
    /// No bytes, or white space only.
    Empty,
    /// A page, for example of a proxy.
    Html,
    /// Text that does not begin like an object or an array.
    NotJson,
    /// It begins like an object or an array, but does not parse: the connection was closed early, and the host did not
    /// notice.
    Incomplete,
    /// JSON without the list of participants.
    NoList,
    /// Larger than `maxResponseBytes`.
    TooLarge,
    /// The object that fetch returned has no status.
    NoResponse,
}

/// The platform's `ErrorBody` (official SDKs, 262).
#[derive(Clone, Default, PartialEq, Debug, Deserialize)]
pub struct PlatformError {
    /// For example `general.conflict`.
    #[serde(default)]
    pub code: Lenient<String>,
    /// A sentence in English.
    #[serde(default)]
    pub message: Lenient<String>,
    /// The HTTP status, again.
    #[serde(default)]
    pub status: Lenient<f64>,
    /// The first entry is used where the body has no code or message of its own.
    #[serde(default)]
    pub errors: Lenient<Vec<Lenient<InnerError>>>,
}

/// An entry of `errors`.
#[derive(Clone, Default, PartialEq, Eq, Debug, Deserialize)]
pub struct InnerError {
    /// As of the body itself.
    #[serde(default)]
    pub code: Lenient<String>,
    /// As of the body itself.
    #[serde(default)]
    pub message: Lenient<String>,
}

impl Operation {
    /// What to read from the body of a response with this status; `described`: with the identity of each participant.
    pub fn expects(self, status: u16, described: bool) -> Expected {
        match (self, status) {
            (Operation::Read, 200..300) => Expected::Participants { described },
            (Operation::Write, 200..300) | (_, 400..) => Expected::PlatformError,
            _ => Expected::Nothing,
        }
    }
}

impl Response {
    /// The code and the message of the platform's error body, each `None` where the body has none.
    pub fn platform_error(&self) -> (Option<&str>, Option<&str>) {
        let Body::Error(PlatformError { code, message, errors, .. }) = &self.body else { return (None, None) };
        let inner = errors.0.as_ref().and_then(|errors| errors.first()?.0.as_ref());
        let code = code.0.as_deref().or_else(|| inner?.code.0.as_deref());
        (code, message.0.as_deref().or_else(|| inner?.message.0.as_deref()))
    }

    /// Of a 2xx of a write: whether it did not come from the platform. The body is then an HTML page, JSON with
    /// `status` >= 400, or larger than `maxResponseBytes`.
    pub fn is_foreign(&self) -> bool {
        match &self.body {
            Body::Error(error) => error.status.0.is_some_and(|status| status >= 400.0),
            Body::Unusable(error) => matches!(error, BodyError::Html | BodyError::TooLarge),
            _ => false,
        }
    }

    /// Why the body did not arrive as a whole.
    pub fn body_failure(&self) -> Option<Failure> {
        if let Body::Unusable(BodyError::Lost(failure)) = self.body { Some(failure) } else { None }
    }
}
