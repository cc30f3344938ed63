//! Participants as the platform lists them.

use serde::{Deserialize, Deserializer};

/// A field of a response body; a value of another type counts as absent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lenient<T>(
    /// `None` where the field is absent or of another type.
    pub Option<T>,
);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Lenient(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Lenient(T::deserialize(deserializer).ok()))
    }
}

/// One entry of the list of participants.
///
/// Deserialise it from a parsed value (`JsValue`, `serde_json::Value`), not from text: a streaming parser cannot skip a
/// field of another type once it has begun to read it.
#[derive(Clone, Default, PartialEq, Eq, Debug, Deserialize)]
pub struct Participant {
    /// The participant's id.
    #[serde(default)]
    pub id: Lenient<String>,
    /// The participant's own state; where it is absent, the states of `calls` count.
    #[serde(default)]
    pub state: Lenient<String>,
    /// In the shape of `GET /api/v2/conversations/{conversationId}` the calls have the state, not the participant.
    #[serde(default)]
    pub calls: Lenient<Vec<Lenient<Leg>>>,
    /// Filled in by [`Fields::fill`](super::dialect::Fields::fill), only where the call needs it.
    #[serde(skip)]
    pub identity: Identity,
}

/// What a description is matched against: fields of the models `CallMediaParticipant` and `Participant` of the official
/// SDKs (262).
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Identity {
    /// `customer`, `agent`, `acd` ...
    pub purpose: Option<String>,
    /// `userId` and `user.id`.
    pub user_ids: [Option<String>; 2],
    /// A telephone or SIP address.
    pub address: Option<String>,
    /// The name that the platform shows.
    pub name: Option<String>,
    /// The leg of somebody who monitors, coaches or barges in.
    pub only_listens: bool,
    /// ISO 8601, in UTC: without its "Z", the later text is the later time.
    pub end_time: Option<String>,
}

/// One call of a participant.
#[derive(Clone, Default, PartialEq, Eq, Debug, Deserialize)]
pub struct Leg {
    /// The state of this call.
    #[serde(default)]
    pub state: Lenient<String>,
}
