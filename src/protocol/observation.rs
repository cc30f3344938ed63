//! What a client's own notification channel says of conversations: the last state of each participant.
//!
//! Events repeat, overtake each other and lack participants; none says when it was made. So a gone leg stays gone, of
//! the others the newest arrival counts, and whoever is missing from an event keeps what was known.

use super::{
    checked,
    participant::{Identity, Participant},
    target::{Kind, Target},
    timeline::Source,
};

/// A participant as it was last observed; `at` is milliseconds on the client's clock, or since the start of a call.
#[derive(Clone, PartialEq, Debug)]
pub struct Observed {
    pub participant: Participant,
    pub at: f64,
    pub source: Source,
}

/// What is kept: so many conversations, with so many participants in all; the oldest make room.
pub const MAX_CONVERSATIONS: usize = 2_000;
pub const MAX_PARTICIPANTS: usize = 10_000;
/// A conversation that was not observed for so long is forgotten: an event does not arrive later than this.
pub const FORGOTTEN_AFTER_MS: f64 = 60_000.0;

#[derive(Clone, Debug)]
pub struct Observations {
    /// By the time of the last event, the oldest first.
    conversations: Vec<Conversation>,
    participants: usize,
    /// What the states mean, whatever a single call makes of them.
    target: Target,
}

#[derive(Clone, Debug)]
struct Conversation {
    id: String,
    participants: Vec<Observed>,
    at: f64,
}

impl Default for Observations {
    fn default() -> Self {
        Observations { conversations: Vec::new(), participants: 0, target: Target::new("") }
    }
}

impl Observations {
    /// Takes up an event, or a read that is worth to be remembered. Whether it said anything.
    pub fn observe(&mut self, conversation_id: &str, participants: Vec<Participant>, source: Source, now: f64) -> bool {
        let participants: Vec<Participant> =
            participants.into_iter().filter(|one| self.says_something(one)).take(MAX_PARTICIPANTS).collect();
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
            match place(&mut conversation.participants, |one| one.participant.id == participant.id, index) {
                Some(known) if self.target.is_gone(&known.participant) => {}
                Some(known) => *known = Observed { participant, at: now, source },
                None => conversation.participants.push(Observed { participant, at: now, source }),
            }
        }
        self.keep(conversation, now);
        true
    }

    /// A read is newer than what is known of whom it lists; of others nothing new is kept.
    pub fn refresh(&mut self, conversation_id: &str, participants: &[Participant], now: f64) {
        let Some(mut conversation) = self.remove(conversation_id) else { return };
        for (index, Participant { id, state, calls, .. }) in participants.iter().enumerate() {
            if let Some(known) = place(&mut conversation.participants, |one| one.participant.id == *id, index)
                && !self.target.is_gone(&known.participant)
            {
                (known.participant.state, known.participant.calls) = (state.clone(), calls.clone());
                (known.at, known.source) = (now, Source::Read);
            }
        }
        conversation.at = now;
        self.keep(conversation, now);
    }

    /// What is known of a conversation and less than `max_age_ms` old.
    pub fn fresh(&self, conversation_id: &str, now: f64, max_age_ms: f64) -> Vec<Observed> {
        let conversation = self.conversations.iter().rev().find(|one| one.id == conversation_id);
        let participants = conversation.map(|one| one.participants.as_slice()).unwrap_or_default();
        participants.iter().filter(|one| now - one.at < max_age_ms).cloned().collect()
    }

    /// A write was sent for a participant: what was observed of it before says no more, unless that it is gone.
    pub fn spend(&mut self, conversation_id: &str, participant_id: &str) {
        let Some(conversation) = self.conversations.iter_mut().find(|one| one.id == conversation_id) else { return };
        for known in &mut conversation.participants {
            if known.participant.id.0.as_deref() == Some(participant_id) && !self.target.is_gone(&known.participant) {
                known.at = f64::NEG_INFINITY;
            }
        }
    }

    /// How many conversations and participants are kept.
    pub fn len(&self) -> (usize, usize) {
        (self.conversations.len(), self.participants)
    }

    fn says_something(&self, participant: &Participant) -> bool {
        let has_state =
            participant.state.0.is_some() || participant.calls.0.as_ref().is_some_and(|calls| !calls.is_empty());
        participant.id.0.as_deref().is_some_and(checked::is_id) && has_state
    }

    fn remove(&mut self, conversation_id: &str) -> Option<Conversation> {
        let index = self.conversations.iter().rposition(|one| one.id == conversation_id)?;
        let conversation = self.conversations.remove(index);
        self.participants -= conversation.participants.len();
        Some(conversation)
    }

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

/// The entry that is meant: most often at the same place as the last time.
fn place(list: &mut [Observed], is_meant: impl Fn(&Observed) -> bool, hint: usize) -> Option<&mut Observed> {
    let is_there = list.get(hint).is_some_and(&is_meant);
    let index = if is_there { Some(hint) } else { list.iter().position(is_meant) };
    list.get_mut(index?)
}

impl Target {
    fn is_gone(&self, participant: &Participant) -> bool {
        self.listed(participant).is_some_and(|listed| listed.kind == Kind::Gone)
    }
}

/// What `participants` gives of one.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Person {
    /// `None` where the participant has no id that a request could name.
    pub fn of(participant: &Participant, target: &Target) -> Option<Person> {
        let listed = target.listed(participant)?;
        let Identity { purpose, user_ids: [user_id, other_user_id], address, name, .. } = participant.identity.clone();
        let kind = match listed.kind {
            Kind::Gone => "gone",
            Kind::Unsettled => "unsettled",
            Kind::Disconnectable => "connected",
        };
        Some(Person {
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
