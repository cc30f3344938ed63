//! Typed responses from text: what `src/host/body.rs` does with the host's parser, here by serde_json.

use disconnect_if_connected::protocol::{
    dialect::Fields,
    http::{Body, BodyError, Expected, Failure, Response},
    participant::Participant,
};
use serde_json::Value;

/// A response without headers.
#[allow(dead_code, reason = "the fuzzers need bodies only")]
pub fn response(status: u16, body: Body) -> Response {
    Response { status, correlation_id: None, retry_after: None, body }
}

/// A body as the call expects it. `list` is where the participants are; `failure` is why the text is not whole.
pub fn body(expected: Expected, list: &str, text: &str, failure: Option<Failure>) -> Body {
    if expected == Expected::Nothing {
        return Body::Unread;
    }
    if let Some(failure) = failure {
        return Body::Unusable(BodyError::Lost(failure));
    }
    match (serde_json::from_str::<Value>(text), expected) {
        (Ok(value), Expected::Participants { described }) => {
            participants(&value, list, described).map_or(Body::Unusable(BodyError::NoList), Body::Participants)
        }
        (Ok(value), _) => Body::Error(serde_json::from_value(value).unwrap_or_default()),
        (Err(_), _) => Body::Unusable(match text.trim_start().chars().next() {
            None => BodyError::Empty,
            Some('<') => BodyError::Html,
            Some('{' | '[') => BodyError::Incomplete,
            Some(_) => BodyError::NotJson,
        }),
    }
}

/// The participants of a body; `None` where it has no list.
fn participants(body: &Value, list: &str, described: bool) -> Option<Vec<Participant>> {
    let participant = |entry: &Value| {
        let mut object = entry.as_object()?.clone();
        // serde_json accepts an array as a struct, the host does not.
        if let Some(calls) = object.get_mut("calls").and_then(Value::as_array_mut) {
            calls.retain(Value::is_object);
        }
        let mut participant: Participant = serde_json::from_value(Value::Object(object)).ok()?;
        Fields::default().fill(&mut participant, described, |path| Some(at(entry, path)?.as_str()?.to_owned()));
        Some(participant)
    };
    Some(at(body, list)?.as_array()?.iter().filter_map(participant).collect())
}

/// The value at a path of names with dots between them; the value itself where the path is empty.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').filter(|name| !name.is_empty()).try_fold(value, |value, name| value.get(name))
}
