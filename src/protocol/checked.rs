//! Checked values: what an option takes, as deserialisers for serde's `deserialize_with`.
//!
//! Each one says in `expecting` what it accepts, which is what the caller of a wrong option reads.

use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected, Visitor},
};
use std::{borrow::Cow, fmt};

/// Ids of the platform are UUIDs; a longer one than this is a mistake.
const MAX_ID_BYTES: usize = 512;
/// 2^53 − 1: what a JavaScript number counts exactly.
const MAX_INTEGER: f64 = 9_007_199_254_740_991.0;

pub const ID: &str =
    "an id: a non-empty string of at most 512 bytes without white space around it, not \".\" or \"..\"";
const MILLISECONDS: &str = "a number of milliseconds, 0 or more";
const POSITIVE_MILLISECONDS: &str = "a number of milliseconds above 0";
const COUNT: &str = "a whole number, 0 or more";
const BYTES: &str = "a whole number of bytes, 1 or more";
const STATE: &str = "a state: a non-empty string";
const METHOD: &str = "\"POST\", \"PUT\", \"PATCH\" or \"DELETE\"";
const PATH: &str = "an absolute path like /conversations/{conversationId}/participants/{participantId}, with no other \
                    placeholders, dot segments, # or \\";
const LIST: &str =
    "the name of the list of participants in the body, with dots for depth, or \"\" where the body is the list";

struct Text {
    expecting: &'static str,
    accepts: fn(&str) -> bool,
}

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        if (self.accepts)(text) { Ok(text.to_owned()) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
    }
}

struct Number {
    expecting: &'static str,
    accepts: fn(f64) -> bool,
}

impl Visitor<'_> for Number {
    type Value = f64;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.expecting)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<f64, E> {
        let is_accepted = (0.0..=MAX_INTEGER).contains(&number) && (self.accepts)(number);
        if is_accepted { Ok(number) } else { Err(E::invalid_value(Unexpected::Float(number), &self)) }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<f64, E> {
        self.visit_f64(number as f64)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<f64, E> {
        self.visit_f64(number as f64)
    }
}

/// A string that `accepts` takes.
pub fn text<'de, D: Deserializer<'de>>(
    deserializer: D,
    expecting: &'static str,
    accepts: fn(&str) -> bool,
) -> Result<String, D::Error> {
    deserializer.deserialize_any(Text { expecting, accepts })
}

fn number<'de, D: Deserializer<'de>>(
    deserializer: D,
    expecting: &'static str,
    accepts: fn(f64) -> bool,
) -> Result<f64, D::Error> {
    deserializer.deserialize_any(Number { expecting, accepts })
}

fn is_whole(number: f64) -> bool {
    number.fract() == 0.0
}

pub fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    number(deserializer, MILLISECONDS, |_| true).map(Some)
}

pub fn positive_milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    number(deserializer, POSITIVE_MILLISECONDS, |ms| ms > 0.0).map(Some)
}

pub fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    number(deserializer, COUNT, is_whole).map(Some)
}

pub fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    number(deserializer, BYTES, |bytes| is_whole(bytes) && bytes >= 1.0).map(Some)
}

/// An id that can stand in a path: `.` and `..` would change it, and what is not well-formed Unicode (U+FFFD where it
/// came from JavaScript) cannot be encoded.
pub fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let accepts = |id: &str| {
        let is_dots = id == "." || id == "..";
        !id.is_empty() && id.trim() == id && !is_dots && id.len() <= MAX_ID_BYTES && !id.contains('\u{FFFD}')
    };
    text(deserializer, ID, accepts).map(Some)
}

/// A state of a participant.
#[derive(Debug)]
pub struct State(pub String);

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer, STATE, |state| !state.is_empty()).map(State)
    }
}

pub fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    struct Boolean;
    impl Visitor<'_> for Boolean {
        type Value = bool;

        fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
            formatter.write_str("true or false")
        }

        fn visit_bool<E: Error>(self, boolean: bool) -> Result<bool, E> {
            Ok(boolean)
        }
    }
    deserializer.deserialize_any(Boolean).map(Some)
}

pub fn method<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'static, str>, D::Error> {
    text(deserializer, METHOD, |method| ["POST", "PUT", "PATCH", "DELETE"].contains(&method)).map(Cow::Owned)
}

/// The path of the list of participants in a body.
pub fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'static, str>, D::Error> {
    text(deserializer, LIST, |list| list.is_empty() || list.split('.').all(|name| !name.is_empty())).map(Cow::Owned)
}

/// A path template: absolute, of visible ASCII, without dot segments or a fragment, and with known placeholders only.
pub fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'static, str>, D::Error> {
    text(deserializer, PATH, is_path).map(Cow::Owned)
}

fn is_path(path: &str) -> bool {
    let bare = path.replace("{conversationId}", "").replace("{participantId}", "");
    let is_plain = bare.bytes().all(|byte| byte.is_ascii_graphic() && !b"{}#\\".contains(&byte));
    let route = path.split('?').next().unwrap_or_default();
    let is_dots = |segment: &str| [".", ".."].contains(&&*segment.replace("%2e", ".").replace("%2E", "."));
    let has_dots = route.split('/').any(is_dots);
    path.starts_with('/') && !path.starts_with("//") && is_plain && !has_dots
}
