//! The error of a call without an outcome: its code, and a message with participant, cause and advice.

use super::{
    code::Code,
    http::{BodyError, Failure, Operation},
    selection::Selection,
    settings::{Api, Settings},
    target::Listed,
    timeline::Event,
};
use serde::Serialize;

/// The fields of JavaScript's `DisconnectError`. Absent fields are left out.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DisconnectError {
    /// What kind of error it is.
    pub code: Code,
    /// Participant, cause and advice, in sentences.
    pub message: String,
    /// The HTTP status of the deciding response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The code of the platform's error body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_code: Option<String>,
    /// `ININ-Correlation-Id` of the deciding response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The wait that the platform requested, or that the budget needs, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<f64>,
    /// The last state seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The option that is wrong, with `INVALID_ARGUMENT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
    /// A write of unknown effect was sent and nothing later settled it.
    pub may_have_disconnected: bool,
    /// Requests, responses, states and waits, in order.
    pub timeline: Vec<Event>,
}

/// Why a call ends without an outcome.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Reason {
    /// The participant was not listed by any read within `settleMs`.
    NeverListed,
    /// 404 of the first read.
    ReadNotFound,
    /// Several live participants match the description.
    Ambiguous(Vec<Listed>),
    /// 401; `refreshed`: also with a fresh token.
    Unauthorized { refreshed: bool },
    /// 403; `is_about_permissions`: its code is one of those for missing permissions.
    Forbidden { is_about_permissions: bool },
    /// The platform requires a user's token (400 `not.a.user`).
    NotAUser,
    /// Reads show a disconnectable state, writes were refused for all of `settleMs`.
    Conflict,
    /// More than `maxRetries` transient failures in a row; the last one.
    Transient(Transient),
    /// The next wait would end after the deadline; `transient`: what it would be for, `None` for settling; `requested`:
    /// the platform requested it.
    NoTimeToWait { transient: Option<Transient>, wait_ms: f64, requested: bool },
    /// `timeoutMs` has passed.
    Deadline,
    /// The body of a read is not what the dialect describes.
    Malformed(BodyError),
    /// A status below 200 or from 300 to 399.
    NotFollowed,
    /// A 5xx that a retry does not fix.
    ServerFailed,
    /// Any other 4xx.
    Rejected,
    /// The token provider returned no usable token when it was asked for a fresh one.
    NoFreshToken,
    /// The client was closed.
    Closed,
}

/// A failure after which a retry may succeed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Transient {
    /// 429, or a wait for the budget.
    RateLimited,
    /// 408, 425 or 5xx.
    Server,
    /// No response, or no whole one, for example within the time of the request.
    Lost(Failure),
    /// The body of a 2xx is empty, or ends before it is complete.
    Truncated,
    /// A 2xx of a write that did not come from the platform.
    Foreign,
}

impl Transient {
    fn code(self) -> Code {
        match self {
            Transient::RateLimited => Code::RateLimited,
            Transient::Server => Code::ServerError,
            Transient::Lost(_) => Code::Network,
            Transient::Truncated | Transient::Foreign => Code::BadResponse,
        }
    }

    fn description(self) -> &'static str {
        match self {
            Transient::RateLimited => "the platform limits the rate of requests",
            Transient::Server => "the platform failed",
            Transient::Lost(Failure::Network) => "the connection failed before a whole response came",
            Transient::Lost(Failure::Timeout) => "no whole response came within requestTimeoutMs",
            Transient::Truncated => "the body of the response is empty or incomplete",
            Transient::Foreign => "the response is not the platform's: a page, or an error inside a success",
        }
    }
}

impl Reason {
    /// The code of the error.
    pub fn code(&self) -> Code {
        match self {
            Reason::NeverListed => Code::ParticipantNotFound,
            Reason::ReadNotFound => Code::ConversationNotFound,
            Reason::Ambiguous(_) => Code::AmbiguousParticipant,
            Reason::Unauthorized { .. } | Reason::NoFreshToken => Code::Unauthorized,
            Reason::Forbidden { .. } | Reason::NotAUser => Code::Forbidden,
            Reason::Conflict => Code::Conflict,
            Reason::Transient(transient) | Reason::NoTimeToWait { transient: Some(transient), .. } => transient.code(),
            Reason::NoTimeToWait { transient: None, .. } | Reason::Deadline => Code::Timeout,
            Reason::Malformed(_) | Reason::NotFollowed => Code::BadResponse,
            Reason::ServerFailed => Code::ServerError,
            Reason::Rejected => Code::Rejected,
            Reason::Closed => Code::Closed,
        }
    }

