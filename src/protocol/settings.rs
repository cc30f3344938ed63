//! The checked settings of one call, with their defaults.

use super::{
    dialect::{CALLS, Dialect, VOICE},
    target::Target,
};

/// What one call works with. Names are those of the options in `src/types.d.ts`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The conversation that is read.
    pub conversation_id: String,
    /// The participant to disconnect, and what its states mean.
    pub target: Target,
    /// The option `onBehalfOf`: the user of
    /// [`CALLS_ON_BEHALF_OF_USER`](super::dialect::CALLS_ON_BEHALF_OF_USER).
    pub user_id: Option<String>,
    /// The origin of `dialect`.
    pub api: Api,
    /// The routes and shapes of the API.
    pub dialect: Dialect,
    /// The path of the base URL, in front of the dialect's paths; without a slash at its end.
    pub path_prefix: String,
    /// The access token comes from a provider that can be asked for a fresh one.
    pub token_can_be_refreshed: bool,
    /// How long the call keeps reading while the state is not settled.
    pub settle_ms: f64,
    /// The deadline of the call, from its start.
    pub timeout_ms: f64,
    /// The deadline of one exchange, body included.
    pub request_timeout_ms: f64,
    /// Transient failures in a row that are retried.
    pub max_retries: u32,
    /// Reading of a body stops beyond this size.
    pub max_response_bytes: f64,
    /// After an accepted write, the call keeps reading within `settle_ms` until the participant is gone.
    pub confirm: bool,
    /// The call belongs to a client: a budget grants each request.
    pub is_paced: bool,
    /// A write is sent only on an observation that is no older; infinite without a client.
    pub max_age_ms: f64,
}

/// The origin of a dialect, for the advice in errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Api {
    /// [`VOICE`].
    Voice,
    /// [`CALLS`], or on behalf of a user.
    Calls,
    /// A dialect of the caller's own.
    Custom,
}

impl Settings {
    /// The default settings, with a token that can be refreshed and without a client. The dialect is `VOICE` for
    /// `Api::Voice`, otherwise `CALLS`.
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
