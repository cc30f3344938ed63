//! What tokens does this JSON text hold? A validating scanner that is fed a body chunk by chunk and keeps none of it.
//!
//! By hand instead of serde_json, because the body is the hot path and the budget is the browser's: serde_json on the bytes
//! cost about 8 KB of brotli in a first sketch and needs the whole body in linear memory; this needs one bit per open bracket, skips what nobody
//! asked for, and cannot overflow a stack. Grammar: RFC 8259. `tests/fuzz.rs` checks it against serde_json.

use alloc::vec::Vec;

/// What the scanner found, told to whoever reads the body. `depth` counts the open containers, the new one included.
pub trait Reader {
    /// Is the key that begins in the object at `depth` worth capturing?
    fn wants_key(&self, depth: usize) -> bool;
    /// Is the string value that begins in the container at `depth` worth capturing?
    fn wants_text(&self, depth: usize) -> bool;
    /// A captured key of the object at `depth`, escapes decoded.
    fn key(&mut self, depth: usize, key: &[u8]);
    /// A captured string value in the container at `depth`, escapes decoded.
    fn text(&mut self, depth: usize, text: &[u8]);
    /// A value at `depth` that is no captured string and no container: a number, `true`, `false`, `null`, a string nobody wanted.
    fn scalar(&mut self, depth: usize);
    /// A container opened; it is now the innermost, at `depth`.
    fn open(&mut self, depth: usize, object: bool);
    /// The innermost container, at `depth`, is about to close.
    fn close(&mut self, depth: usize);
}

/// Longest captured string, in bytes; a longer one is cut there. Ids, states and codes are far shorter.
pub const MAX_CAPTURE_BYTES: usize = 1_024;

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Mode {
    /// Before the first byte of a value.
    #[default]
    Value,
    /// After `[`: a value or `]`.
    ValueOrEnd,
    /// After `{`: a key or `}`.
    KeyOrEnd,
    /// After a comma in an object.
    Key,
    Colon,
    /// After a value inside a container.
    CommaOrEnd,
    Text,
    Escape,
    /// Inside `\uXXXX`, with the number of digits still to come.
    Unicode(u8),
    Number(Number),
    /// Inside `true`, `false` or `null`: the bytes still to come.
    Literal(&'static [u8]),
    /// After the whole text; only white space may follow.
    Done,
}

/// The states of RFC 8259's number grammar, named by what was read last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Number {
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

impl Number {
    /// The next state, or `None` where the number ends before `byte`.
    fn step(self, byte: u8) -> Option<Number> {
        use Number::{Exponent, ExponentDigits, ExponentSign, Fraction, Integer, Minus, Point, Zero};
        match (self, byte) {
            (Minus, b'0') => Some(Zero),
            (Minus, b'1'..=b'9') | (Integer, b'0'..=b'9') => Some(Integer),
            (Zero | Integer, b'.') => Some(Point),
            (Point | Fraction, b'0'..=b'9') => Some(Fraction),
            (Zero | Integer | Fraction, b'e' | b'E') => Some(Exponent),
            (Exponent, b'+' | b'-') => Some(ExponentSign),
            (Exponent | ExponentSign | ExponentDigits, b'0'..=b'9') => Some(ExponentDigits),
            _ => None,
        }
    }

    fn may_end(self) -> bool {
        matches!(self, Number::Zero | Number::Integer | Number::Fraction | Number::ExponentDigits)
    }
}

/// How many bytes of a string stand for themselves: up to a quote, a backslash or a control character. Eight at a time, because most of a
/// large body is the inside of strings.
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 128;
    /// Has a byte of `word` its highest bit unset and is below `limit`? Also where a lower byte is; so a hit is looked at byte by byte.
    const fn below(word: u64, limit: u64) -> u64 {
        word.wrapping_sub(ONES * limit) & !word & HIGH
    }
    let (words, _) = bytes.as_chunks::<8>();
    let is_plain = |word: &&[u8; 8]| {
        let word = u64::from_le_bytes(**word);
        let quote = below(word ^ (ONES * b'"' as u64), 1);
        let backslash = below(word ^ (ONES * b'\\' as u64), 1);
        quote | backslash | below(word, b' ' as u64) == 0
    };
    let skipped = 8 * words.iter().take_while(is_plain).count();
    let rest = bytes.get(skipped..).unwrap_or_default();
    skipped + rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ').unwrap_or(rest.len())
}

/// The text is not JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotJson;

