//! Dialects: the routes and body shapes of an API, as data. [`VOICE`], [`CALLS`], or a caller's own.

use super::{
    checked,
    participant::{Identity, Participant},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::borrow::Cow;

/// One way to read the participants and to disconnect one of them.
///
/// Paths and bodies are templates: `{conversationId}` and `{participantId}` stand for the ids, percent-encoded in paths
/// and JSON-escaped in the strings of a body. [`CALLS_ON_BEHALF_OF_USER`] has a third placeholder, `{userId}`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "a dialect: { read, write }")]
pub struct Dialect {
    /// The request that lists the participants.
    pub read: Read,
    /// The request that disconnects one of them.
    pub write: Write,
}

/// The request that lists the participants; its method is GET.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "{ path, participants, fields? }")]
pub struct Read {
    /// The template of the path, absolute, with a query if needed.
    #[serde(deserialize_with = "checked::path")]
    pub path: Cow<'static, str>,
    /// Where the body has the list of participants: names with dots between them; empty where the body is the list.
    #[serde(deserialize_with = "checked::list")]
    pub participants: Cow<'static, str>,
    /// Where an entry of the list has its fields.
    #[serde(default)]
    pub fields: Fields,
}

/// Where an entry of the list has its fields: names with dots between them. `None`: under the platform's own name.
#[derive(Clone, Default, PartialEq, Eq, Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    rename_all = "camelCase",
    expecting = "{ id?, state?, userId?, purpose?, address?, name? }"
)]
pub struct Fields {
    /// The platform's name: `id`.
    #[serde(default, deserialize_with = "checked::field")]
    pub id: Option<String>,
    /// The platform's name: `state`.
    #[serde(default, deserialize_with = "checked::field")]
    pub state: Option<String>,
    /// The platform's name: `userId`. `user.id` is read too.
    #[serde(default, deserialize_with = "checked::field")]
    pub user_id: Option<String>,
    /// The platform's name: `purpose`.
    #[serde(default, deserialize_with = "checked::field")]
    pub purpose: Option<String>,
    /// The platform's name: `address`.
    #[serde(default, deserialize_with = "checked::field")]
    pub address: Option<String>,
    /// The platform's name: `name`.
    #[serde(default, deserialize_with = "checked::field")]
    pub name: Option<String>,
}

impl Fields {
    const OF_THE_PLATFORM: Fields =
        Fields { id: None, state: None, user_id: None, purpose: None, address: None, name: None };

    /// Sets the id and the state of a participant where the dialect has them under other names, and its identity where
    /// `described` is true. `text_at` returns the text at a path of the entry, `None` where there is no text.
    pub fn fill(&self, participant: &mut Participant, described: bool, text_at: impl Fn(&str) -> Option<String>) {
        let text = |path: &Option<String>, default| text_at(path.as_deref().unwrap_or(default));
        if self.id.is_some() {
            participant.id.0 = text(&self.id, "id");
        }
        if self.state.is_some() {
            participant.state.0 = text(&self.state, "state");
        }
        if described {
            let listens_to = ["monitoredParticipantId", "coachedParticipantId", "bargedParticipantId"];
            participant.identity = Identity {
                purpose: text(&self.purpose, "purpose"),
                user_ids: [text(&self.user_id, "userId"), text_at("user.id")],
                address: text(&self.address, "address"),
                name: text(&self.name, "name"),
                only_listens: listens_to.into_iter().any(|field| text_at(field).is_some()),
                end_time: text_at("endTime"),
            };
        }
    }
}

/// The request that disconnects one participant.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "{ method, path, body? }")]
pub struct Write {
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    #[serde(deserialize_with = "checked::method")]
    pub method: Cow<'static, str>,
    /// The template of the path, absolute, with a query if needed.
    #[serde(deserialize_with = "checked::path")]
    pub path: Cow<'static, str>,
    /// The template of the body; `None`: no body.
    pub body: Option<JsonText>,
}

/// A JSON value, as text. The host's deserialiser knows this newtype by its name, `JsonText`, and fills it with
/// `JSON.stringify` of the value.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct JsonText(pub Cow<'static, str>);

