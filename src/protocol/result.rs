//! The result of a call.

use super::{outcome::Outcome, timeline::Event};
use serde::Serialize;

/// What the caller gets.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DisconnectResult {
    pub outcome: Outcome,
    pub conversation_id: String,
    pub participant_id: String,
    /// The last state that a read showed after the last write of the call; of a call that wrote nothing, the last of
    /// all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The platform answered a write of this call with 2xx.
    pub acknowledged: bool,
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
