//! Why could a call not answer? The codes of the contract, section 5, and what each says and advises.

use super::{
    call::Settings,
    dialect::DialectName,
    participant::Malformed,
    text::{decimal, joined, milliseconds, without_suffixes},
    timeline::{Failure, Operation},
};
use alloc::{borrow::ToOwned, string::String};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    InvalidArgument,
    ParticipantNotFound,
    ConversationNotFound,
    Unauthorized,
    Forbidden,
    Conflict,
    RateLimited,
    ServerError,
    Network,
    Timeout,
    BadResponse,
    Rejected,
}

impl Code {
    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidArgument => "INVALID_ARGUMENT",
            Code::ParticipantNotFound => "PARTICIPANT_NOT_FOUND",
            Code::ConversationNotFound => "CONVERSATION_NOT_FOUND",
            Code::Unauthorized => "UNAUTHORIZED",
            Code::Forbidden => "FORBIDDEN",
            Code::Conflict => "CONFLICT",
            Code::RateLimited => "RATE_LIMITED",
            Code::ServerError => "SERVER_ERROR",
            Code::Network => "NETWORK",
            Code::Timeout => "TIMEOUT",
            Code::BadResponse => "BAD_RESPONSE",
            Code::Rejected => "REJECTED",
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct Error {
    pub code: Code,
    pub message: String,
    pub status: Option<u16>,
    pub platform_code: Option<String>,
    pub correlation_id: Option<String>,
    pub retry_after_ms: Option<f64>,
    /// The last state seen.
    pub state: Option<String>,
    /// A write of unknown fate was sent and nothing later settled it.
    pub may_have_disconnected: bool,
}

/// What ended a call that could not answer.
#[derive(Clone, PartialEq, Debug)]
pub enum Reason {
    NeverListed,
    ReadNotFound,
    Unauthorized {
        refreshed: bool,
    },
    Forbidden,
    /// The platform asks for a user's token (400 `not.a.user`).
    NotAUser,
    Conflict,
    Transient(Transient),
    /// The next wait would end after the deadline.
    NoTimeToWait {
        transient: Option<Transient>,
        wait_ms: f64,
        asked: bool,
    },
    Deadline,
    Malformed(Malformed),
    /// A status below 200 or from 300 to 399.
    NotFollowed,
    /// A 5xx that a retry does not mend.
    ServerFailed,
    Rejected,
    /// The token provider gave no token when asked for a fresh one.
    NoFreshToken,
}

/// A failure worth a retry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transient {
    RateLimited,
    /// 408, 425 or 5xx.
    Server,
    /// No answer came.
    Lost(Failure),
    /// The body of a good answer was cut short.
    CutShort,
}

impl Transient {
    pub fn code(self) -> Code {
        match self {
            Transient::RateLimited => Code::RateLimited,
            Transient::Server => Code::ServerError,
            Transient::Lost(_) => Code::Network,
            Transient::CutShort => Code::BadResponse,
        }
    }

    fn what(self) -> &'static str {
        match self {
            Transient::RateLimited => "the platform limits the rate of requests",
            Transient::Server => "the platform failed",
            Transient::Lost(Failure::Network) => "the connection failed before a whole answer came",
            Transient::Lost(Failure::Timeout) => "no whole answer came within requestTimeoutMs",
            Transient::CutShort => "the answer's body was cut short",
        }
    }
}

impl Reason {
    pub fn code(&self) -> Code {
        match self {
            Reason::NeverListed => Code::ParticipantNotFound,
            Reason::ReadNotFound => Code::ConversationNotFound,
            Reason::Unauthorized { .. } | Reason::NoFreshToken => Code::Unauthorized,
            Reason::Forbidden | Reason::NotAUser => Code::Forbidden,
            Reason::Conflict => Code::Conflict,
            Reason::Transient(transient) | Reason::NoTimeToWait { transient: Some(transient), .. } => transient.code(),
            Reason::NoTimeToWait { transient: None, .. } | Reason::Deadline => Code::Timeout,
            Reason::Malformed(_) | Reason::NotFollowed => Code::BadResponse,
            Reason::ServerFailed => Code::ServerError,
            Reason::Rejected => Code::Rejected,
        }
    }

