//! How is text put together and searched? Plainly, byte by byte, without `format!` and std's generic joins and searchers, for the sake of
//! the package's size (docs/packaging.md).

use alloc::{borrow::ToOwned, string::String};

/// The parts one after the other.
pub fn joined(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        text.push_str(part);
    }
    text
}

/// The parts with `, ` between them.
pub fn listed<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(part);
    }
    text
}

/// What stands before and after the first `needle`.
pub fn split_at_first<'a>(haystack: &'a str, needle: &str) -> Option<(&'a str, &'a str)> {
    let at = haystack.as_bytes().windows(needle.len().max(1)).position(|window| window == needle.as_bytes())?;
    Some((haystack.get(..at)?, haystack.get(at + needle.len()..)?))
}

pub fn holds(haystack: &str, needle: &str) -> bool {
    split_at_first(haystack, needle).is_some()
}

/// No more than so many characters.
pub fn cut(text: &str, max_chars: usize) -> &str {
    let starts = text.bytes().enumerate().filter(|(_, byte)| byte & 0xC0 != 0x80);
    starts.map(|(at, _)| at).nth(max_chars).and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Without the `suffix`es at its end.
pub fn without_suffixes<'a>(mut text: &'a str, suffix: &str) -> &'a str {
    while let Some(shorter) = text.strip_suffix(suffix) {
        text = shorter;
    }
    text
}

pub fn replaced(text: &str, what: &str, by: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = split_at_first(rest, what) {
        out.push_str(before);
        out.push_str(by);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// `1500 ms`; whole milliseconds.
pub fn milliseconds(ms: f64) -> String {
    joined(&[&decimal(ms.max(0.0) as u64), " ms"])
}

pub fn decimal(number: u64) -> String {
    itoa::Buffer::new().format(number).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_and_replaces() {
        assert_eq!(split_at_first("a[b]c[b]", "[b]"), Some(("a", "c[b]")));
        assert_eq!(split_at_first("äöü", "ö"), Some(("ä", "ü")));
        assert_eq!(split_at_first("ab", "abc"), None);
        assert_eq!(split_at_first("", "a"), None);
        assert!(holds("abc", "c") && !holds("abc", "d"));
        assert_eq!(replaced("xaxxa", "x", "yz"), "yzayzyza");
        assert_eq!(replaced("", "x", "y"), "");
        assert_eq!([cut("aöß€", 2), cut("aöß€", 4), cut("aöß€", 9), cut("", 1), cut("a", 0)], ["aö", "aöß€", "aöß€", "", ""]);
        assert_eq!([without_suffixes("a..", "."), without_suffixes("..", "."), without_suffixes("a", ".")], ["a", "", "a"]);
        assert_eq!(listed(["a", "b"]), "a, b");
        assert_eq!(joined(&["a", "", "b"]), "ab");
    }
}
