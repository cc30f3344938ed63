//! Which routes, bodies and shapes does the platform speak? Dialects as data: `VOICE`, `CALLS`, a caller's own.

use super::text::{joined, split_at_first};
use alloc::string::String;

/// One way to ask for the participants and to disconnect one of them.
///
/// `{conversationId}` and `{participantId}` stand for the ids: percent-encoded in paths, as they are in the strings of a body.
/// A third, `{userId}`, stands in the route on behalf of a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dialect {
    pub name: DialectName,
    pub read_path: String,
    /// The name of the list of participants in the body of the read.
    pub participants: String,
    pub write_method: String,
    pub write_path: String,
    /// JSON text.
    pub write_body: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DialectName {
    Voice,
    Calls,
    Custom,
}

impl Dialect {
    /// The dialect of the system this package was asked for; the published API has no such routes.
    pub fn voice() -> Self {
        Dialect {
            name: DialectName::Voice,
            read_path: "/api/v2/conversations/voice/{conversationId}/participants".into(),
            participants: "entities".into(),
            write_method: "POST".into(),
            write_path: "/api/v2/conversations/voice/participants".into(),
            write_body: Some(r#"{"participantId":"{participantId}","action":"disconnect"}"#.into()),
        }
    }

    /// The published Conversations API: `getConversationsCall` and `patchConversationsCallParticipant` of the official SDKs; on
    /// behalf of a user `patchConversationsCallParticipantUserUserId`, in the API since 2025-10-23.
    pub fn calls(on_behalf_of_user: bool) -> Self {
        let participant = "/api/v2/conversations/calls/{conversationId}/participants/{participantId}";
        Dialect {
            name: DialectName::Calls,
            read_path: "/api/v2/conversations/calls/{conversationId}".into(),
            participants: "participants".into(),
            write_method: "PATCH".into(),
            write_path: if on_behalf_of_user { joined(&[participant, "/user/{userId}"]) } else { participant.into() },
            write_body: Some(r#"{"state":"disconnected"}"#.into()),
        }
    }
}

/// What the placeholders stand for.
#[derive(Clone, Debug)]
pub struct Ids<'a> {
    pub conversation_id: &'a str,
    pub participant_id: &'a str,
    pub user_id: &'a str,
}

impl Ids<'_> {
    /// The template with each id as `encode` writes it; what is no known placeholder stays.
    pub fn fill(&self, template: &str, encode: fn(&str) -> String) -> String {
        // One pass, so that braces inside an id are never taken for a placeholder.
        let mut filled = String::with_capacity(template.len() + self.conversation_id.len() + self.participant_id.len());
        let mut rest = template;
        while let Some((before, from)) = split_at_first(rest, "{") {
            filled.push_str(before);
            let placeholder = split_at_first(from, "}");
            let id = match placeholder {
                Some(("conversationId", _)) => Some(self.conversation_id),
                Some(("participantId", _)) => Some(self.participant_id),
                Some(("userId", _)) => Some(self.user_id),
                _ => None,
            };
            match (id, placeholder) {
                (Some(id), Some((_, after))) => {
                    filled.push_str(&encode(id));
                    rest = after;
                }
                _ => {
                    filled.push('{');
                    rest = from;
                }
            }
        }
        filled.push_str(rest);
        filled
    }

    /// A path with the ids percent-encoded.
    pub fn in_path(&self, template: &str) -> String {
        self.fill(template, percent_encoded)
    }

    /// JSON text with the ids inside its strings.
    pub fn in_body(&self, template: &str) -> String {
        self.fill(template, json_escaped)
    }
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn push_hex(out: &mut String, byte: u8) {
    for nibble in [byte >> 4, byte & 15] {
        out.push(char::from(HEX.get(usize::from(nibble)).copied().unwrap_or(b'0')));
    }
}

/// As `encodeURIComponent`: everything but letters, digits and `-_.!~*'()`, so that an id stays one path segment.
fn percent_encoded(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            push_hex(&mut out, byte);
        }
    }
    out
}

/// As the inside of a JSON string (RFC 8259, section 7).
fn json_escaped(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    let mut rest = id;
    // Only ASCII is escaped, so what stands between is whole characters.
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        let (Some(before), Some(&byte), Some(after)) = (rest.get(..at), rest.as_bytes().get(at), rest.get(at + 1..)) else { break };
        out.push_str(before);
        if byte < b' ' {
            out.push_str("\\u00");
            push_hex(&mut out, byte);
        } else {
            out.push('\\');
            out.push(char::from(byte));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: Ids = Ids { conversation_id: "c/1 ü", participant_id: "p\"\\\n{userId}", user_id: "u" };

    #[test]
    fn fills_ids_into_paths_and_bodies() {
        assert_eq!(IDS.in_path("/a/{conversationId}/b/{participantId}"), "/a/c%2F1%20%C3%BC/b/p%22%5C%0A%7BuserId%7D");
        assert_eq!(IDS.in_body(r#"{"p":"{participantId}","n":{}}"#), r#"{"p":"p\"\\\u000A{userId}","n":{}}"#);
        assert_eq!(IDS.in_path("/{x}/{"), "/{x}/{");
    }

    #[test]
    fn speaks_the_two_dialects_of_the_contract() {
        let ids = Ids { conversation_id: "C", participant_id: "P", user_id: "U" };
        let voice = Dialect::voice();
        assert_eq!(ids.in_path(&voice.read_path), "/api/v2/conversations/voice/C/participants");
        assert_eq!(ids.in_path(&voice.write_path), "/api/v2/conversations/voice/participants");
        assert_eq!(voice.write_body.map(|body| ids.in_body(&body)).as_deref(), Some(r#"{"participantId":"P","action":"disconnect"}"#));
        let calls = Dialect::calls(false);
        assert_eq!(ids.in_path(&calls.read_path), "/api/v2/conversations/calls/C");
        assert_eq!(ids.in_path(&calls.write_path), "/api/v2/conversations/calls/C/participants/P");
        assert_eq!(calls.write_body.as_deref(), Some(r#"{"state":"disconnected"}"#));
        assert_eq!(ids.in_path(&Dialect::calls(true).write_path), "/api/v2/conversations/calls/C/participants/P/user/U");
    }
}