/// The scanner's state between two chunks.
#[derive(Clone, Default, Debug)]
pub struct Scanner {
    mode: Mode,
    /// One bit for each open container, 1 = object, the innermost last.
    containers: Vec<u64>,
    depth: usize,
    text_is_key: bool,
    capturing: bool,
    captured: Vec<u8>,
    /// The code unit that `\uXXXX` is spelling, and a high surrogate that waits for its low one.
    unit: u16,
    high_surrogate: u16,
    /// Bytes read so far, up to 3: a byte order mark is skipped as `Response.json()` does.
    prefix: u8,
}

const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

impl Scanner {
    /// Back to the start of a text; buffers are kept.
    pub fn reset(&mut self) {
        self.containers.clear();
        self.captured.clear();
        self.mode = Mode::Value;
        self.depth = 0;
        self.capturing = false;
        self.high_surrogate = 0;
        self.prefix = 0;
    }

    /// Was the text whole?
    pub fn is_done(&self) -> bool {
        self.mode == Mode::Done || (self.depth == 0 && matches!(self.mode, Mode::Number(number) if number.may_end()))
    }

    /// Has nothing but white space come?
    pub fn is_empty(&self) -> bool {
        self.depth == 0 && self.mode == Mode::Value
    }

    /// Reads the next chunk of the text.
    pub fn push<R: Reader>(&mut self, chunk: &[u8], reader: &mut R) -> Result<(), NotJson> {
        let mut rest = chunk;
        while let Some((&byte, tail)) = rest.split_first() {
            if self.prefix < 3 {
                if BYTE_ORDER_MARK.get(usize::from(self.prefix)) == Some(&byte) {
                    self.prefix += 1;
                    rest = tail;
                    continue;
                }
                if self.prefix != 0 {
                    return Err(NotJson);
                }
                self.prefix = 3;
            }
            match self.mode {
                Mode::Text => {
                    rest = self.text(rest, reader)?;
                    continue;
                }
                Mode::Number(number) => {
                    match number.step(byte) {
                        Some(next) => self.mode = Mode::Number(next),
                        None if number.may_end() => {
                            self.scalar_ended(reader);
                            continue; // this byte belongs to what follows
                        }
                        None => return Err(NotJson),
                    }
                }
                Mode::Literal(expected) => match expected.split_first() {
                    Some((&first, remaining)) if first == byte => {
                        if remaining.is_empty() {
                            self.scalar_ended(reader);
                        } else {
                            self.mode = Mode::Literal(remaining);
                        }
                    }
                    _ => return Err(NotJson),
                },
                Mode::Escape => self.escape(byte)?,
                Mode::Unicode(left) => self.unicode(byte, left)?,
                _ if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') => {}
                Mode::Value => self.value(byte, reader)?,
                Mode::ValueOrEnd if byte == b']' => self.close(reader)?,
                Mode::ValueOrEnd => self.value(byte, reader)?,
                Mode::KeyOrEnd if byte == b'}' => self.close(reader)?,
                Mode::KeyOrEnd | Mode::Key if byte == b'"' => self.begin_text(true, reader.wants_key(self.depth)),
                Mode::Colon if byte == b':' => self.mode = Mode::Value,
                Mode::CommaOrEnd => match (byte, self.in_object()) {
                    (b',', true) => self.mode = Mode::Key,
                    (b',', false) => self.mode = Mode::Value,
                    (b'}', true) | (b']', false) => self.close(reader)?,
                    _ => return Err(NotJson),
                },
                Mode::KeyOrEnd | Mode::Key | Mode::Colon | Mode::Done => return Err(NotJson),
            }
            rest = tail;
        }
        Ok(())
    }

    fn in_object(&self) -> bool {
        let top = self.depth.wrapping_sub(1);
        self.containers.get(top / 64).is_some_and(|word| word >> (top % 64) & 1 == 1)
    }

    fn value<R: Reader>(&mut self, byte: u8, reader: &mut R) -> Result<(), NotJson> {
        match byte {
            b'"' => self.begin_text(false, reader.wants_text(self.depth)),
            b'{' => self.open(true, reader),
            b'[' => self.open(false, reader),
            b'-' => self.mode = Mode::Number(Number::Minus),
            b'0' => self.mode = Mode::Number(Number::Zero),
            b'1'..=b'9' => self.mode = Mode::Number(Number::Integer),
            b't' => self.mode = Mode::Literal(b"rue"),
            b'f' => self.mode = Mode::Literal(b"alse"),
            b'n' => self.mode = Mode::Literal(b"ull"),
            _ => return Err(NotJson),
        }
        Ok(())
    }

