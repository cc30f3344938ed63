//! Participants as the platform lists them, and the state of the one that a call is about.

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
}

/// One call of a participant.
#[derive(Clone, Default, PartialEq, Eq, Debug, Deserialize)]
pub struct Leg {
    #[serde(default)]
    pub state: Lenient<String>,
}

/// What a state means to a disconnect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The disconnect is sent: `connected`, or what the caller added to it.
    Disconnectable,
    /// The participant is gone.
    Gone,
    /// The platform is not settled; everything else, also states not known today.
    Unsettled,
}

/// The ending states. Voice legs pass through both; either may be the last one seen.
pub const GONE_STATES: [&str; 2] = ["disconnected", "terminated"];
pub const DISCONNECTABLE_STATES: [&str; 1] = ["connected"];

/// Whom a call is about, and what that participant's states mean to it. States are compared without regard to case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    pub participant_id: String,
    pub disconnectable_states: Vec<String>,
    pub gone_states: Vec<String>,
}

/// What one read showed of the target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TargetState {
    NotListed,
    /// Listed, with its state; `None` where the platform named none.
    Listed(Kind, Option<String>),
}

impl Target {
    /// The target with the default states.
    pub fn new(participant_id: &str) -> Self {
        Target {
            participant_id: participant_id.to_owned(),
            disconnectable_states: DISCONNECTABLE_STATES.map(str::to_owned).to_vec(),
            gone_states: GONE_STATES.map(str::to_owned).to_vec(),
        }
    }

    pub fn kind(&self, state: Option<&str>) -> Kind {
        let is_in =
            |states: &[String]| states.iter().any(|one| state.is_some_and(|state| one.eq_ignore_ascii_case(state)));
        if is_in(&self.gone_states) {
            Kind::Gone
        } else if is_in(&self.disconnectable_states) {
            Kind::Disconnectable
        } else {
            Kind::Unsettled
        }
    }

    /// Looks the target up. Where its id is listed twice, the live entry counts.
    pub fn state_in(&self, participants: &[Participant]) -> TargetState {
        let entries = participants.iter().filter(|one| one.id.0.as_ref() == Some(&self.participant_id));
        entries.map(|entry| self.state_of(entry)).fold(TargetState::NotListed, TargetState::or)
    }

    /// The participant's own state; without one, that of its calls: disconnectable where any call is, gone where all
    /// are, otherwise that of its first live call.
    fn state_of(&self, participant: &Participant) -> TargetState {
        let listed = |state: &Option<String>| TargetState::Listed(self.kind(state.as_deref()), state.clone());
        let calls = participant.calls.0.iter().flatten().filter_map(|call| call.0.as_ref());
        match (&participant.state.0, calls.map(|call| listed(&call.state.0)).reduce(TargetState::or)) {
            (None, Some(of_calls)) => of_calls,
            (own, _) => listed(own),
        }
    }
}

impl TargetState {
    /// The one of two that says more about the target: disconnectable before unsettled before gone, and the first of
    /// two alike.
    fn or(self, other: TargetState) -> TargetState {
        let weight = |state: &TargetState| match state {
            TargetState::NotListed => 0,
            TargetState::Listed(Kind::Gone, _) => 1,
            TargetState::Listed(Kind::Unsettled, _) => 2,
            TargetState::Listed(Kind::Disconnectable, _) => 3,
        };
        if weight(&other) > weight(&self) { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(disconnectable: &[&str], list: serde_json::Value) -> TargetState {
        let disconnectable_states = disconnectable.iter().map(|&state| state.to_owned()).collect();
        let participants: Vec<Lenient<Participant>> = serde_json::from_value(list).unwrap();
        let participants: Vec<Participant> = participants.into_iter().filter_map(|one| one.0).collect();
        Target { disconnectable_states, ..Target::new("p-1") }.state_in(&participants)
    }

    fn listed(kind: Kind, state: &str) -> TargetState {
        TargetState::Listed(kind, Some(state.to_owned()))
    }

    #[test]
    fn finds_the_state_in_both_shapes() {
        use Kind::{Disconnectable, Gone, Unsettled};
        use serde_json::json;
        for (list, expected) in [
            (
                json!([{"id":"p-0","state":"alerting"},{"id":"p-1","state":"connected"}]),
                listed(Disconnectable, "connected"),
            ),
            (
                json!([{"state":"CONNECTED","held":true,"x":{"id":"p-9"},"id":"p-1"}]),
                listed(Disconnectable, "CONNECTED"),
            ),
            (json!([{"id":"p-1","state":"disconnected"}]), listed(Gone, "disconnected")),
            (json!([{"id":"p-1","state":"Terminated"}]), listed(Gone, "Terminated")),
            (json!([{"id":"p-1","state":"somethingNew"}]), listed(Unsettled, "somethingNew")),
            (json!([{"id":"p-1"}]), TargetState::Listed(Unsettled, None)),
            (json!([{"id":"p-1","state":null,"calls":[]}]), TargetState::Listed(Unsettled, None)),
            (json!([{"id":"p-1","state":7}]), TargetState::Listed(Unsettled, None)),
            (
                json!([{"id":"p-1","state":{"a":1},"calls":[7,{"state":"connected"}]}]),
                listed(Disconnectable, "connected"),
            ),
            (json!([{"id":"p-1","calls":"none"}]), TargetState::Listed(Unsettled, None)),
            (json!([{"id":"p-1","state":"terminated"},{"id":"p-1","state":"queued"}]), listed(Unsettled, "queued")),
            (json!([]), TargetState::NotListed),
            (json!(["p-1", 1, null, {"id": ["p-1"], "state": "connected"}]), TargetState::NotListed),
        ] {
            assert_eq!(read(&["connected"], list.clone()), expected, "{list}");
        }
    }

    #[test]
    fn joins_the_calls_of_a_participant_without_a_state() {
        use Kind::{Disconnectable, Gone, Unsettled};
        let calls = |states: &[&str]| {
            let calls: Vec<_> = states.iter().map(|state| serde_json::json!({"id": "c", "state": state})).collect();
            serde_json::json!([{"calls": calls, "id": "p-1"}])
        };
        for (states, expected) in [
            (&["terminated", "connected"][..], listed(Disconnectable, "connected")),
            (&["connected", "terminated"], listed(Disconnectable, "connected")),
            (&["alerting", "connected"], listed(Disconnectable, "connected")),
            (&["disconnected", "terminated"], listed(Gone, "disconnected")),
            (&["terminated", "alerting", "dialing"], listed(Unsettled, "alerting")),
        ] {
            assert_eq!(read(&["connected"], calls(states)), expected, "{states:?}");
        }
        let both = &["connected", "alerting"];
        assert_eq!(read(both, calls(&["dialing", "alerting"])), listed(Disconnectable, "alerting"));
        let own = serde_json::json!([{"id": "p-1", "state": "queued", "calls": [{"state": "connected"}]}]);
        assert_eq!(read(&["connected"], own), listed(Unsettled, "queued"));
    }
}
