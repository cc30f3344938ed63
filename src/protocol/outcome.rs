//! The outcome of a call, and the result that reports it.

use super::timeline::Event;
use serde::Serialize;

/// The three outcomes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A write of this call was accepted, or one of unknown effect was sent and the participant is gone.
    Disconnected,
    /// The participant was gone, and no write of this call can have done it.
    AlreadyDisconnected,
    /// It stayed in its state for all of `settleMs`; nothing was changed.
    NotConnected,
}

/// What the caller gets.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DisconnectResult {
    pub outcome: Outcome,
    pub conversation_id: String,
    pub participant_id: String,
    /// The last state seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// A read, or the platform's own answer, showed the participant gone.
    pub confirmed: bool,
    /// HTTP requests sent.
    pub requests: u32,
    pub elapsed_ms: f64,
    /// Of the deciding response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    pub timeline: Vec<Event>,
}
