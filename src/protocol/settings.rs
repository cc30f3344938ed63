//! The checked settings of one call, with their defaults.

use super::{
    dialect::{CALLS, Dialect, VOICE},
    target::Target,
};

/// Times are in milliseconds.
#[derive(Clone, Debug)]
pub struct Settings {
    pub conversation_id: String,
    pub target: Target,
    /// The user for `CALLS_ON_BEHALF_OF_USER`.
    pub user_id: Option<String>,
    pub api: Api,
    pub dialect: Dialect,
    /// The path of the base URL, in front of the dialect's paths; without a slash at its end.
    pub path_prefix: String,
    /// The access token comes from a provider that can be asked for a fresh one.
    pub token_can_be_refreshed: bool,
    pub settle_ms: f64,
    pub timeout_ms: f64,
    pub request_timeout_ms: f64,
    pub max_retries: u32,
    pub max_response_bytes: f64,
    pub confirm: bool,
    /// Of a client: a budget grants each request.
    pub is_paced: bool,
    /// Of a client: a write follows an observation that is no older.
    pub max_age_ms: f64,
}

/// Which dialect it is, for the advice in errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Api {
    Voice,
    Calls,
    Custom,
}

impl Settings {
    /// The defaults, with a dialect that is one of the two of the package; a token that can be refreshed.
    pub fn new(conversation_id: &str, participant_id: &str, api: Api) -> Self {
        Settings {
            conversation_id: conversation_id.to_owned(),
            target: Target::new(participant_id),
            user_id: None,
            api,
            dialect: if api == Api::Voice { VOICE } else { CALLS },
            path_prefix: String::new(),
            token_can_be_refreshed: true,
            settle_ms: 1_500.0,
            timeout_ms: 10_000.0,
            request_timeout_ms: 3_000.0,
            max_retries: 3,
            max_response_bytes: 8_388_608.0,
            confirm: false,
            is_paced: false,
            max_age_ms: f64::INFINITY,
        }
    }
}
