//! Participants as the platform lists them.

use serde::{Deserialize, Deserializer};

/// A value of a body; what has another type counts as absent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lenient<T>(pub Option<T>);

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
/// Deserialise it from a value that was parsed already (`JsValue`, `serde_json::Value`): a stream has no way back from
/// a field of another type.
#[derive(Clone, Default, PartialEq, Eq, Debug, Deserialize)]
pub struct Participant {
    #[serde(default)]
    pub id: Lenient<String>,
    #[serde(default)]
    pub state: Lenient<String>,
    /// In the shape of `GET /api/v2/conversations/{conversationId}` the calls have the state, not the participant.
    #[serde(default)]
    pub calls: Lenient<Vec<Lenient<Leg>>>,
    /// Read only where the caller describes the participant.
    #[serde(skip)]
    pub identity: Identity,
}

/// Who a participant is: the models `CallMediaParticipant` and `Participant` of the official SDKs (262).
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Identity {
    pub purpose: Option<String>,
    /// `userId` and `user.id`.
    pub user_ids: [Option<String>; 2],
    pub address: Option<String>,
    pub name: Option<String>,
    /// The leg of somebody who monitors, coaches or barges in.
    pub only_listens: bool,
    /// ISO 8601, in UTC: without its "Z", the later text is the later time.
    pub end_time: Option<String>,
}

/// One call of a participant.
#[derive(Clone, Default, PartialEq, Eq, Debug, Deserialize)]
pub struct Leg {
    #[serde(default)]
    pub state: Lenient<String>,
}
