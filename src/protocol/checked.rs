//! Checked values: one deserialiser for each kind of option, for serde's `deserialize_with`.
//!
//! The error of each ends with what it accepts (the constants below), which the message of an `INVALID_ARGUMENT` shows.
//! Most return `Some`, because the field of an option that was not given is `None`.

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, SeqAccess, Unexpected, Visitor},
};
use std::{borrow::Cow, fmt};

/// Ids of the platform are UUIDs; one longer than this is a mistake.
const MAX_ID_BYTES: usize = 512;
/// 2^53 − 1: up to this, every whole number is a JavaScript number.
const MAX_INTEGER: f64 = 9_007_199_254_740_991.0;

/// What [`id`] accepts.
pub const ID: &str =
    "an id: a non-empty string of at most 512 bytes without white space around it, not \".\" or \"..\"";
const REQUESTS: &str = "a whole number of requests, 1 or more";
const MILLISECONDS: &str = "a number of milliseconds, 0 or more";
const POSITIVE_MILLISECONDS: &str = "a number of milliseconds above 0";
const COUNT: &str = "a whole number, 0 or more";
const BYTES: &str = "a whole number of bytes, 1 or more";
const STATES: &str = "a non-empty array of states";
const STATE: &str = "a state: a non-empty string";
const PURPOSES: &str = "a purpose like \"customer\", or a non-empty array of them";
const ADDRESS: &str = "an address: a non-empty string like \"+13175550142\"";
const NAME: &str = "a name: a non-empty string";
const FIELD: &str = "the name of a field of a participant, with dots for depth";
const METHOD: &str = "\"POST\", \"PUT\", \"PATCH\" or \"DELETE\"";
const PATH: &str = "an absolute path like /conversations/{conversationId}/participants/{participantId}, with no other \
                    placeholders, dot segments, # or \\";
const LIST: &str =
    "the name of the list of participants in the body, with dots for depth, or \"\" where the body is the list";

/// The visitor of a string.
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

/// The visitor of a number that is finite and not negative.
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

/// A string for which `accepts` is true; `expecting` describes such strings in the error.
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

/// Milliseconds, 0 or more.
pub fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    number(deserializer, MILLISECONDS, |_| true).map(Some)
}

/// Milliseconds above 0.
pub fn positive_milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    number(deserializer, POSITIVE_MILLISECONDS, |ms| ms > 0.0).map(Some)
}

/// A whole number, 0 or more.
pub fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    number(deserializer, COUNT, is_whole).map(Some)
}

/// A whole number of requests, 1 or more.
pub fn requests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    number(deserializer, REQUESTS, |count| is_whole(count) && count >= 1.0).map(Some)
}

/// A whole number of bytes, 1 or more.
pub fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    number(deserializer, BYTES, |bytes| is_whole(bytes) && bytes >= 1.0).map(Some)
}

/// Whether an id can stand in a path: `.` and `..` would change the path, and text that is not well-formed Unicode
/// (which arrives from JavaScript with U+FFFD in it) cannot be encoded.
pub fn is_id(id: &str) -> bool {
    let is_dots = id == "." || id == "..";
    // A byte order mark is white space to JavaScript.
    let is_space = |char: char| char.is_whitespace() || char == '\u{FEFF}';
    !id.is_empty()
        && id.trim_matches(is_space) == id
        && !is_dots
        && id.len() <= MAX_ID_BYTES
        && id.chars().all(|char| char != '\u{FFFD}')
}

/// An [id](is_id).
pub fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer, ID, is_id).map(Some)
}

fn is_not_empty(text: &str) -> bool {
    !text.is_empty()
}

/// A non-empty address.
pub fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer, ADDRESS, is_not_empty).map(Some)
}

/// A non-empty name.
pub fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer, NAME, is_not_empty).map(Some)
}

/// The visitor of a non-empty array of strings.
struct Texts {
    expecting: &'static str,
    each: Text,
    /// A string counts as an array with this one element.
    may_be_alone: bool,
}

