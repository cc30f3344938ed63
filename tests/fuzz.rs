//! Fuzzing: whatever bytes come, nothing panics, memory stays bounded, and the body parser says what serde_json's full parse says.
//!
//! `npm test` runs each target for a moment; `npm run fuzz` for ten minutes each; `cargo bolero test` drives them with libFuzzer. The
//! bodies that once mattered stand in `tests/corpus/`.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test says by panicking that it fails")]

use disconnect_if_connected::protocol::{
    backoff,
    dialect::Ids,
    participant::{Body, Kind, Malformed, Sighting, Wanted},
};
use serde_json::Value;

fn wanted() -> Wanted {
    Wanted { list: "entities".to_owned(), participant_id: "p-1".to_owned(), disconnectable: vec!["connected".to_owned()] }
}

/// The same question, answered from serde_json's full parse.
fn reference(body: &Value) -> Result<Sighting, Malformed> {
    let kind = |state: Option<String>| Sighting::Listed(Kind::of(state.as_deref(), &["connected".to_owned()]), state);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let weight = |sighting: &Sighting| match sighting {
        Sighting::Listed(Kind::Disconnectable, _) => 3,
        Sighting::Listed(Kind::Unsettled, _) => 2,
        Sighting::Listed(Kind::Gone, _) => 1,
        Sighting::NotListed => 0,
    };
    let first_heaviest = |found: Sighting, next: Sighting| if weight(&next) > weight(&found) { next } else { found };
    let list = body.get("entities").and_then(Value::as_array).ok_or(Malformed::NoList)?;
    let targets = list.iter().filter(|participant| participant.get("id").and_then(Value::as_str) == Some("p-1"));
    Ok(targets
        .map(|participant| {
            let calls = participant.get("calls").and_then(Value::as_array).map(|calls| calls.iter().filter(|call| call.is_object()));
            match (text(participant.get("state")), calls) {
                (None, Some(calls)) => {
                    let seen = calls.map(|call| kind(text(call.get("state")))).fold(Sighting::NotListed, first_heaviest);
                    if seen == Sighting::NotListed { kind(None) } else { seen }
                }
                (state, _) => kind(state),
            }
        })
        .fold(Sighting::NotListed, first_heaviest))
}

fn parsed(bytes: &[u8], chunk_bytes: usize) -> (Result<Sighting, Malformed>, Option<String>, Option<String>) {
    let (mut body, wanted) = (Body::default(), wanted());
    for chunk in bytes.chunks(chunk_bytes.max(1)) {
        if !body.push(chunk, usize::MAX, &wanted) {
            break;
        }
    }
    let error = body.platform_error();
    (body.sighting(), error.code, error.message)
}

/// What serde_json refuses and JSON (RFC 8259) or its decoding in a browser does not.
fn is_stricter(error: &serde_json::Error, bytes: &[u8]) -> bool {
    let message = error.to_string();
    std::str::from_utf8(bytes).is_err()
        || bytes.starts_with(&[0xEF, 0xBB, 0xBF])
        || ["recursion limit", "number out of range", "surrogate", "hex escape", "unicode code point"]
            .iter()
            .any(|known| message.contains(known))
}

fn agrees(bytes: &[u8], chunk_bytes: usize) {
    let (sighting, code, message) = parsed(bytes, chunk_bytes);
    assert_eq!(parsed(bytes, usize::MAX), (sighting.clone(), code.clone(), message.clone()), "chunks make a difference");
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => {
            assert_eq!(sighting, reference(&value), "{}", String::from_utf8_lossy(bytes));
            let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
            assert_eq!((code, message), (text("code"), text("message")), "{}", String::from_utf8_lossy(bytes));
        }
        Err(error) => {
            let is_json = matches!(sighting, Ok(_) | Err(Malformed::NoList));
            assert!(!is_json || is_stricter(&error, bytes), "{error}: {}", String::from_utf8_lossy(bytes));
        }
    }
}

/// Reads bytes as decisions and writes JSON near what the platform sends; one in many is broken on purpose.
struct Writer<'a> {
    decisions: std::slice::Iter<'a, u8>,
    text: String,
}

impl Writer<'_> {
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
    bolero::check!().with_type::<(u8, Vec<u8>)>().for_each(|(chunk_bytes, bytes)| agrees(bytes, usize::from(*chunk_bytes)));
}

#[test]
fn json_near_what_the_platform_sends() {
    bolero::check!().with_type::<(u8, Vec<u8>)>().with_max_len(2_048).for_each(|(chunk_bytes, decisions)| {
        let mut writer = Writer { decisions: decisions.iter(), text: String::new() };
        // Mostly the right frame, so that the fields inside are reached.
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
        agrees(writer.text.as_bytes(), usize::from(*chunk_bytes));
    });
}

#[test]
fn memory_is_bounded_by_the_depth_not_by_the_length() {
    bolero::check!().with_type::<(u8, u8)>().with_iterations(64).for_each(|(byte, lead)| {
        let (mut body, wanted) = (Body::default(), wanted());
        body.push(&[*lead], usize::MAX, &wanted);
        let chunk = [*byte; 4_096];
        for _ in 0..64 {
            if !body.push(&chunk, usize::MAX, &wanted) {
                return;
            }
        }
        // One bit an open bracket, a capture of at most 1 KiB: nothing else is kept of 256 KiB.
        assert!(format!("{body:?}").len() < 256 * 1_024);
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
        let body: Value = serde_json::from_str(&ids.in_body(r#"{"p":"{participantId}","c":["x{conversationId}"]}"#)).expect("JSON");
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
        for wait in [backoff::retry_after_ms(text, f64::NAN, f64::from(*now)), backoff::retry_in_message_ms(text)].into_iter().flatten() {
            assert!(wait >= 0.0, "{wait}");
        }
    });
}

/// Bodies that once mattered, one a file: found by the fuzzers above, or read in the field.
#[test]
fn the_corpus() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let files: Vec<_> = std::fs::read_dir(folder).expect("tests/corpus").map(|file| file.expect("a file").path()).collect();
    assert!(files.len() > 10);
    for file in files {
        let bytes = std::fs::read(&file).expect("readable");
        for chunk_bytes in [1, 2, 3, 7, 64] {
            agrees(&bytes, chunk_bytes);
        }
    }
}
