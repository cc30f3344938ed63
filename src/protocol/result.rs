//! The result of a call.

use super::{outcome::Outcome, timeline::Event};
use serde::Serialize;

/// What the promise of a call resolves with. Absent fields are left out.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DisconnectResult {
    /// What happened to the participant.
    pub outcome: Outcome,
    /// As the caller gave it.
    pub conversation_id: String,
    /// The id that the caller gave, or the id that its description resolved to.
    pub participant_id: String,
    /// The last state seen after the last write of the call; of a call that wrote nothing, the last state seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The platform answered a write of this call with 2xx.
    pub acknowledged: bool,
    /// A read, or the platform's own answer, showed the participant gone.
    pub confirmed: bool,
    /// HTTP requests sent.
    pub requests: u32,
    /// Milliseconds since the start of the call, in tenths.
    pub elapsed_ms: f64,
    /// `ININ-Correlation-Id` of the deciding response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Requests, responses, states and waits, in order.
    pub timeline: Vec<Event>,
}
