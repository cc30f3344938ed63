//! Fuzzing: no input makes the protocol panic, and a body is read as by an independent implementation.
//!
//! `npm test` runs each target for a second, `npm run fuzz` for ten minutes; `cargo bolero test` runs them with
//! libFuzzer. `tests/corpus/` has bodies of earlier findings. `tests/js/bodies.test.mjs` fuzzes the whole path in Node,
//! from the bytes of a response on.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/response.rs"]
mod response;

use disconnect_if_connected::protocol::{
    dialect::Ids,
    http::{Body, BodyError, Expected, RetryAfter},
    schedule,
    target::{Kind, Listed, Seen, Target},
};
use response::body;
use serde_json::Value;

/// The kind and the state of the participant `p-1`; `None` where it is not listed.
type State = Option<(Kind, Option<String>)>;

/// The participant `p-1` in a body, by the protocol.
fn read(bytes: &[u8]) -> Result<State, BodyError> {
    match body(Expected::Participants { described: false }, "entities", &String::from_utf8_lossy(bytes), None) {
        Body::Participants(participants) => match Target::new("p-1").seen_in(&participants) {
            Seen::NotListed => Ok(None),
            Seen::Listed(Listed { kind, state, .. }) => Ok(Some((kind, state))),
            Seen::Ambiguous(several) => panic!("one id, {several:?}"),
        },
        Body::Unusable(error) => Err(error),
        other => panic!("{other:?}"),
    }
}

/// The expected result, computed in another way from untyped JSON.
fn reference(body: &Value) -> Result<State, BodyError> {
    let listed = |state: Option<&str>| {
        let kind = match state {
            Some("connected") => Kind::Disconnectable,
            Some("disconnected" | "terminated") => Kind::Gone,
            _ => Kind::Unsettled,
        };
        Some((kind, state.map(str::to_owned)))
    };
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let greatest = |states: Vec<State>| {
        let first = |kind| states.iter().flatten().find(|(one, _)| *one == kind);
        [Kind::Disconnectable, Kind::Unsettled, Kind::Gone].into_iter().find_map(first).cloned()
    };
    let list = body.get("entities").and_then(Value::as_array).ok_or(BodyError::NoList)?;
    let targets = list.iter().filter(|entry| entry.is_object() && text(entry, "id").as_deref() == Some("p-1"));
    let state_of = |entry: &Value| {
        let calls = entry.get("calls").and_then(Value::as_array).into_iter().flatten().filter(|call| call.is_object());
        let calls: Vec<_> = calls.map(|call| listed(text(call, "state").as_deref())).collect();
        match text(entry, "state") {
            None if !calls.is_empty() => greatest(calls),
            own => listed(own.as_deref()),
        }
    };
    Ok(greatest(targets.map(state_of).collect()))
}

/// Asserts that both results are the same.
fn agrees(bytes: &[u8]) {
    let shown = || String::from_utf8_lossy(bytes).into_owned();
    match serde_json::from_str::<Value>(&String::from_utf8_lossy(bytes)) {
        Ok(value) => assert_eq!(read(bytes), reference(&value), "{}", shown()),
        Err(_) => {
            let error = read(bytes).expect_err("no JSON");
            assert!(
                matches!(error, BodyError::Empty | BodyError::Incomplete | BodyError::NotJson | BodyError::Html),
                "{error:?}: {}",
                shown()
            );
        }
    }
}

/// Writes JSON similar to that of the platform; random bytes are its decisions. Some of it is broken on purpose.
struct Writer<'a> {
    decisions: std::slice::Iter<'a, u8>,
    text: String,
}