    fn open<R: Reader>(&mut self, object: bool, reader: &mut R) {
        let (word, bit) = (self.depth / 64, self.depth % 64);
        if word == self.containers.len() {
            self.containers.push(0);
        }
        if let Some(bits) = self.containers.get_mut(word) {
            *bits = *bits & !(1 << bit) | u64::from(object) << bit;
        }
        self.depth += 1;
        self.mode = if object { Mode::KeyOrEnd } else { Mode::ValueOrEnd };
        reader.open(self.depth, object);
    }

    fn close<R: Reader>(&mut self, reader: &mut R) -> Result<(), NotJson> {
        reader.close(self.depth);
        self.depth = self.depth.checked_sub(1).ok_or(NotJson)?;
        self.value_ended();
        Ok(())
    }

    fn value_ended(&mut self) {
        self.mode = if self.depth == 0 { Mode::Done } else { Mode::CommaOrEnd };
    }

    fn scalar_ended<R: Reader>(&mut self, reader: &mut R) {
        reader.scalar(self.depth);
        self.value_ended();
    }

    fn begin_text(&mut self, is_key: bool, wanted: bool) {
        self.text_is_key = is_key;
        self.capturing = wanted;
        self.captured.clear();
        self.high_surrogate = 0;
        self.mode = Mode::Text;
    }

