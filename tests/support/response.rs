//! Typed responses from text: what src/host/body.rs does with the host's parser, by serde_json.

use disconnect_if_connected::protocol::{
    http::{Body, BodyError, Expected, Failure, Response},
    participant::{Lenient, Participant},
};
use serde_json::Value;

/// A response without headers.
#[allow(dead_code, reason = "the fuzzers look at bodies only")]
pub fn response(status: u16, body: Body) -> Response {
    Response { status, correlation_id: None, retry_after: None, body }
}

/// A body as the call expects it; `list` is where the participants are, `failure` why the text is not whole.
pub fn body(expected: Expected, list: &str, text: &str, failure: Option<Failure>) -> Body {
    if expected == Expected::Nothing {
        return Body::Unread;
    }
    if let Some(failure) = failure {
        return Body::Unusable(BodyError::Lost(failure));
    }
    match (serde_json::from_str::<Value>(text), expected) {
        (Ok(value), Expected::Participants) => {
            participants(&value, list).map_or(Body::Unusable(BodyError::NoList), Body::Participants)
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

fn participants(body: &Value, list: &str) -> Option<Vec<Participant>> {
    let mut names = list.split('.').filter(|name| !name.is_empty());
    let mut list = names.try_fold(body, |value, name| value.get(name))?.clone();
    // serde_json takes an array for a struct, the host does not.
    let entries = list.as_array_mut()?;
    entries.retain(Value::is_object);
    for calls in entries.iter_mut().filter_map(|entry| entry.get_mut("calls")?.as_array_mut()) {
        calls.retain(Value::is_object);
    }
    let entries: Vec<Lenient<Participant>> = serde_json::from_value(list).ok()?;
    Some(entries.into_iter().filter_map(|entry| entry.0).collect())
}
