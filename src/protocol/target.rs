//! The participant that a call is about: its state, as one read shows it.

use super::{
    checked,
    participant::{Identity, Participant},
    selection::Whom,
};
use std::fmt;

/// What a state means to a disconnect; the later one says more of a participant with several.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// The participant is gone.
    Gone,
    /// The platform is not settled; everything else, also states not known today.
    Unsettled,
    /// The disconnect is sent: `connected`, or what the caller added to it.
    Disconnectable,
}

/// The ending states. Voice legs pass through both; either may be the last one seen.
pub const GONE_STATES: [&str; 2] = ["disconnected", "terminated"];
pub const DISCONNECTABLE_STATES: [&str; 1] = ["connected"];

/// Whom a call is about, and what that participant's states mean to it. States are compared without regard to case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    pub whom: Whom,
    pub disconnectable_states: Vec<String>,
    pub gone_states: Vec<String>,
}

/// What one read showed of the target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    NotListed,
    Listed(Listed),
    /// Several live participants match the description.
    Ambiguous(Vec<Listed>),
}

/// A participant that is meant, as one read lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    pub id: String,
    pub purpose: Option<String>,
    pub kind: Kind,
    /// `None` where the platform named none.
    pub state: Option<String>,
    end_time: Option<String>,
}

/// As an error lists it.
impl fmt::Display for Listed {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let purpose = self.purpose.as_deref().unwrap_or("no purpose");
        write!(formatter, "{} ({purpose}, {})", self.id, self.state.as_deref().unwrap_or("no state"))
    }
}

impl Target {
    /// The target with the default states.
    pub fn new(participant_id: &str) -> Self {
        Target {
            whom: Whom::Id(participant_id.to_owned()),
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

    /// Looks the target up: of those that match, the live one; of several that are gone, the one that ended last.
    pub fn seen_in<'a>(&self, participants: impl IntoIterator<Item = &'a Participant>) -> Seen {
        let mut listed: Vec<Listed> = Vec::new();
        for one in participants.into_iter().filter(|one| self.whom.matches(one)).filter_map(|one| self.listed(one)) {
            // Where an id is listed twice, the entry that says more counts.
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

    /// A participant with its own state; without one, with that of its calls: disconnectable where any call is, gone
    /// where all are, otherwise that of its first live call. `None` where it has no id that a request could name.
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