    /// The cause, as a part of a sentence. `operation` is the request that was refused, for `Rejected`.
    fn description(&self, settings: &Settings, operation: Operation) -> String {
        match self {
            Reason::NeverListed => format!(
                "it was never listed, for {} ms (settleMs) or until the conversation ended",
                settings.settle_ms as u64
            ),
            Reason::Ambiguous(listed) => {
                let each = listed.iter().map(Listed::to_string);
                let each = each.reduce(|list, one| list + ", " + &one).unwrap_or_default();
                format!("{} live participants match: {each}", listed.len() as u64)
            }
            Reason::ReadNotFound => match settings.api {
                Api::Voice => {
                    "there is no such conversation, or no such route; the call used api: \"voice\"".to_owned()
                }
                Api::Calls => {
                    "there is no such conversation, or the token may not see it; the call used api: \"calls\""
                        .to_owned()
                }
                Api::Custom => {
                    "there is no such conversation, or no such route; the call used a dialect of your own".to_owned()
                }
            },
            Reason::Unauthorized { refreshed: true } => {
                "the platform refused the access token, and the refreshed one too".to_owned()
            }
            Reason::Unauthorized { refreshed: false } => "the platform refused the access token".to_owned(),
            Reason::NoFreshToken => "accessToken({ refresh: true }) gave no usable token".to_owned(),
            Reason::Closed => "the client was closed".to_owned(),
            Reason::Forbidden { is_about_permissions: true } => "the token may not do this".to_owned(),
            Reason::Forbidden { is_about_permissions: false } => {
                "the request was refused, and no permission was named".to_owned()
            }
            Reason::NotAUser => "the platform does this only for a user, and the token is a client's".to_owned(),
            Reason::Conflict => format!(
                "reads show that it can be disconnected, and the platform refused every disconnect for {} ms \
                 (settleMs)",
                settings.settle_ms as u64
            ),
            Reason::Transient(transient) if settings.max_retries == 0 => {
                format!("{}, and maxRetries is 0", transient.description())
            }
            Reason::Transient(transient) => format!(
                "{}, {} times in a row (maxRetries)",
                transient.description(),
                u64::from(settings.max_retries) + 1
            ),
            Reason::NoTimeToWait { transient, wait_ms, requested } => {
                let before = transient.map_or("the participant is not settled", Transient::description);
                let ms = *wait_ms as u64;
                if *requested {
                    format!("{before}, and the platform requested a wait of {ms} ms, which ends after timeoutMs")
                } else {
                    format!("{before}, and the next wait of {ms} ms ends after timeoutMs")
                }
            }
            Reason::Deadline => format!("{} ms (timeoutMs) ran out", settings.timeout_ms as u64),
            Reason::Malformed(error) => match error {
                BodyError::TooLarge => "the response is larger than maxResponseBytes".to_owned(),
                BodyError::NoList => {
                    "the response has no list of participants in the field that the dialect names".to_owned()
                }
                BodyError::Html => "the response is an HTML page, not JSON".to_owned(),
                BodyError::NoResponse => "fetch returned something that is no response: it has no status".to_owned(),
                _ => "the response is not JSON".to_owned(),
            },
            Reason::NotFollowed => "the response is a redirect, and redirects are not followed".to_owned(),
            Reason::ServerFailed => "the platform failed in a way that a retry does not fix".to_owned(),
            Reason::Rejected => match operation {
                Operation::Read => "the platform rejected the read".to_owned(),
                Operation::Write => "the platform rejected the disconnect".to_owned(),
            },
        }
    }

