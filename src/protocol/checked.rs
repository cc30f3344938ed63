//! Checked values: what an option takes, as deserialisers for serde's `deserialize_with`.
//!
//! Each one says in `expecting` what it accepts, which is what the caller of a wrong option reads.

use percent_encoding::percent_decode_str;
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, SeqAccess, Unexpected, Visitor},
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
const STATES: &str = "a non-empty array of states";
const STATE: &str = "a state: a non-empty string";
const PURPOSES: &str = "a purpose like \"customer\", or a non-empty array of them";
const ADDRESS: &str = "an address: a non-empty string like \"+13175550142\" or \"sip:somebody@example.com\"";
const NAME: &str = "a name: a non-empty string";
const FIELD: &str = "the name of a field of a participant, with dots for depth";
const METHOD: &str = "\"POST\", \"PUT\", \"PATCH\" or \"DELETE\"";
const PATH: &str = "an absolute path like /conversations/{conversationId}/participants/{participantId}, with no other \
                    placeholders, dot segments, # or \\";
const LIST: &str =
    "the name of the list of participants in the body, with dots for depth, or \"\" where the body is the list";

#[derive(Clone, Copy)]
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

impl<'de> DeserializeSeed<'de> for Text {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
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
    Text { expecting, accepts }.deserialize(deserializer)
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
pub fn is_id(id: &str) -> bool {
    let is_dots = id == "." || id == "..";
    !id.is_empty()
        && id.trim() == id
        && !is_dots
        && id.len() <= MAX_ID_BYTES
        && id.chars().all(|char| char != '\u{FFFD}')
}

pub fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer, ID, is_id).map(Some)
}

fn is_not_empty(text: &str) -> bool {
    !text.is_empty()
}

pub fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer, ADDRESS, is_not_empty).map(Some)
}

pub fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer, NAME, is_not_empty).map(Some)
}

/// A non-empty array of texts.
struct Texts {
    expecting: &'static str,
    each: Text,
    /// A text alone counts as an array of it.
    may_be_alone: bool,
}

impl<'de> Visitor<'de> for Texts {
    type Value = Vec<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<String>, E> {
        match self.may_be_alone {
            true => Text { expecting: self.expecting, ..self.each }.visit_str(text).map(|text| vec![text]),
            false => Err(E::invalid_type(Unexpected::Str(text), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<String>, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = elements.next_element_seed(self.each)? {
            texts.push(text);
        }
        if texts.is_empty() { Err(Error::invalid_length(0, &self)) } else { Ok(texts) }
    }
}

pub fn states<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let each = Text { expecting: STATE, accepts: is_not_empty };
    deserializer.deserialize_seq(Texts { expecting: STATES, each, may_be_alone: false }).map(Some)
}

pub fn purposes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let each = Text { expecting: PURPOSES, accepts: is_not_empty };
    deserializer.deserialize_seq(Texts { expecting: PURPOSES, each, may_be_alone: true }).map(Some)
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
    text(deserializer, LIST, |list| list.is_empty() || are_names(list)).map(Cow::Owned)
}

/// The path of a field of a participant.
pub fn field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer, FIELD, are_names).map(Some)
}

/// Names with dots between them.
fn are_names(path: &str) -> bool {
    path.split('.').all(is_not_empty)
}

/// A path template: absolute, of visible ASCII, without dot segments or a fragment, and with known placeholders only.
pub fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'static, str>, D::Error> {
    text(deserializer, PATH, is_path).map(Cow::Owned)
}

fn is_path(path: &str) -> bool {
    let after_name = |part: &'_ str| match part.strip_prefix("conversationId}") {
        Some(rest) => is_plain(rest),
        None => part.strip_prefix("participantId}").is_some_and(is_plain),
    };
    let mut parts = path.split('{');
    let are_known = parts.next().is_some_and(is_plain) && parts.all(after_name);
    let route = path.split('?').next().unwrap_or_default();
    let is = |segment, dots: &str| percent_decode_str(segment).eq(dots.bytes());
    let has_dots = route.split('/').any(|segment| is(segment, ".") || is(segment, ".."));
    path.starts_with('/') && !path.starts_with("//") && are_known && !has_dots
}

/// Part of a path template beside its placeholders.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !b"}#\\".contains(&byte))
}
