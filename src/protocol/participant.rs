//! What does a body say about the participant? The three kinds of state, and the readers of the two bodies the platform sends.

use super::json::{NotJson, Reader, Scanner};
use alloc::{string::String, vec::Vec};

/// What a state means to a disconnect (contract, section 3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The disconnect is sent: `connected`, or what the caller added to it.
    Disconnectable,
    /// The participant is gone.
    Gone,
    /// The platform has not made up its mind; everything else, also states not known today.
    Unsettled,
}

/// The ending states. Voice legs pass through both; either may be the last one seen.
pub const GONE: [&str; 2] = ["disconnected", "terminated"];

impl Kind {
    pub fn of(state: Option<&str>, disconnectable: &[String]) -> Kind {
        match state {
            Some(state) if GONE.contains(&state) => Kind::Gone,
            Some(state) if disconnectable.iter().any(|one| one == state) => Kind::Disconnectable,
            _ => Kind::Unsettled,
        }
    }
}

/// What one read showed of the target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sighting {
    NotListed,
    /// Listed, with its state; `None` where the platform named none.
    Listed(Kind, Option<String>),
}

impl Sighting {
    /// Joins what two legs (calls of a participant) show: disconnectable where any is, gone where all are, otherwise the first
    /// that lives.
    fn join(self, other: Sighting) -> Sighting {
        let weight = |sighting: &Sighting| match sighting {
            Sighting::NotListed => 0,
            Sighting::Listed(Kind::Gone, _) => 1,
            Sighting::Listed(Kind::Unsettled, _) => 2,
            Sighting::Listed(Kind::Disconnectable, _) => 3,
        };
        if weight(&other) > weight(&self) { other } else { self }
    }
}

/// Whom and what to look for in a body.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The name of the list of participants in the body.
    pub list: String,
    pub participant_id: String,
    pub disconnectable: Vec<String>,
}

impl Wanted {
    fn sighting(&self, state: Option<String>) -> Sighting {
        Sighting::Listed(Kind::of(state.as_deref(), &self.disconnectable), state)
    }
}

/// Why a body is not what the dialect says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Malformed {
    NotJson,
    /// JSON that ends before it is complete: the connection was cut where nobody counted bytes.
    Incomplete,
    /// JSON without the list of participants.
    NoList,
    TooLarge,
}

/// The error body's fields that say what the status alone does not.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct PlatformError {
    pub code: Option<String>,
    pub message: Option<String>,
}

/// The body of one answer while it arrives; reused for every answer of a call.
#[derive(Clone, Default, Debug)]
pub struct Body {
    scanner: Scanner,
    fields: Fields,
    bytes: usize,
    malformed: Option<Malformed>,
}

impl Body {
    pub fn reset(&mut self) {
        self.scanner.reset();
        self.fields = Fields::default();
        self.bytes = 0;
        self.malformed = None;
    }

    /// Takes the next bytes; false where reading on is of no use.
    pub fn push(&mut self, chunk: &[u8], max_bytes: usize, wanted: &Wanted) -> bool {
        if self.malformed.is_none() {
            self.bytes = self.bytes.saturating_add(chunk.len());
            if self.bytes > max_bytes {
                self.malformed = Some(Malformed::TooLarge);
            } else if let Err(NotJson) = self.scanner.push(chunk, &mut Reading { fields: &mut self.fields, wanted }) {
                self.malformed = Some(Malformed::NotJson);
            }
        }
        self.malformed.is_none()
    }

    /// What a complete body of a read shows of the participant.
    pub fn sighting(&mut self) -> Result<Sighting, Malformed> {
        match self.malformed {
            Some(malformed) => Err(malformed),
            None if self.scanner.is_empty() => Err(Malformed::NotJson),
            None if !self.scanner.is_done() => Err(Malformed::Incomplete),
            None => self.fields.found.take().ok_or(Malformed::NoList),
        }
    }

    /// What the platform says of an error; empty where the body is no JSON object.
    pub fn platform_error(&mut self) -> PlatformError {
        PlatformError { code: self.fields.code.take(), message: self.fields.message.take() }
    }
}

/// The key that the next value belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Key {
    #[default]
    Other,
    List,
    Code,
    Message,
    Id,
    State,
    Calls,
}

/// What was read so far. The path of interest is `{ list: [ { id, state, calls: [ { state } ] } ] }`.
#[derive(Clone, Default, Debug)]
struct Fields {
    /// How many of the open containers lie on that path.
    path: usize,
    key: Key,
    /// `Some` once the list was seen.
    found: Option<Sighting>,
    code: Option<String>,
    message: Option<String>,
    is_target: bool,
    state: Option<String>,
    calls: Option<Sighting>,
    call_state: Option<String>,
}

const BODY: usize = 1;
const LIST: usize = 2;
const PARTICIPANT: usize = 3;
const CALLS: usize = 4;
const CALL: usize = 5;

