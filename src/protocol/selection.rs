//! The selection of participants: by id, or by a description that is matched against each read.

use super::{
    checked,
    participant::{Identity, Participant},
};
use serde::Deserialize;

/// The participant that a call is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selection {
    /// The one with this id.
    Id(String),
    /// The live one that matches.
    Described(Description),
    /// All of them: the call only lists the participants and sends no write.
    All,
}

/// What the caller knows of a participant; all given fields have to match, at least one is given.
#[derive(Clone, Default, PartialEq, Eq, Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    rename_all = "camelCase",
    expecting = "a description of the participant: { purpose?, userId?, address?, name?, id? }"
)]
pub struct Description {
    /// One of these purposes, without regard to case.
    #[serde(default, deserialize_with = "checked::purposes")]
    pub purpose: Option<Vec<String>>,
    /// `userId` or `user.id` of the participant.
    #[serde(default, deserialize_with = "checked::id")]
    pub user_id: Option<String>,
    /// The same text, or the same digits where both are telephone addresses.
    #[serde(default, deserialize_with = "checked::address")]
    pub address: Option<String>,
    /// The same text.
    #[serde(default, deserialize_with = "checked::name")]
    pub name: Option<String>,
    /// The participant's id.
    #[serde(default, deserialize_with = "checked::id")]
    pub id: Option<String>,
}

impl Selection {
    /// Whether the call is about this participant; its state is not considered.
    pub fn matches(&self, participant: &Participant) -> bool {
        match self {
            Selection::Id(id) => participant.id.0.as_ref() == Some(id),
            Selection::Described(description) => description.matches(participant),
            Selection::All => true,
        }
    }
}

/// The purposes of participants that are not people: those values of `AnalyticsParticipant.purpose` (official Python
/// SDK, 269) that stand for the platform or its dialers, and `system`, which public clean-up scripts skip.
const INFRASTRUCTURE: [&str; 9] = ["acd", "ivr", "voicemail", "workflow", "fax", "api", "campaign", "dialer", "system"];

fn is_infrastructure(participant: &Participant) -> bool {
    let is = |purpose: &str| INFRASTRUCTURE.iter().any(|one| one.eq_ignore_ascii_case(purpose));
    participant.identity.purpose.as_deref().is_some_and(is)
}

/// Whether it is neither infrastructure nor a leg that only listens. One without a purpose counts as a person.
pub fn is_person(participant: &Participant) -> bool {
    !participant.identity.only_listens && !is_infrastructure(participant)
}

/// Several participants: the option `where` of `participants` and `disconnectAll`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Group {
    /// All participants of the conversation.
    All,
    /// All but infrastructure and legs that only listen.
    People,
    /// All that the description [includes](Description::includes).
    Described(Description),
}

impl Group {
    /// Whether the participant belongs to the group; its state is not considered.
    pub fn contains(&self, participant: &Participant) -> bool {
        match self {
            Group::All => true,
            Group::People => is_person(participant),
            Group::Described(description) => description.includes(participant),
        }
    }
}

impl Description {
    /// Whether it matches a participant for an operation on several. Infrastructure matches only where a purpose or an
    /// id is given, so that an address or a name that it shares with a person does not include it.
    pub fn includes(&self, participant: &Participant) -> bool {
        self.matches(participant) && (self.purpose.is_some() || self.id.is_some() || !is_infrastructure(participant))
    }

    /// The names of the given fields, as in JavaScript.
    pub fn fields(&self) -> Vec<&'static str> {
        let fields = [
            ("purpose", self.purpose.is_some()),
            ("userId", self.user_id.is_some()),
            ("address", self.address.is_some()),
            ("name", self.name.is_some()),
            ("id", self.id.is_some()),
        ];
        fields.into_iter().filter_map(|(name, is_given)| is_given.then_some(name)).collect()
    }

    fn matches(&self, participant: &Participant) -> bool {
        let Participant { id, identity, .. } = participant;
        let Identity { purpose, user_ids, address, name, only_listens, .. } = identity;
        let is = |wanted: &Option<String>, given: Option<&str>, are_same: fn(&str, &str) -> bool| {
            wanted.as_deref().is_none_or(|wanted| given.is_some_and(|given| are_same(wanted, given)))
        };
        let is_one_of = |wanted: &Option<Vec<String>>, given: Option<&str>| {
            let is = |given: &str| wanted.iter().flatten().any(|wanted| wanted.eq_ignore_ascii_case(given));
            wanted.is_none() || given.is_some_and(is)
        };
        // A leg that only listens matches by its id or its user only: `purpose: "agent"` means an agent who talks.
        let is_described_otherwise = self.purpose.is_some() || self.address.is_some() || self.name.is_some();
        !(*only_listens && is_described_otherwise)
            && is_one_of(&self.purpose, purpose.as_deref())
            && is(&self.id, id.0.as_deref(), str::eq)
            && user_ids.iter().any(|user_id| is(&self.user_id, user_id.as_deref(), str::eq))
            && is(&self.address, address.as_deref(), is_same_address)
            && is(&self.name, name.as_deref(), str::eq)
    }
}

/// Whether both are the same text, or telephone addresses with the same digits.
fn is_same_address(one: &str, other: &str) -> bool {
    one == other || telephone_digits(one).is_some_and(|digits| telephone_digits(other) == Some(digits))
}

/// The digits of `tel:+1-317-555-0142`, `sip:+13175550142@host;user=phone`, `+1 (317) 555-0142`; `None` for any other
/// address (RFC 3966, RFC 3261 section 19.1.6).
fn telephone_digits(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once(':').unwrap_or(("tel", address));
    let is_known = ["tel", "sip", "sips"].iter().any(|known| known.eq_ignore_ascii_case(scheme.trim()));
    let number = rest.split(['@', ';']).next().unwrap_or_default();
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit() || b" +-.()".contains(&byte));
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    (is_known && is_number && !digits.is_empty()).then_some(digits)
}
