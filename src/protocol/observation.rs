//! Observations: the last known state of each participant, from the events of a client's notification channel.
//!
//! Events repeat, overtake each other and lack participants, and have no time of their own. So a gone participant stays
//! gone, of the others the last event to arrive counts, and a participant that an event lacks keeps its last state.
//!
//! Times are in milliseconds, on the clock of the client.

use super::{
    checked,
    participant::{Identity, Participant},
    target::{Kind, Target},
    timeline::Source,
};

/// A participant as it was last observed.
#[derive(Clone, PartialEq, Debug)]
pub struct Observed {
    /// Its state, and its identity where it was read.
    pub participant: Participant,
    /// When it was observed: on the client's clock, or, as an input of a call, since the start of that call.
    pub at: f64,
    /// An event; or a read, which updates what events have shown.
    pub source: Source,
}

/// Conversations that are kept; beyond this, and beyond `MAX_PARTICIPANTS`, the oldest are forgotten.
const MAX_CONVERSATIONS: usize = 2_000;
/// Participants of all conversations that are kept.
const MAX_PARTICIPANTS: usize = 10_000;
/// A conversation that was not observed for so long is forgotten: events do not arrive later than this.
const FORGOTTEN_AFTER_MS: f64 = 60_000.0;

/// The observations of a client, bounded in number.
#[derive(Clone, Debug)]
pub struct Observations {
    /// In the order of `at`, the oldest first.
    conversations: Vec<Conversation>,
    /// Participants of all conversations.
    participants: usize,
    /// The default kinds of states, to know the gone ones. `disconnectableStates` and `goneStates` of a call do not
    /// matter here.
    target: Target,
}

#[derive(Clone, Debug)]
struct Conversation {
    id: String,
    participants: Vec<Observed>,
    /// When it was last observed.
    at: f64,
}

impl Default for Observations {
    fn default() -> Self {
        Observations { conversations: Vec::new(), participants: 0, target: Target::new("") }
    }
}

impl Observations {
    /// Takes over the participants of an event, or of the read of `disconnectAll`. False where none of them has an id
    /// and a state.
    pub fn observe(&mut self, conversation_id: &str, participants: Vec<Participant>, source: Source, now: f64) -> bool {
        let participants: Vec<Participant> =
            participants.into_iter().filter(|one| self.has_state(one)).take(MAX_PARTICIPANTS).collect();
        if participants.is_empty() {
            return false;
        }
        let mut conversation = self.remove(conversation_id).unwrap_or_else(|| Conversation {
            id: conversation_id.to_owned(),
            participants: Vec::new(),
            at: now,
        });
        conversation.at = now;
        for (index, participant) in participants.into_iter().enumerate() {
            match find_mut(&mut conversation.participants, |one| one.participant.id == participant.id, index) {
                Some(known) if self.target.is_gone(&known.participant) => {}
                Some(known) => *known = Observed { participant, at: now, source },
                None => conversation.participants.push(Observed { participant, at: now, source }),
            }
        }
        self.keep(conversation, now);
        true
    }

    /// Takes over the states of a read, for participants that are known and were not observed since the read was sent.
    /// Others are not added: reads alone are not remembered.
    pub fn refresh(&mut self, conversation_id: &str, participants: &[Participant], sent_at: f64, now: f64) {
        let Some(mut conversation) = self.remove(conversation_id) else { return };
        for (index, Participant { id, state, calls, .. }) in participants.iter().enumerate() {
            if let Some(known) = find_mut(&mut conversation.participants, |one| one.participant.id == *id, index)
                && !self.target.is_gone(&known.participant)
                && known.at <= sent_at
            {
                (known.participant.state, known.participant.calls) = (state.clone(), calls.clone());
                (known.at, known.source) = (sent_at, Source::Read);
            }
        }
        conversation.at = now;
        self.keep(conversation, now);
    }

    /// Corrects a read, which may lag: participants that were observed gone are gone in it too.
    pub fn keep_gone(&self, conversation_id: &str, participants: &mut [Participant]) {
        let Some(known) = self.conversations.iter().rev().find(|one| one.id == conversation_id) else { return };
        for gone in known.participants.iter().filter(|one| self.target.is_gone(&one.participant)) {
            for read in participants.iter_mut().filter(|one| one.id == gone.participant.id) {
                (read.state, read.calls) = (gone.participant.state.clone(), gone.participant.calls.clone());
            }
        }
    }

