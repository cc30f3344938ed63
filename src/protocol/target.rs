//! The target of a call: the participant that it is about, in the state that one read shows.

use super::{
    checked,
    participant::{Identity, Participant},
    selection::Selection,
};
use std::fmt;

/// The kind of a state. The order matters: of a participant with several states, the greatest kind counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// One of `gone_states`: the call finishes.
    Gone,
    /// Any other state, also none and ones not known today: the call waits and reads again.
    Unsettled,
    /// One of `disconnectable_states`: the disconnect is sent.
    Disconnectable,
}

/// The default gone states. Voice legs pass through both; either may be the last one seen.
pub const GONE_STATES: [&str; 2] = ["disconnected", "terminated"];
/// The default disconnectable states.
pub const DISCONNECTABLE_STATES: [&str; 1] = ["connected"];

/// The participant that a call is about, and the kinds of its states. States are compared without regard to case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The participant.
    pub selection: Selection,
    /// States in which the disconnect is sent.
    pub disconnectable_states: Vec<String>,
    /// States of a participant that is gone; none of them is disconnectable.
    pub gone_states: Vec<String>,
}

/// What one read shows of the target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// No participant matches.
    NotListed,
    /// One participant: the only live one that matches, or the one of those gone that ended last.
    Listed(Listed),
    /// Several live participants match the description.
    Ambiguous(Vec<Listed>),
}

/// A participant that matches, as one read lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// An id that can stand in a path.
    pub id: String,
    /// `None` where it was not read, or the platform gave none.
    pub purpose: Option<String>,
    /// The kind of `state`.
    pub kind: Kind,
    /// The participant's own state, or that of one of its calls; `None` where the platform gave none.
    pub state: Option<String>,
    /// Without its "Z", so that the later text is the later time.
    end_time: Option<String>,
}

/// The form in the message of `AMBIGUOUS_PARTICIPANT`: `id (purpose, state)`.
impl fmt::Display for Listed {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let purpose = self.purpose.as_deref().unwrap_or("no purpose");
        write!(formatter, "{} ({purpose}, {})", self.id, self.state.as_deref().unwrap_or("no state"))
    }
}

impl Target {
    /// The participant with this id, with the default states.
    pub fn new(participant_id: &str) -> Self {
        Target {
            selection: Selection::Id(participant_id.to_owned()),
            disconnectable_states: DISCONNECTABLE_STATES.map(str::to_owned).to_vec(),
            gone_states: GONE_STATES.map(str::to_owned).to_vec(),
        }
    }

    /// The kind of a state; `Unsettled` for `None`.
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

    /// The target in a list of participants: of those that match, the live one; of several that are gone, the one that
    /// ended last.
    pub fn seen_in<'a>(&self, participants: impl IntoIterator<Item = &'a Participant>) -> Seen {
        let mut listed: Vec<Listed> = Vec::new();
        for one in participants.into_iter().filter(|one| self.selection.matches(one)).filter_map(|one| self.listed(one))
        {
            // Where an id is listed twice, the entry with the greater kind counts.
            match listed.iter_mut().find(|known| known.id == one.id) {
                Some(known) if one.kind > known.kind => *known = one,
                Some(_) => {}
                None => listed.push(one),
            }
        }
        let (mut live, gone): (Vec<_>, Vec<_>) = listed.into_iter().partition(|one| one.kind != Kind::Gone);
        if live.len() > 1 {
            return Seen::Ambiguous(live);
        }
        let ended_last = gone.into_iter().max_by(|one, other| one.end_time.cmp(&other.end_time));
        live.pop().or(ended_last).map_or(Seen::NotListed, Seen::Listed)
    }

    /// One participant with its state. Without a state of its own, the greatest kind among its calls counts:
    /// disconnectable where any call is, gone where all are, otherwise the state of its first live call. `None` where
    /// its id cannot stand in a path.
    pub fn listed(&self, participant: &Participant) -> Option<Listed> {
        let id = participant.id.0.clone().filter(|id| checked::is_id(id))?;
        let of_state = |state: &Option<String>| (self.kind(state.as_deref()), state.clone());
        let calls = participant.calls.0.iter().flatten().filter_map(|call| call.0.as_ref());
        let of_calls = calls.map(|call| of_state(&call.state.0)).reduce(|one, other| match other.0 > one.0 {
            true => other,
            false => one,
        });
        let (kind, state) = match (&participant.state.0, of_calls) {
            (None, Some(of_calls)) => of_calls,
            (own, _) => of_state(own),
        };
        let Identity { purpose, end_time, .. } = &participant.identity;
        Some(Listed {
            id,
            purpose: purpose.clone(),
            kind,
            state,
            end_time: end_time.clone().map(|time| time.trim_end_matches('Z').to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::participant::Lenient;

    /// The kind and the state of the participant `p-1`; `None` where it is not listed.
    fn read(disconnectable: &[&str], list: serde_json::Value) -> Option<(Kind, Option<String>)> {
        let disconnectable_states = disconnectable.iter().map(|&state| state.to_owned()).collect();
        let participants: Vec<Lenient<Participant>> = serde_json::from_value(list).unwrap();
        let participants: Vec<Participant> = participants.into_iter().filter_map(|one| one.0).collect();
        match (Target { disconnectable_states, ..Target::new("p-1") }).seen_in(&participants) {
            Seen::Listed(Listed { kind, state, .. }) => Some((kind, state)),
            other => (other != Seen::NotListed).then(|| panic!("{other:?}")),
        }
    }

    fn listed(kind: Kind, state: &str) -> Option<(Kind, Option<String>)> {
        Some((kind, Some(state.to_owned())))
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
            (json!([{"id":"p-1"}]), Some((Unsettled, None))),
            (json!([{"id":"p-1","state":null,"calls":[]}]), Some((Unsettled, None))),
            (json!([{"id":"p-1","state":7}]), Some((Unsettled, None))),
            (
                json!([{"id":"p-1","state":{"a":1},"calls":[7,{"state":"connected"}]}]),
                listed(Disconnectable, "connected"),
            ),
            (json!([{"id":"p-1","calls":"none"}]), Some((Unsettled, None))),
            (json!([{"id":"p-1","state":"terminated"},{"id":"p-1","state":"queued"}]), listed(Unsettled, "queued")),
            (json!([]), None),
            (json!(["p-1", 1, null, {"id": ["p-1"], "state": "connected"}]), None),
        ] {
            assert_eq!(read(&["connected"], list.clone()), expected, "{list}");
        }
    }

    #[test]
    fn combines_the_calls_of_a_participant_without_a_state() {
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