    /// Reads string bytes up to the closing quote, an escape or the end of the chunk; returns what is left of the chunk.
    fn text<'a, R: Reader>(&mut self, bytes: &'a [u8], reader: &mut R) -> Result<&'a [u8], NotJson> {
        let plain = plain_run(bytes);
        let (run, rest) = bytes.split_at_checked(plain).ok_or(NotJson)?;
        if !run.is_empty() {
            self.flush_surrogate();
            self.capture(run);
        }
        let Some((&byte, tail)) = rest.split_first() else { return Ok(rest) };
        match byte {
            b'\\' => self.mode = Mode::Escape,
            b'"' => {
                self.flush_surrogate();
                if self.text_is_key {
                    self.mode = Mode::Colon;
                    if self.capturing {
                        reader.key(self.depth, &self.captured);
                    }
                } else {
                    self.value_ended();
                    if self.capturing {
                        reader.text(self.depth, &self.captured);
                    } else {
                        reader.scalar(self.depth);
                    }
                }
            }
            _ => return Err(NotJson), // a control character
        }
        Ok(tail)
    }

    fn escape(&mut self, byte: u8) -> Result<(), NotJson> {
        self.mode = Mode::Text;
        let decoded = match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                self.unit = 0;
                self.mode = Mode::Unicode(4);
                return Ok(());
            }
            _ => return Err(NotJson),
        };
        self.flush_surrogate();
        self.capture(&[decoded]);
        Ok(())
    }

    fn unicode(&mut self, byte: u8, left: u8) -> Result<(), NotJson> {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return Err(NotJson),
        };
        self.unit = self.unit << 4 | u16::from(digit);
        if left > 1 {
            self.mode = Mode::Unicode(left - 1);
            return Ok(());
        }
        self.mode = Mode::Text;
        match self.unit {
            0xD800..=0xDBFF => {
                self.flush_surrogate();
                self.high_surrogate = self.unit;
            }
            0xDC00..=0xDFFF if self.high_surrogate != 0 => {
                let high = u32::from(self.high_surrogate) - 0xD800;
                self.high_surrogate = 0;
                self.capture_char(0x1_0000 + (high << 10) + u32::from(self.unit) - 0xDC00);
            }
            unit => {
                self.flush_surrogate();
                self.capture_char(u32::from(unit));
            }
        }
        Ok(())
    }

    /// A high surrogate that found no low one stands for nothing: U+FFFD, as a UTF-8 decoder would put it.
    fn flush_surrogate(&mut self) {
        if self.high_surrogate != 0 {
            self.high_surrogate = 0;
            self.capture_char(0xFFFD);
        }
    }

    fn capture_char(&mut self, code_point: u32) {
        let character = char::from_u32(code_point).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.capture(character.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn capture(&mut self, bytes: &[u8]) {
        if self.capturing {
            let room = MAX_CAPTURE_BYTES.saturating_sub(self.captured.len()).min(bytes.len());
            self.captured.extend_from_slice(bytes.get(..room).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes down every token.
    struct Log(String);

    impl Reader for Log {
        fn wants_key(&self, _: usize) -> bool {
            true
        }
        fn wants_text(&self, _: usize) -> bool {
            true
        }
        fn key(&mut self, _: usize, key: &[u8]) {
            self.0 += &format!("{}:", String::from_utf8_lossy(key));
        }
        fn text(&mut self, _: usize, text: &[u8]) {
            self.0 += &format!("'{}' ", String::from_utf8_lossy(text));
        }
        fn scalar(&mut self, depth: usize) {
            self.0 += &format!("#{depth} ");
        }
        fn open(&mut self, _: usize, object: bool) {
            self.0.push(if object { '{' } else { '[' });
        }
        fn close(&mut self, depth: usize) {
            self.0 += &format!("/{depth} ");
        }
    }

    /// The tokens of `text` read whole; the same read byte by byte has to agree.
    fn tokens(text: &str) -> Option<String> {
        let read = |chunk_bytes: usize| {
            let (mut scanner, mut log) = (Scanner::default(), Log(String::new()));
            for chunk in text.as_bytes().chunks(chunk_bytes) {
                scanner.push(chunk, &mut log).ok()?;
            }
            scanner.is_done().then_some(log.0)
        };
        let whole = read(usize::MAX);
        assert_eq!(whole, read(1), "{text}");
        whole
    }

    #[test]
    fn reads_what_is_json() {
        for (text, expected) in [
            (r#"{"a":[1,-0.5e+3,true,false,null,"x"]}"#, "{a:[#2 #2 #2 #2 #2 'x' /2 /1 "),
            (r#" { } "#, "{/1 "),
            ("[]", "[/1 "),
            ("0", ""),
            ("-12", ""),
            (r#""\u0041\n\"\\\/\ud83d\ude00""#, "'A\n\"\\/😀' "),
            (r#"["\ud83d","\ud83dx","\ude00"]"#, "['\u{FFFD}' '\u{FFFD}x' '\u{FFFD}' /1 "),
            (r#"["\f\r\t\b","\u00C9\u00e9\uABCD\uEFaf"]"#, "['\u{c}\r\t\u{8}' 'Éé\u{ABCD}\u{EFAF}' /1 "),
            ("\u{FEFF}[0]", "[#1 /1 "),
        ] {
            let found = tokens(text);
            assert!(found.is_some(), "{text}");
            if !expected.is_empty() {
                assert_eq!(found.as_deref(), Some(expected), "{text}");
            }
        }
    }

    #[test]
    fn refuses_what_is_not_json() {
        for text in [
            "{a\":1}",
            "{\"b\":1,a\":1}",
            "[1.]",
            "[-]",
            "[1e]",
            "[1e+]",
            "{\"a\" 1}",
            "{\"a\";1}",
            "{\"a\"\"b\"}",
            "[\"a\":1]",
            "[1;2]",
            "{\"a\":1;\"b\":2}",
            "\u{FEFF}\u{EFEF}1",
            "",
            " ",
            "{",
            "[",
            "]",
            "}",
            "[1,]",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            "{a:1}",
            "[1 2]",
            "01",
            "1.",
            "-",
            "1e",
            "1e+",
            ".5",
            "+1",
            "tru",
            "nul",
            "truE",
            "<html>",
            "'x'",
            "\"\n\"",
            r#""\x""#,
            r#""\u12g4""#,
            r#"""#,
            "1 1",
            "{} {}",
            "[}",
            "{]",
            "NaN",
            "\u{FEFF}\u{FEFF}1",
        ] {
            assert_eq!(tokens(text), None, "{text:?}");
        }
    }

    #[test]
    fn nests_as_deep_as_the_body_is_long() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let mut scanner = Scanner::default();
        struct Nobody;
        impl Reader for Nobody {
            fn wants_key(&self, _: usize) -> bool {
                false
            }
            fn wants_text(&self, _: usize) -> bool {
                false
            }
            fn key(&mut self, _: usize, _: &[u8]) {}
            fn text(&mut self, _: usize, _: &[u8]) {}
            fn scalar(&mut self, _: usize) {}
            fn open(&mut self, _: usize, _: bool) {}
            fn close(&mut self, _: usize) {}
        }
        assert_eq!(scanner.push(deep.as_bytes(), &mut Nobody), Ok(()));
        assert!(scanner.is_done());
    }
}