    /// The participants of a conversation that events showed less than `max_age_ms` ago.
    pub fn recent_events(&self, conversation_id: &str, now: f64, max_age_ms: f64) -> Vec<Observed> {
        let mut recent = self.fresh(conversation_id, now, max_age_ms);
        recent.retain(|one| one.source == Source::Event);
        recent
    }

    /// Replaces the states of a read, which may lag, by those of recent events, except where the read shows gone. For
    /// lists that are shown to people; the rule uses `fresh`.
    pub fn overlay(&self, participants: &mut [Participant], recent: &[Observed]) {
        for Observed { participant: known, .. } in recent {
            for read in participants.iter_mut().filter(|one| one.id == known.id && !self.target.is_gone(one)) {
                (read.state, read.calls) = (known.state.clone(), known.calls.clone());
            }
        }
    }

    /// The participants of a conversation that were observed less than `max_age_ms` ago.
    pub fn fresh(&self, conversation_id: &str, now: f64, max_age_ms: f64) -> Vec<Observed> {
        let conversation = self.conversations.iter().rev().find(|one| one.id == conversation_id);
        let participants = conversation.map(|one| one.participants.as_slice()).unwrap_or_default();
        participants.iter().filter(|one| now - one.at < max_age_ms).cloned().collect()
    }

    /// Records that a write is sent for a participant. Earlier observations of it do not count any more, except gone.
    pub fn mark_used(&mut self, conversation_id: &str, participant_id: &str) {
        let Some(conversation) = self.conversations.iter_mut().find(|one| one.id == conversation_id) else { return };
        for known in &mut conversation.participants {
            if known.participant.id.0.as_deref() == Some(participant_id) && !self.target.is_gone(&known.participant) {
                known.at = f64::MIN;
            }
        }
    }

    /// How many conversations and participants are kept.
    #[cfg(test)]
    fn len(&self) -> (usize, usize) {
        (self.conversations.len(), self.participants)
    }

    /// Whether the participant has an id that can stand in a path, and a state.
    fn has_state(&self, participant: &Participant) -> bool {
        let has_any =
            participant.state.0.is_some() || participant.calls.0.as_ref().is_some_and(|calls| !calls.is_empty());
        participant.id.0.as_deref().is_some_and(checked::is_id) && has_any
    }

    fn remove(&mut self, conversation_id: &str) -> Option<Conversation> {
        let index = self.conversations.iter().rposition(|one| one.id == conversation_id)?;
        let conversation = self.conversations.remove(index);
        self.participants -= conversation.participants.len();
        Some(conversation)
    }

    /// Adds a conversation as the newest, and forgets those that are too old or too many.
    fn keep(&mut self, conversation: Conversation, now: f64) {
        self.participants += conversation.participants.len();
        self.conversations.push(conversation);
        loop {
            let is_too_much = self.conversations.len() > MAX_CONVERSATIONS || self.participants > MAX_PARTICIPANTS;
            match self.conversations.first() {
                Some(oldest) if is_too_much || now - oldest.at >= FORGOTTEN_AFTER_MS => {
                    self.participants -= oldest.participants.len();
                    self.conversations.remove(0);
                }
                _ => break,
            }
        }
    }
}

/// The entry that matches. `hint` is tried first: most events list the participants in the same order.
fn find_mut(list: &mut [Observed], is_match: impl Fn(&Observed) -> bool, hint: usize) -> Option<&mut Observed> {
    let is_at_hint = list.get(hint).is_some_and(&is_match);
    let index = if is_at_hint { Some(hint) } else { list.iter().position(is_match) };
    list.get_mut(index?)
}

impl Target {
    /// Whether the participant, with its own state or those of its calls, is gone.
    fn is_gone(&self, participant: &Participant) -> bool {
        self.listed(participant).is_some_and(|listed| listed.kind == Kind::Gone)
    }
}

