//! One HTTP exchange as the protocol sees it: a request to send, a typed response.

use super::participant::{Lenient, Participant};
use serde::{Deserialize, Serialize};

/// The two requests of a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operation {
    Read,
    Write,
}

/// Why no response came, or no whole one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Failure {
    Network,
    Timeout,
}

/// One request to send.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    pub operation: Operation,
    pub method: String,
    /// With the path prefix of the base URL; ids are percent-encoded.
    pub path: String,
    /// JSON text.
    pub body: Option<String>,
    /// Of participants in the response, also who they are is to be read.
    pub described: bool,
    /// How long the exchange may take, body included.
    pub timeout_ms: f64,
}

/// What arrived for one request.
#[derive(Clone, PartialEq, Debug)]
pub struct Response {
    pub status: u16,
    /// The header `ININ-Correlation-Id`.
    pub correlation_id: Option<String>,
    pub retry_after: Option<RetryAfter>,
    pub body: Body,
}

/// The header `Retry-After` of a response.
#[derive(Clone, PartialEq, Debug)]
pub struct RetryAfter {
    pub value: String,
    /// `value` as a date, where it is one, the response's own `Date`, and the local time of its arrival: milliseconds
    /// since 1970-01-01, all by the host.
    pub date_ms: Option<f64>,
    pub sent_ms: Option<f64>,
    pub received_ms: f64,
}

/// What the body of a response holds, of what its status makes worth reading.
#[derive(Clone, PartialEq, Debug)]
pub enum Body {
    Unread,
    Participants(Vec<Participant>),
    /// The platform's `ErrorBody`, or another JSON value, of which all fields are absent.
    Error(PlatformError),
    Unusable(BodyError),
}

/// What to look for in the body of a response with a given status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    Nothing,
    Participants {
        /// With the identity of each.
        described: bool,
    },
    /// Also in a 2xx of a write: what is not the platform's own may hide there.
    PlatformError,
}

/// Why a body is not what was expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyError {
    /// It did not arrive as a whole.
    Lost(Failure),
    Empty,
    /// A page, for example of a proxy.
    Html,
    NotJson,
    /// JSON by its beginning that does not parse: the connection was cut where nobody counted bytes.
    Incomplete,
    /// JSON without the list of participants.
    NoList,
    TooLarge,
    /// What fetch gave has no status.
    NoResponse,
}

/// The platform's `ErrorBody` (official SDKs, 262).
#[derive(Clone, Default, PartialEq, Debug, Deserialize)]
pub struct PlatformError {
    #[serde(default)]
    pub code: Lenient<String>,
    #[serde(default)]
    pub message: Lenient<String>,
    #[serde(default)]
    pub status: Lenient<f64>,
    /// Looked at where the body has no code or message of its own.
    #[serde(default)]
    pub errors: Lenient<Vec<Lenient<InnerError>>>,
}

/// An entry of `errors`, as far as it is looked at.
#[derive(Clone, Default, PartialEq, Eq, Debug, Deserialize)]
pub struct InnerError {
    #[serde(default)]
    pub code: Lenient<String>,
    #[serde(default)]
    pub message: Lenient<String>,
}

impl Operation {
    pub fn expects(self, status: u16, described: bool) -> Expected {
        match (self, status) {
            (Operation::Read, 200..300) => Expected::Participants { described },
            (Operation::Write, 200..300) | (_, 400..) => Expected::PlatformError,
            _ => Expected::Nothing,
        }
    }
}

impl Response {
    /// The platform's own code and message, where the body holds them.
    pub fn platform_error(&self) -> (Option<&str>, Option<&str>) {
        let Body::Error(PlatformError { code, message, errors, .. }) = &self.body else { return (None, None) };
        let inner = errors.0.as_ref().and_then(|errors| errors.first()?.0.as_ref());
        let code = code.0.as_deref().or_else(|| inner?.code.0.as_deref());
        (code, message.0.as_deref().or_else(|| inner?.message.0.as_deref()))
    }

    /// A 2xx of a write that did not come from the platform: an HTML page, a JSON body with `status` >= 400, or more
    /// than the platform would ever answer.
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