    /// What happened and what to do about it; to whom is said around it.
    fn text(&self, settings: &Settings, operation: Operation) -> (String, &'static str) {
        let fixed = |what: &str, advice| (what.to_owned(), advice);
        match self {
            Reason::NeverListed => (
                joined(&["it was never listed in ", &milliseconds(settings.settle_ms), " (settleMs)"]),
                "Check the participant id: a person who is transferred back is a new participant with a new id.",
            ),
            Reason::ReadNotFound => match settings.dialect {
                DialectName::Voice => fixed(
                    "there is no such conversation, or no such route; this call spoke the \"voice\" dialect",
                    "Check the conversation id, and pass api: \"calls\" to speak the published Conversations API.",
                ),
                DialectName::Calls => fixed(
                    "there is no such conversation, or the token may not see it; this call spoke the \"calls\" dialect",
                    "Check the conversation id and the region, or pass api: \"voice\" for a system that has the voice routes.",
                ),
                DialectName::Custom => fixed(
                    "there is no such conversation, or no such route; this call spoke a dialect of your own",
                    "Check the conversation id and the paths of the dialect, or pass api: \"calls\" or \"voice\".",
                ),
            },
            Reason::Unauthorized { refreshed: true } => fixed(
                "the platform refused the access token, and the refreshed one too",
                "Check the OAuth client and the region the token is for.",
            ),
            Reason::Unauthorized { refreshed: false } => fixed(
                "the platform refused the access token",
                "Get a new token for this region; pass accessToken as a function to have it refreshed by the call.",
            ),
            Reason::NoFreshToken => fixed(
                "accessToken({ refresh: true }) gave no usable token",
                "Return a new token, or throw to end the call with your own error.",
            ),
            Reason::Forbidden => fixed(
                "the token may not do this",
                "Give its user or client the permission that the platform names, usually conversation:communication:disconnect.",
            ),
            Reason::NotAUser => fixed(
                "the platform does this only for a user, and the token is a client's",
                "Use a token of a user, or api: \"calls\" with onBehalfOf: userId.",
            ),
            Reason::Conflict => (
                joined(&[
                    "reads say it is connected, and the platform refused every disconnect for ",
                    &milliseconds(settings.settle_ms),
                    " (settleMs)",
                ]),
                "Try again later, or raise settleMs; the timeline shows each answer.",
            ),
            Reason::Transient(transient) => (
                joined(&[transient.what(), ", ", &decimal(u64::from(settings.max_retries) + 1), " times in a row (maxRetries)"]),
                "Try again later; the timeline shows each attempt.",
            ),
            Reason::NoTimeToWait { transient, wait_ms, asked } => (
                joined(&[
                    transient.map_or("it is not settled", Transient::what),
                    if *asked { ", and the platform asked to wait " } else { ", and the next wait of " },
                    &milliseconds(*wait_ms),
                    if *asked { ", which ends" } else { " ends" },
                    " after timeoutMs",
                ]),
                "Try again after that time, or raise timeoutMs.",
            ),
            Reason::Deadline => (
                joined(&[&milliseconds(settings.timeout_ms), " (timeoutMs) ran out"]),
                "Raise timeoutMs, or look in the timeline for what took so long.",
            ),
            Reason::Malformed(malformed) => fixed(
                match malformed {
                    Malformed::NotJson => "the answer is not JSON",
                    Malformed::Incomplete => "the answer's JSON ends before it is complete",
                    Malformed::NoList => "the answer has no list of participants where the dialect says",
                    Malformed::TooLarge => "the answer is longer than maxResponseBytes",
                },
                "Check baseUrl and api: something else than the platform may have answered.",
            ),
            Reason::NotFollowed => fixed(
                "the answer is a redirect, and redirects are not followed",
                "Check baseUrl: the token goes only where it was meant to go.",
            ),
            Reason::ServerFailed => fixed(
                "the platform failed in a way that a retry does not mend",
                "Check baseUrl and api, then ask the platform's support with the correlation id.",
            ),
            Reason::Rejected => fixed(
                match operation {
                    Operation::Read => "the platform rejected the read",
                    Operation::Write => "the platform rejected the disconnect",
                },
                "Look at platformCode and the platform's message.",
            ),
        }
    }

    /// The whole message: to whom, what happened, what the platform said, what to do.
    pub fn message(&self, settings: &Settings, operation: Operation, status: Option<u16>, platform_message: Option<&str>) -> String {
        let (what, advice) = self.text(settings, operation);
        let mut message = joined(&[
            "Participant ",
            &settings.participant_id,
            " of conversation ",
            &settings.conversation_id,
            " was not disconnected: ",
            &what,
        ]);
        if let Some(status) = status {
            message.extend([" (HTTP ", &decimal(u64::from(status)), ")"]);
        }
        if let Some(said) = platform_message {
            message.extend([". The platform says: \"", without_suffixes(said, "."), "\""]);
        }
        message.extend([". ", advice]);
        message
    }
}