/// The dialect of the system that this package was requested for; the published API has no such routes.
pub const VOICE: Dialect = Dialect {
    read: Read {
        path: Cow::Borrowed("/api/v2/conversations/voice/{conversationId}/participants"),
        participants: Cow::Borrowed("entities"),
        fields: Fields::OF_THE_PLATFORM,
    },
    write: Write {
        method: Cow::Borrowed("POST"),
        path: Cow::Borrowed("/api/v2/conversations/voice/participants"),
        body: Some(JsonText(Cow::Borrowed(r#"{"participantId":"{participantId}","action":"disconnect"}"#))),
    },
};

/// The published Conversations API: `getConversationsCall` and `patchConversationsCallParticipant` of the official
/// SDKs.
pub const CALLS: Dialect = calls("/api/v2/conversations/calls/{conversationId}/participants/{participantId}");

/// `patchConversationsCallParticipantUserUserId`, in the API since 2025-10-23.
pub const CALLS_ON_BEHALF_OF_USER: Dialect =
    calls("/api/v2/conversations/calls/{conversationId}/participants/{participantId}/user/{userId}");

const fn calls(write_path: &'static str) -> Dialect {
    Dialect {
        read: Read {
            path: Cow::Borrowed("/api/v2/conversations/calls/{conversationId}"),
            participants: Cow::Borrowed("participants"),
            fields: Fields::OF_THE_PLATFORM,
        },
        write: Write {
            method: Cow::Borrowed("PATCH"),
            path: Cow::Borrowed(write_path),
            body: Some(JsonText(Cow::Borrowed(r#"{"state":"disconnected"}"#))),
        },
    }
}

impl Dialect {
    /// Whether the path or the body of the write has the placeholder `{participantId}`.
    pub fn names_participant(&self) -> bool {
        let body = self.write.body.as_ref().map_or("", |JsonText(text)| text);
        [&self.write.path, body]
            .iter()
            .any(|template| template.split('{').any(|part| part.starts_with("participantId}")))
    }
}

/// The values of the placeholders.
#[derive(Clone, Copy, Debug)]
pub struct Ids<'a> {
    /// For `{conversationId}`.
    pub conversation_id: &'a str,
    /// For `{participantId}`.
    pub participant_id: &'a str,
    /// For `{userId}`.
    pub user_id: &'a str,
}

/// What is percent-encoded in a path: the same characters as by `encodeURIComponent`.
const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

impl Ids<'_> {
    /// A path with the ids percent-encoded.
    pub fn in_path(&self, template: &str) -> String {
        self.fill(template, |id| utf8_percent_encode(id, PATH_SEGMENT).to_string())
    }

    /// JSON text with the ids inside its strings.
    pub fn in_body(&self, template: &str) -> String {
        self.fill(template, |id| {
            let quoted = serde_json::to_string(id).unwrap_or_default();
            quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
        })
    }

    /// The template with each placeholder replaced by `encode` of its id; other braces stay. One pass, so that braces
    /// inside an id are never read as a placeholder.
    fn fill(&self, template: &str, encode: fn(&str) -> String) -> String {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, from)) = rest.split_once('{') {
            filled.push_str(before);
            let known = [
                ("conversationId}", self.conversation_id),
                ("participantId}", self.participant_id),
                ("userId}", self.user_id),
            ];
            match known.iter().find_map(|(name, id)| Some((id, from.strip_prefix(name)?))) {
                Some((id, after)) => {
                    filled.push_str(&encode(id));
                    rest = after;
                }
                None => {
                    filled.push('{');
                    rest = from;
                }
            }
        }
        filled.push_str(rest);
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_ids_into_paths_and_bodies() {
        let ids = Ids { conversation_id: "c/1 ü", participant_id: "p\"\\\n{userId}", user_id: "u" };
        assert_eq!(ids.in_path("/a/{conversationId}/b/{participantId}"), "/a/c%2F1%20%C3%BC/b/p%22%5C%0A%7BuserId%7D");
        assert_eq!(ids.in_body(r#"{"p":"{participantId}","n":{}}"#), r#"{"p":"p\"\\\n{userId}","n":{}}"#);
        assert_eq!(ids.in_path("/{x}/{"), "/{x}/{");
        let quotes = Ids { participant_id: "\"\"", ..ids };
        assert_eq!(quotes.in_body(r#"["{participantId}"]"#), r#"["\"\""]"#);
    }

    #[test]
    fn has_the_routes_of_both_apis() {
        let ids = Ids { conversation_id: "C", participant_id: "P", user_id: "U" };
        let body = |dialect: &Dialect| dialect.write.body.as_ref().map(|JsonText(text)| ids.in_body(text));
        assert_eq!(ids.in_path(&VOICE.read.path), "/api/v2/conversations/voice/C/participants");
        assert_eq!(ids.in_path(&VOICE.write.path), "/api/v2/conversations/voice/participants");
        assert_eq!(body(&VOICE).as_deref(), Some(r#"{"participantId":"P","action":"disconnect"}"#));
        assert_eq!(ids.in_path(&CALLS.read.path), "/api/v2/conversations/calls/C");
        assert_eq!(ids.in_path(&CALLS.write.path), "/api/v2/conversations/calls/C/participants/P");
        assert_eq!(body(&CALLS).as_deref(), Some(r#"{"state":"disconnected"}"#));
        let on_behalf = ids.in_path(&CALLS_ON_BEHALF_OF_USER.write.path);
        assert_eq!(on_behalf, "/api/v2/conversations/calls/C/participants/P/user/U");
        assert!(VOICE.names_participant() && CALLS.names_participant());
        let nobody = |path| Dialect { write: Write { method: "PUT".into(), path, body: None }, ..VOICE };
        assert!(nobody("/a/{participantId}".into()).names_participant());
        assert!(!nobody("/a/{conversationId}/participantId}".into()).names_participant());
    }
}