impl Writer<'_> {
    /// The next decision, below `among`; 0 where the bytes are used up.
    fn decide(&mut self, among: u8) -> u8 {
        self.decisions.next().map_or(0, |byte| byte % among)
    }

    fn string(&mut self) {
        const TEXTS: [&str; 16] = [
            "entities",
            "id",
            "state",
            "calls",
            "code",
            "message",
            "p-1",
            "connected",
            "terminated",
            "disconnected",
            "queued",
            "",
            "é😀",
            r"p\u002d1",
            r#"\"\\\/\b\n"#,
            r"\ud83d\ude00",
        ];
        let text = TEXTS[usize::from(self.decide(16))];
        self.text.push('"');
        self.text.push_str(text);
        self.text.push('"');
    }

    fn value(&mut self, depth: u8) {
        let choices = if depth > 6 { 5 } else { 9 };
        match self.decide(choices) {
            0 => self.text.push_str("null"),
            1 => {
                let scalar = ["true", "false", "0", "-1.5e3", "12"][usize::from(self.decide(5))];
                self.text.push_str(scalar);
            }
            2..=4 => self.string(),
            5 | 6 => self.container('[', ']', depth, |writer| writer.value(depth + 1)),
            _ => self.container('{', '}', depth, |writer| {
                writer.string();
                writer.text.push(':');
                writer.value(depth + 1);
            }),
        }
        if self.decide(64) == 63 {
            let stray = [",", "}", "]", "\"", "\u{1}", " \n\t"][usize::from(self.decide(6))];
            self.text.push_str(stray);
        }
    }

    fn container(&mut self, open: char, close: char, depth: u8, mut element: impl FnMut(&mut Self)) {
        self.text.push(open);
        let elements = self.decide(if depth > 3 { 3 } else { 5 });
        for index in 0..elements {
            if index > 0 {
                self.text.push(',');
            }
            element(self);
        }
        self.text.push(close);
    }
}

#[test]
fn any_bytes_as_a_body() {
    bolero::check!().with_type::<Vec<u8>>().for_each(|bytes| agrees(bytes));
}

#[test]
fn json_similar_to_that_of_the_platform() {
    bolero::check!().with_type::<Vec<u8>>().with_max_len(2_048).for_each(|decisions| {
        let mut writer = Writer { decisions: decisions.iter(), text: String::new() };
        // Mostly the right outer structure, so that the fields inside are reached.
        match writer.decide(4) {
            0 => writer.value(0),
            _ => {
                writer.text.push_str(r#"{"entities":["#);
                for index in 0..writer.decide(4) {
                    if index > 0 {
                        writer.text.push(',');
                    }
                    writer.text.push_str(r#"{"id":"p-1","#);
                    for _ in 0..writer.decide(3) {
                        writer.string();
                        writer.text.push(':');
                        writer.value(3);
                        writer.text.push(',');
                    }
                    writer.text.push_str(r#""calls":"#);
                    writer.value(3);
                    writer.text.push('}');
                }
                writer.text.push_str("]}");
            }
        }
        agrees(writer.text.as_bytes());
    });
}

#[test]
fn ids_in_templates_come_out_as_they_went_in() {
    bolero::check!().with_type::<(String, String)>().for_each(|(conversation_id, participant_id)| {
        let ids = Ids { conversation_id, participant_id, user_id: "u" };
        let path = ids.in_path("/a/{conversationId}/{participantId}?x={userId}");
        assert!(path.bytes().all(|byte| byte.is_ascii_graphic()), "{path}");
        assert_eq!(path.matches('/').count(), 3, "an id left its segment: {path}");
        assert_eq!(path.matches('?').count(), 1, "{path}");
        assert!(!path.contains('#') && !path.contains('\\'), "{path}");
        let body: Value =
            serde_json::from_str(&ids.in_body(r#"{"p":"{participantId}","c":["x{conversationId}"]}"#)).expect("JSON");
        assert_eq!(body["p"], participant_id.as_str());
        assert_eq!(body["c"][0], format!("x{conversation_id}"));
    });
}

#[test]
fn any_template_and_any_retry_after() {
    bolero::check!().with_type::<(String, u32)>().for_each(|(text, now)| {
        let ids = Ids { conversation_id: "{participantId}", participant_id: "{", user_id: "}" };
        ids.in_path(text);
        ids.in_body(text);
        let header = RetryAfter { value: text.clone(), date_ms: None, sent_ms: None, received_ms: f64::from(*now) };
        for wait in [schedule::retry_after_ms(&header), schedule::retry_in_message_ms(text)].into_iter().flatten() {
            assert!(wait >= 0.0, "{wait}");
        }
    });
}

/// Bodies of earlier findings, each in its own file.
#[test]
fn the_corpus() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let files: Vec<_> =
        std::fs::read_dir(folder).expect("tests/corpus").map(|file| file.expect("a file").path()).collect();
    assert!(files.len() > 10);
    for file in files {
        let bytes = std::fs::read(&file).expect("readable");
        agrees(&bytes);
    }
}