impl<'de> Visitor<'de> for Texts {
    type Value = Vec<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<String>, E> {
        match self.may_be_alone {
            true => self.each.visit_str(text).map(|text| vec![text]),
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

/// A non-empty array of states.
pub fn states<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let each = Text { expecting: STATE, accepts: is_not_empty };
    deserializer.deserialize_seq(Texts { expecting: STATES, each, may_be_alone: false }).map(Some)
}

/// A purpose, or a non-empty array of purposes.
pub fn purposes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let each = Text { expecting: PURPOSES, accepts: is_not_empty };
    deserializer.deserialize_seq(Texts { expecting: PURPOSES, each, may_be_alone: true }).map(Some)
}

/// `true` or `false`.
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

/// The method of a write.
pub fn method<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'static, str>, D::Error> {
    text(deserializer, METHOD, |method| ["POST", "PUT", "PATCH", "DELETE"].contains(&method)).map(Cow::Owned)
}

/// Where a body has the list of participants: names with dots between them, or empty.
pub fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'static, str>, D::Error> {
    text(deserializer, LIST, |list| list.is_empty() || are_names(list)).map(Cow::Owned)
}

/// Where a participant has a field: names with dots between them.
pub fn field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer, FIELD, are_names).map(Some)
}

/// Whether it is non-empty names with dots between them.
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
    let is_dots = |segment| after_dot(segment).is_some_and(|rest| rest.is_empty() || after_dot(rest) == Some(""));
    let has_dots = route.split('/').any(is_dots);
    path.starts_with('/') && !path.starts_with("//") && are_known && !has_dots
}

/// What follows a dot at the start, in any of the three forms that a URL parser accepts; `None` without a dot.
fn after_dot(text: &str) -> Option<&str> {
    [".", "%2e", "%2E"].iter().find_map(|dot| text.strip_prefix(dot))
}