/// An entry of the result of `client.participants`. Absent fields are left out.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParticipantSummary {
    /// The participant's id.
    pub id: String,
    /// Its own state, or that of one of its calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The kind of the state: `connected`, `gone` or `unsettled`.
    pub kind: &'static str,
    /// `customer`, `agent`, `acd` ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// `userId` or `user.id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// A telephone or SIP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The name that the platform shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl ParticipantSummary {
    /// The entry of a participant; `None` where its id cannot stand in a path.
    pub fn of(participant: &Participant, target: &Target) -> Option<ParticipantSummary> {
        let listed = target.listed(participant)?;
        let Identity { purpose, user_ids: [user_id, other_user_id], address, name, .. } = participant.identity.clone();
        let kind = match listed.kind {
            Kind::Gone => "gone",
            Kind::Unsettled => "unsettled",
            Kind::Disconnectable => "connected",
        };
        Some(ParticipantSummary {
            id: listed.id,
            state: listed.state,
            kind,
            purpose,
            user_id: user_id.or(other_user_id),
            address,
            name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn participants(list: serde_json::Value) -> Vec<Participant> {
        serde_json::from_value(list).unwrap()
    }

    /// The fresh observations: ids, states, times and sources.
    fn known(observations: &Observations, now: f64) -> Vec<(String, Option<String>, f64, Source)> {
        let known = observations.fresh("c", now, 2_000.0).into_iter();
        known.map(|one| (one.participant.id.0.unwrap(), one.participant.state.0, one.at, one.source)).collect()
    }

    fn entry(id: &str, state: &str, at: f64) -> (String, Option<String>, f64, Source) {
        (id.to_owned(), Some(state.to_owned()), at, Source::Event)
    }

    fn observe(observations: &mut Observations, list: serde_json::Value, now: f64) -> bool {
        observations.observe("c", participants(list), Source::Event, now)
    }

    #[test]
    fn the_last_event_counts_and_missing_participants_stay() {
        let mut all = Observations::default();
        assert!(observe(&mut all, json!([{"id":"a","state":"alerting"},{"id":"b","state":"connected"}]), 0.0));
        assert!(observe(&mut all, json!([{"id":"a","state":"connected"}]), 100.0));
        assert_eq!(known(&all, 200.0), [entry("a", "connected", 100.0), entry("b", "connected", 0.0)]);
        // In another order, with one participant more.
        let list = json!([{"id":"c","state":"dialing"},{"id":"b","state":"queued"},{"id":"a","state":"connected"}]);
        assert!(observe(&mut all, list, 1_000.0));
        let expected =
            [entry("a", "connected", 1_000.0), entry("b", "queued", 1_000.0), entry("c", "dialing", 1_000.0)];
        assert_eq!(known(&all, 2_999.0), expected);
        assert_eq!(known(&all, 3_000.0), []);
        assert!(all.fresh("d", 0.0, 2_000.0).is_empty());
    }

    #[test]
    fn a_gone_leg_stays_gone() {
        let mut all = Observations::default();
        observe(&mut all, json!([{"id":"a","state":"terminated"}]), 0.0);
        observe(&mut all, json!([{"id":"a","state":"connected"}]), 10.0);
        all.refresh("c", &participants(json!([{"id":"a","state":"connected"}])), 20.0, 20.0);
        all.mark_used("c", "a");
        assert_eq!(known(&all, 30.0), [entry("a", "terminated", 0.0)]);
        // In the shape with calls too.
        observe(&mut all, json!([{"id":"b","calls":[{"state":"disconnected"}]}]), 0.0);
        observe(&mut all, json!([{"id":"b","calls":[{"state":"connected"}]}]), 10.0);
        let b = all.fresh("c", 10.0, 2_000.0).pop().unwrap();
        assert_eq!((b.at, all.target.is_gone(&b.participant)), (0.0, true));
    }

    #[test]
    fn entries_without_id_or_state_are_ignored() {
        let mut all = Observations::default();
        for list in [
            json!([]),
            json!([{"state":"connected"}]),
            json!([{"id":"a"}]),
            json!([{"id":"a","calls":[]}]),
            json!([{"id":"..","state":"connected"}]),
        ] {
            assert!(!observe(&mut all, list.clone(), 0.0), "{list}");
        }
        assert_eq!(all.len(), (0, 0));
        observe(&mut all, json!([{"id":"a","state":"connected"},{"id":"b"}]), 0.0);
        observe(&mut all, json!([{"id":"a"}]), 10.0);
        assert_eq!(known(&all, 10.0), [entry("a", "connected", 0.0)]);
    }

    #[test]
    fn reads_refresh_observations_and_writes_use_them_up() {
        let mut all = Observations::default();
        let read = participants(json!([{"id":"x","state":"connected"},{"id":"a","state":"queued"}]));
        all.refresh("c", &read, 0.0, 0.0);
        assert_eq!(all.len(), (0, 0));
        observe(&mut all, json!([{"id":"a","state":"connected"},{"id":"b","state":"connected"}]), 0.0);
        all.refresh("c", &read, 1_000.0, 1_000.0);
        let a = ("a".to_owned(), Some("queued".to_owned()), 1_000.0, Source::Read);
        assert_eq!(known(&all, 1_000.0), [a, entry("b", "connected", 0.0)]);
        // An event that arrived after the read was sent is newer.
        observe(&mut all, json!([{"id":"b","state":"queued"}]), 1_010.0);
        all.refresh("c", &participants(json!([{"id":"b","state":"connected"}])), 1_005.0, 1_040.0);
        assert_eq!(known(&all, 1_040.0).pop(), Some(entry("b", "queued", 1_010.0)));
        all.mark_used("c", "a");
        all.mark_used("d", "b");
        assert_eq!(known(&all, 1_040.0), [entry("b", "queued", 1_010.0)]);
        observe(&mut all, json!([{"id":"a","state":"connected"}]), 1_100.0);
        assert_eq!(known(&all, 1_100.0).len(), 2);
    }

    #[test]
    fn memory_is_bounded() {
        let one = || participants(json!([{"id":"a","state":"connected"}]));
        let mut all = Observations::default();
        for index in 0..100_000 {
            all.observe(&format!("c-{index}"), one(), Source::Event, f64::from(index) * 0.01);
        }
        assert_eq!(all.len(), (MAX_CONVERSATIONS, MAX_CONVERSATIONS));
        assert!(all.fresh("c-0", 1_000.0, 2_000.0).is_empty() && !all.fresh("c-99999", 1_000.0, 2_000.0).is_empty());
        // An event makes its conversation the newest.
        all.observe("c-98000", one(), Source::Event, 1_000.0);
        all.observe("another", one(), Source::Event, 1_000.0);
        assert!(!all.fresh("c-98000", 1_000.0, 2_000.0).is_empty());
        // Old conversations are forgotten.
        all.observe("last", one(), Source::Event, 1_000.0 + FORGOTTEN_AFTER_MS);
        assert_eq!(all.len(), (1, 1));
        // Large ones too, even where only one is left.
        let large = |prefix: &str| {
            let list: Vec<_> =
                (0..6_000).map(|index| json!({"id": format!("{prefix}{index}"), "state": "connected"})).collect();
            participants(json!(list))
        };
        all.observe("x", large("a"), Source::Event, 61_500.0);
        all.observe("y", large("a"), Source::Event, 61_500.0);
        assert_eq!(all.len(), (1, 6_000));
        all.observe("y", large("b"), Source::Event, 61_500.0);
        assert_eq!(all.len(), (0, 0));
    }

    #[test]
    fn summaries_have_the_known_fields() {
        let target = Target::new("");
        let mut one = participants(json!([{"id":"a","state":"Connected"}])).remove(0);
        one.identity = Identity {
            purpose: Some("agent".to_owned()),
            user_ids: [None, Some("u".to_owned())],
            address: Some("+1".to_owned()),
            name: Some("Ada".to_owned()),
            ..Identity::default()
        };
        let json = serde_json::to_value(ParticipantSummary::of(&one, &target)).unwrap();
        let expected = json!({
            "id": "a", "state": "Connected", "kind": "connected",
            "purpose": "agent", "userId": "u", "address": "+1", "name": "Ada",
        });
        assert_eq!(json, expected);
        let list = json!([
            {"id": "b", "state": "terminated"}, {"id": "c", "calls": [{"state": "alerting"}]}, {"id": "d"},
            {"state": "connected"},
        ]);
        let summaries: Vec<_> = participants(list)
            .iter()
            .map(|one| serde_json::to_value(ParticipantSummary::of(one, &target)).unwrap())
            .collect();
        let expected = [
            json!({"id":"b","state":"terminated","kind":"gone"}),
            json!({"id":"c","state":"alerting","kind":"unsettled"}),
            json!({"id":"d","kind":"unsettled"}),
            json!(null),
        ];
        assert_eq!(summaries, expected);
    }
}