    /// The advice, as a sentence.
    fn advice(&self, settings: &Settings) -> &'static str {
        match self {
            Reason::NeverListed => match settings.target.selection {
                Selection::Id(_) | Selection::All => {
                    "Check the participant id: a person who is transferred back is a new participant with a new id."
                }
                Selection::Described(_) => "Check the description against what the conversation lists.",
            },
            Reason::Ambiguous(_) => "Pass participantId, or describe the participant with more fields.",
            Reason::ReadNotFound => match settings.api {
                Api::Voice => {
                    "Check the conversation id, and pass api: \"calls\" to use the published Conversations API."
                }
                Api::Calls => {
                    "Check the conversation id and the region, or pass api: \"voice\" if your deployment has it."
                }
                Api::Custom => {
                    "Check the conversation id and the paths of the dialect, or pass api: \"calls\" or \"voice\"."
                }
            },
            Reason::Unauthorized { refreshed: true } => "Check the OAuth client and the region that the token is for.",
            Reason::Unauthorized { refreshed: false } => {
                "Get a new token for this region; pass accessToken as a function to have the call refresh it."
            }
            Reason::NoFreshToken => "Return a new token, or throw to end the call with your own error.",
            Reason::Forbidden { is_about_permissions: false } => {
                "Check whether a firewall or a proxy answers in the platform's place, then the rights of the token's \
                 user or client."
            }
            Reason::Forbidden { is_about_permissions: true } => {
                "Give its user or client the permission that the platform names, usually \
                 conversation:communication:disconnect."
            }
            Reason::NotAUser => "Use a token of a user, or api: \"calls\" with onBehalfOf: userId.",
            Reason::Conflict => "Try again later, or raise settleMs; the timeline shows each response.",
            Reason::Transient(Transient::Lost(Failure::Network)) => {
                "Check the address, the network and any proxy; in a page also CORS and the connect-src of its policy. \
                 The timeline shows each attempt."
            }
            Reason::Transient(_) => "Try again later; the timeline shows each attempt.",
            Reason::NoTimeToWait { .. } => "Try again after that time, or raise timeoutMs.",
            Reason::Deadline => "Raise timeoutMs, or look in the timeline for what took so long.",
            Reason::Malformed(BodyError::NoResponse) => {
                "Check the fetch option: it has to give a response with a status."
            }
            Reason::Malformed(BodyError::TooLarge) => "Raise maxResponseBytes, or check baseUrl and api.",
            Reason::Malformed(_) => "Check baseUrl and api: it may not be the platform that responds there.",
            Reason::NotFollowed => "Check baseUrl: the token is sent to no other address.",
            Reason::ServerFailed => {
                "Check baseUrl and api, then contact the platform's support with the correlation id."
            }
            Reason::Rejected => "Look at platformCode and the platform's message.",
            Reason::Closed => "Make a new ConversationClient.",
        }
    }

    /// The whole message: participant, cause, the platform's own message, advice. `detail` is the host's reason for a
    /// lost connection.
    pub fn message(
        &self,
        settings: &Settings,
        operation: Operation,
        status: Option<u16>,
        platform_message: Option<&str>,
        detail: Option<&str>,
        may_have_disconnected: bool,
    ) -> String {
        let (effect, first) = match may_have_disconnected {
            true => ("may have been disconnected", "Read the state first. "),
            false => ("was not disconnected", ""),
        };
        let Settings { conversation_id, target, .. } = settings;
        // These follow a read that worked, whose status is not part of the error.
        let is_unsettled = matches!(self, Reason::NoTimeToWait { transient: None, .. });
        let is_seen = matches!(self, Reason::NeverListed | Reason::Ambiguous(_))
            || (is_unsettled && status.is_some_and(|status| status < 300));
        let http = status
            .filter(|&status| status > 0 && !is_seen)
            .map(|status| format!(" (HTTP {})", u64::from(status)))
            .unwrap_or_default();
        let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
        let platform = platform_message
            .map(|text| format!(". The platform's message: \"{}\"", text.trim_end_matches('.')))
            .unwrap_or_default();
        let subject = match &target.selection {
            Selection::Id(id) => format!("Participant {id} of conversation {conversation_id} {effect}"),
            // Only the names of its fields: the values may be personal data.
            Selection::Described(description) => format!(
                "The participant described by {} of conversation {conversation_id} {effect}",
                description.fields().join(", ")
            ),
            Selection::All => format!("The participants of conversation {conversation_id} were not read"),
        };
        format!(
            "{subject}: {}{http}{detail}{platform}. {first}{}",
            self.description(settings, operation),
            self.advice(settings)
        )
    }
}

impl DisconnectError {
    /// The error of a call of a client that was closed before; `method` is the name of the method that was called.
    pub fn closed(method: &str) -> Self {
        let message = format!("{method}: the client was closed; no request was sent. Make a new ConversationClient.");
        DisconnectError { code: Code::Closed, ..DisconnectError::invalid_argument(None, message) }
    }

    /// The error for a wrong argument; `option` is the name of the option, `None` where the argument itself is wrong.
    pub fn invalid_argument(option: Option<String>, message: String) -> Self {
        DisconnectError {
            code: Code::InvalidArgument,
            message,
            status: None,
            platform_code: None,
            correlation_id: None,
            retry_after_ms: None,
            state: None,
            option,
            may_have_disconnected: false,
            timeline: Vec::new(),
        }
    }
}