/// Whether it can be a part of a path template outside of the placeholders.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !b"}#\\".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::fmt::Debug;

    /// Asserts that `check` returns each of `accepted` unchanged, and refuses each of `refused` with an error that ends
    /// with `expecting`.
    fn takes<T: Debug>(
        check: impl Fn(Value) -> Result<T, serde_json::Error>,
        json_of: impl Fn(T) -> Value,
        expecting: &str,
        accepted: &[Value],
        refused: &[Value],
    ) {
        for value in accepted {
            assert_eq!(check(value.clone()).map(&json_of).unwrap(), *value, "{value}");
        }
        for value in refused {
            let error = check(value.clone()).unwrap_err().to_string();
            assert!(error.ends_with(&format!("expected {expecting}")), "{value}: {error}");
        }
    }

    fn number_json(number: Option<f64>) -> Value {
        json!(number)
    }

    fn text_json(text: Option<String>) -> Value {
        json!(text)
    }

    fn cow_json(text: Cow<'static, str>) -> Value {
        json!(text)
    }

    #[test]
    fn takes_numbers_in_their_ranges() {
        let no_numbers = [json!("5"), json!(true), json!(null), json!([]), json!({})];
        let refuses = |more: &[Value]| [&no_numbers, more].concat();
        let largest = json!(MAX_INTEGER);
        let fine = [json!(0.0), json!(0.5), json!(1500.0), largest.clone()];
        takes(milliseconds, number_json, MILLISECONDS, &fine, &refuses(&[json!(-1), json!(-0.5), json!(1e300)]));
        let refused = refuses(&[json!(0), json!(-1), json!(1e300)]);
        takes(positive_milliseconds, number_json, POSITIVE_MILLISECONDS, &[json!(0.5), largest.clone()], &refused);
        let refused = refuses(&[json!(-1), json!(0.5), json!(1e300)]);
        takes(count, number_json, COUNT, &[json!(0.0), json!(3.0), largest.clone()], &refused);
        let refused = refuses(&[json!(0), json!(-1), json!(1.5), json!(1e300)]);
        takes(bytes, number_json, BYTES, &[json!(1.0), json!(8_388_608.0), largest], &refused);
        // serde_json passes whole numbers to `visit_i64` and `visit_u64`.
        assert_eq!(count(json!(3)).unwrap(), Some(3.0));
        assert!(count(json!(-3)).is_err());
        takes(
            boolean,
            |boolean| json!(boolean),
            "true or false",
            &[json!(true), json!(false)],
            &[json!(1), json!("true")],
        );
    }

    #[test]
    fn takes_texts_in_their_forms() {
        let no_texts = [json!(5), json!(true), json!(null), json!([]), json!({})];
        let refuses = |more: &[&str]| {
            let more: Vec<Value> = more.iter().map(|text| json!(text)).collect();
            [&no_texts[..], &more].concat()
        };
        let accepts = |texts: &[&str]| texts.iter().map(|text| json!(text)).collect::<Vec<Value>>();
        let (longest, too_long) = ("x".repeat(MAX_ID_BYTES), "x".repeat(MAX_ID_BYTES + 1));
        let fine = accepts(&["p", "...", "a b", "é", "{participantId}", &longest]);
        takes(
            id,
            text_json,
            ID,
            &fine,
            &refuses(&["", " p", "p ", "\t", "\u{FEFF}p", ".", "..", "a\u{FFFD}", &too_long]),
        );
        takes(address, text_json, ADDRESS, &accepts(&["+1", " "]), &refuses(&[""]));
        takes(name, text_json, NAME, &accepts(&["Ada", " "]), &refuses(&[""]));
        takes(field, text_json, FIELD, &accepts(&["id", "user.id", "a.b.c"]), &refuses(&["", ".", "a.", ".a", "a..b"]));
        takes(list, cow_json, LIST, &accepts(&["", "entities", "a.b"]), &refuses(&[".", "a.", ".a", "a..b"]));
        takes(method, cow_json, METHOD, &accepts(&["POST", "PUT", "PATCH", "DELETE"]), &refuses(&["GET", "post", ""]));
    }

    #[test]
    fn takes_paths_that_stay_where_they_are() {
        let refused = [
            "",
            "relative",
            "//evil.example",
            "/a/../b",
            "/a/.",
            "/.",
            "/a/%2e",
            "/%2E%2e/b",
            "/a#b",
            "/a\\b",
            "/a b",
            "/{userId}",
            "/{}",
            "/{",
            "/}",
            "/{conversationId",
            "/conversationId}",
            "/{conversationId}}",
            "/{{participantId}",
            "/é",
            "/{x}/{participantId}",
            "/{participantId}/{x}",
        ];
        for path in refused {
            assert!(!is_path(path), "{path}");
        }
        for path in [
            "/",
            "/a",
            "/{conversationId}",
            "/a/{conversationId}/b/{participantId}?x=..",
            "/...",
            "/a%2E",
            "/a/.{participantId}",
        ] {
            assert!(is_path(path), "{path}");
        }
        assert_eq!(path(json!("/a")).unwrap(), "/a");
        assert!(path(json!("a")).unwrap_err().to_string().ends_with(PATH));
    }

    #[test]
    fn takes_arrays_of_texts_that_are_not_empty() {
        let json_of = |texts: Option<Vec<String>>| json!(texts);
        takes(states, json_of, STATES, &[json!(["a"]), json!(["a", "b"])], &[json!([]), json!(5), json!({})]);
        takes(states, json_of, STATE, &[], &[json!(["a", ""]), json!([1]), json!([null])]);
        takes(
            purposes,
            json_of,
            PURPOSES,
            &[json!(["a"]), json!(["a", "b"])],
            &[json!([]), json!(["a", ""]), json!([1])],
        );
        // A string alone: serde_json visits no string where an array is expected, so the visitor is called directly.
        let alone = |may_be_alone| Texts {
            expecting: "it",
            each: Text { expecting: "it", accepts: is_not_empty },
            may_be_alone,
        };
        assert_eq!(alone(true).visit_str::<serde_json::Error>("a").unwrap(), ["a"]);
        assert!(alone(true).visit_str::<serde_json::Error>("").is_err());
        assert!(alone(false).visit_str::<serde_json::Error>("a").is_err());
    }
}