struct Reading<'a> {
    fields: &'a mut Fields,
    wanted: &'a Wanted,
}

impl Reading<'_> {
    /// A value that replaces what an earlier one under the same key said: the last of two equal keys counts.
    fn value(&mut self, depth: usize, text: Option<&[u8]>) {
        let fields = &mut *self.fields;
        if fields.path != depth {
            return;
        }
        let owned = || text.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        match (depth, fields.key) {
            (BODY, Key::List) => fields.found = None,
            (BODY, Key::Code) => fields.code = owned(),
            (BODY, Key::Message) => fields.message = owned(),
            (PARTICIPANT, Key::Id) => fields.is_target = text == Some(self.wanted.participant_id.as_bytes()),
            (PARTICIPANT, Key::State) => fields.state = owned(),
            (PARTICIPANT, Key::Calls) => fields.calls = None,
            (CALL, Key::State) => fields.call_state = owned(),
            _ => {}
        }
        fields.key = Key::Other;
    }
}

impl Reader for Reading<'_> {
    fn wants_key(&self, depth: usize) -> bool {
        self.fields.path == depth
    }

    fn wants_text(&self, depth: usize) -> bool {
        self.fields.path == depth && !matches!(self.fields.key, Key::Other | Key::List | Key::Calls)
    }

    fn key(&mut self, depth: usize, key: &[u8]) {
        self.fields.key = match (depth, key) {
            (BODY, key) if key == self.wanted.list.as_bytes() => Key::List,
            (BODY, b"code") => Key::Code,
            (BODY, b"message") => Key::Message,
            (PARTICIPANT, b"id") => Key::Id,
            (PARTICIPANT | CALL, b"state") => Key::State,
            (PARTICIPANT, b"calls") => Key::Calls,
            _ => Key::Other,
        };
    }

    fn text(&mut self, depth: usize, text: &[u8]) {
        self.value(depth, Some(text));
    }

    fn scalar(&mut self, depth: usize) {
        self.value(depth, None);
    }

    fn open(&mut self, depth: usize, object: bool) {
        let outer = depth - 1;
        let key = self.fields.key;
        self.value(outer, None);
        let fields = &mut *self.fields;
        let on_path = fields.path == outer
            && match depth {
                BODY | PARTICIPANT | CALL => object,
                LIST => !object && key == Key::List,
                CALLS => !object && key == Key::Calls,
                _ => false,
            };
        if !on_path {
            return;
        }
        fields.path = depth;
        match depth {
            LIST => fields.found = Some(Sighting::NotListed),
            PARTICIPANT => {
                fields.is_target = false;
                fields.state = None;
                fields.calls = None;
            }
            _ => {}
        }
    }

    fn close(&mut self, depth: usize) {
        let fields = &mut *self.fields;
        if fields.path != depth {
            return;
        }
        fields.path = depth - 1;
        fields.key = Key::Other;
        if depth == CALL {
            let call = self.wanted.sighting(fields.call_state.take());
            fields.calls = Some(fields.calls.take().unwrap_or(Sighting::NotListed).join(call));
        } else if depth == PARTICIPANT && fields.is_target {
            let seen = match (fields.state.take(), fields.calls.take()) {
                (None, Some(calls)) => calls,
                (state, _) => self.wanted.sighting(state),
            };
            fields.found = Some(fields.found.take().unwrap_or(Sighting::NotListed).join(seen));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &str, disconnectable: &[&str], body: &str) -> Result<Sighting, Malformed> {
        let wanted = Wanted {
            list: list.to_owned(),
            participant_id: "p-1".to_owned(),
            disconnectable: disconnectable.iter().map(|&state| state.to_owned()).collect(),
        };
        let mut results = [1, 7, usize::MAX].map(|chunk_bytes| {
            let mut reading = Body::default();
            for chunk in body.as_bytes().chunks(chunk_bytes) {
                reading.push(chunk, usize::MAX, &wanted);
            }
            reading.sighting()
        });
        assert_eq!(results[0], results[1]);
        assert_eq!(results[1], results[2]);
        core::mem::replace(&mut results[0], Ok(Sighting::NotListed))
    }

    fn listed(kind: Kind, state: &str) -> Result<Sighting, Malformed> {
        Ok(Sighting::Listed(kind, Some(state.to_owned())))
    }

    #[test]
    fn finds_the_state_in_both_shapes() {
        use Kind::{Disconnectable, Gone, Unsettled};
        for (body, expected) in [
            (r#"{"entities":[{"id":"p-0","state":"alerting"},{"id":"p-1","state":"connected"}]}"#, listed(Disconnectable, "connected")),
            (
                r#"{"entities":[{"state":"connected","held":true,"x":{"id":"p-9","state":"none"},"id":"p-1"}]}"#,
                listed(Disconnectable, "connected"),
            ),
            (r#"{"entities":[{"id":"p-1","state":"disconnected"}]}"#, listed(Gone, "disconnected")),
            (r#"{"entities":[{"id":"p-1","state":"terminated"}]}"#, listed(Gone, "terminated")),
            (r#"{"entities":[{"id":"p-1","state":"somethingNew"}]}"#, listed(Unsettled, "somethingNew")),
            (r#"{"entities":[{"id":"p-1"}]}"#, Ok(Sighting::Listed(Unsettled, None))),
            (r#"{"entities":[{"id":"p-1","state":null,"calls":[]}]}"#, Ok(Sighting::Listed(Unsettled, None))),
            (r#"{"entities":[{"id":"p-1","state":7}]}"#, Ok(Sighting::Listed(Unsettled, None))),
            (r#"{"entities":[{"id":"p-1","calls":[{"state":"connected"}],"calls":null}]}"#, Ok(Sighting::Listed(Unsettled, None))),
            (r#"{"entities":[]}"#, Ok(Sighting::NotListed)),
            (r#"{"entities":["p-1",1,null,[{"id":"p-1","state":"connected"}]]}"#, Ok(Sighting::NotListed)),
            (r#"{"x":{"entities":[{"id":"p-1","state":"connected"}]},"entities":[]}"#, Ok(Sighting::NotListed)),
            (r#"{"entities":[{"id":"p-1","state":"connected"}],"entities":[]}"#, Ok(Sighting::NotListed)),
            (r#"{"entities":[{"id":"p-1","state":"connected"}],"entities":"x"}"#, Err(Malformed::NoList)),
            (r#"{"entities":[{"\u0069d":"p\u002d1","state":"\u0063onnected"}]}"#, listed(Disconnectable, "connected")),
        ] {
            assert_eq!(read("entities", &["connected"], body), expected, "{body}");
        }
    }

    #[test]
    fn joins_the_calls_of_a_participant_without_a_state() {
        use Kind::{Disconnectable, Gone, Unsettled};
        let calls = |states: &[&str]| {
            let calls: Vec<String> = states.iter().map(|state| format!(r#"{{"id":"c","state":"{state}"}}"#)).collect();
            format!(r#"{{"participants":[{{"calls":[{}],"id":"p-1"}}]}}"#, calls.join(","))
        };
        for (states, expected) in [
            (&["terminated", "connected"][..], listed(Disconnectable, "connected")),
            (&["connected", "terminated"], listed(Disconnectable, "connected")),
            (&["alerting", "connected"], listed(Disconnectable, "connected")),
            (&["disconnected", "terminated"], listed(Gone, "disconnected")),
            (&["terminated", "alerting", "dialing"], listed(Unsettled, "alerting")),
        ] {
            assert_eq!(read("participants", &["connected"], &calls(states)), expected, "{states:?}");
        }
        assert_eq!(read("participants", &["connected", "alerting"], &calls(&["dialing", "alerting"])), listed(Disconnectable, "alerting"));
        let both = r#"{"participants":[{"id":"p-1","state":"queued","calls":[{"state":"connected"}]}]}"#;
        assert_eq!(read("participants", &["connected"], both), listed(Unsettled, "queued"));
    }

    #[test]
    fn names_what_is_wrong_with_a_body() {
        for (body, expected) in [
            ("null", Malformed::NoList),
            ("[]", Malformed::NoList),
            ("{}", Malformed::NoList),
            (r#"{"entities":null}"#, Malformed::NoList),
            (r#"{"entities":{"id":"p-1"}}"#, Malformed::NoList),
            (r#"{"participants":[]}"#, Malformed::NoList),
            ("", Malformed::NotJson),
            ("<!doctype html>", Malformed::NotJson),
            (r#"{"entities":[{"id":"p-1","st"#, Malformed::Incomplete),
        ] {
            assert_eq!(read("entities", &["connected"], body), Err(expected), "{body}");
        }
        let wanted = Wanted { list: "entities".to_owned(), participant_id: "p-1".to_owned(), disconnectable: Vec::new() };
        let mut body = Body::default();
        assert!(body.push(b"{\"a\":1", 8, &wanted));
        assert!(!body.push(b",\"b\":2}", 8, &wanted));
        assert_eq!(body.sighting(), Err(Malformed::TooLarge));
    }

    #[test]
    fn reads_the_platforms_error() {
        let wanted = Wanted { list: "entities".to_owned(), participant_id: "p-1".to_owned(), disconnectable: Vec::new() };
        let mut body = Body::default();
        body.push(br#"{"message":"no","code":"conflict","status":409,"details":[{"code":"x"}],"errors":[]}"#, 999, &wanted);
        assert_eq!(body.platform_error(), PlatformError { code: Some("conflict".to_owned()), message: Some("no".to_owned()) });
    }
}
