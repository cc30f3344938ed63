//! Response bodies: bytes up to a limit, decoded and parsed by the host, then deserialised.

use super::{
    foreign,
    value::{self, Access, Value},
};
use crate::protocol::{
    dialect::{Fields, Read},
    http::{Body, BodyError, Expected, PlatformError},
    participant::Participant,
};
use js_sys::{Array, ArrayBuffer, JsString, Uint8Array};
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// A response, like the types after it typed by its members, with `catch`: a fetch of another realm or library
    /// returns objects of other classes, whose members may throw.
    pub type AnyResponse;
    #[wasm_bindgen(method, getter, catch)]
    pub fn status(this: &AnyResponse) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    pub fn headers(this: &AnyResponse) -> Result<AnyHeaders, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    fn body(this: &AnyResponse) -> Result<AnyStream, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn text(this: &AnyResponse) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn json(this: &AnyResponse) -> Result<JsValue, JsValue>;

    pub type AnyHeaders;
    #[wasm_bindgen(method, catch)]
    pub fn get(this: &AnyHeaders, name: &JsValue) -> Result<JsValue, JsValue>;

    type AnyStream;
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &AnyStream) -> Result<AnyReader, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn cancel(this: &AnyStream) -> Result<JsValue, JsValue>;

    type AnyReader;
    #[wasm_bindgen(method, catch)]
    fn read(this: &AnyReader) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = cancel)]
    fn cancel_reader(this: &AnyReader) -> Result<JsValue, JsValue>;

    type AnyChunk;
    #[wasm_bindgen(method, getter, catch)]
    fn done(this: &AnyChunk) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    fn value(this: &AnyChunk) -> Result<JsValue, JsValue>;

    /// A view of bytes, by the members that may throw: its class may be faked, its buffer shared, detached or resized.
    type AnyBytes;
    #[wasm_bindgen(method, getter, catch, js_name = byteLength)]
    fn byte_length(this: &AnyBytes) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = Uint8Array, js_name = from, catch)]
    fn copied(bytes: &AnyBytes) -> Result<AnyBytes, JsValue>;
    type Whole;
    #[wasm_bindgen(method, catch)]
    fn set(this: &Whole, bytes: &AnyBytes, offset: u32) -> Result<(), JsValue>;

    /// The host's decoder. web-sys's `decode` copies the text into linear memory; here it stays a JavaScript string for
    /// `JSON.parse`.
    type TextDecoder;
    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<TextDecoder, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn decode(this: &TextDecoder, bytes: &AnyBytes) -> Result<JsString, JsValue>;

    /// `JSON.parse`; that of js-sys takes a `&str`, which would copy the text.
    #[wasm_bindgen(js_namespace = JSON, js_name = parse, catch)]
    fn parse_json(text: &JsString) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = JSON, js_name = stringify, catch)]
    fn to_json(value: &JsValue) -> Result<JsValue, JsValue>;
}

/// Reads the body of a response, as far as it is expected; `read` describes where the participants are. The error is
/// the host's error for a body that broke off.
pub async fn read(response: &AnyResponse, expected: Expected, read: &Read, max_bytes: f64) -> Result<Body, JsValue> {
    // `null` where there is no body: calling a method of it would throw, and exceptions are slow.
    let stream = response.body().ok().filter(|stream| stream.is_object());
    if expected == Expected::Nothing {
        // An unread body would keep its connection busy.
        if let Ok(cancelled) = stream.map_or(Err(JsValue::UNDEFINED), |stream| stream.cancel()) {
            foreign::ignore(&cancelled);
        }
        return Ok(Body::Unread);
    }
    let Some(text) = text(response, stream, max_bytes).await? else {
        return Ok(Body::Unusable(BodyError::TooLarge));
    };
    Ok(match (json(&text), expected) {
        (Ok(value), Expected::Participants { described }) => {
            participants(&value, read, described).map_or(Body::Unusable(BodyError::NoList), Body::Participants)
        }
        (Ok(value), _) => Body::Error(from_value::<PlatformError>(value).unwrap_or_default()),
        (Err(error), _) => Body::Unusable(error),
    })
}

/// Parses a body. Text that cannot be JSON by its first character is not parsed: each exception that wasm-bindgen's
/// glue catches occupies a slot in its table of JavaScript values.
fn json(text: &JsString) -> Result<JsValue, BodyError> {
    const OPENING: [char; 2] = ['{', '['];
    let first = text.trim_start().char_at(0).as_string().and_then(|first| first.chars().next());
    match first {
        None => Err(BodyError::Empty),
        Some('<') => Err(BodyError::Html),
        Some(first) => parse_json(text).map_err(|_| match OPENING.contains(&first) {
            true => BodyError::Incomplete,
            false => BodyError::NotJson,
        }),
    }
}

/// The text of a body; `None` where it is larger than `max_bytes`.
async fn text(response: &AnyResponse, stream: Option<AnyStream>, max_bytes: f64) -> Result<Option<JsString>, JsValue> {
    let text = match stream.map_or(Err(JsValue::UNDEFINED), |stream| stream.get_reader()) {
        Ok(reader) => match bytes(&reader, max_bytes).await? {
            Some(bytes) => TextDecoder::new()?.decode(&bytes)?,
            None => return Ok(None),
        },
        // No web stream: there is no body, or the response is that of another library.
        Err(_) => match response.text() {
            Ok(text) => foreign::settled(&text).await?.dyn_into().unwrap_or_default(),
            Err(_) => {
                let value = foreign::settled(&response.json()?).await?;
                to_json(&value)?.dyn_into().unwrap_or_default()
            }
        },
    };
    Ok((f64::from(text.length()) <= max_bytes).then_some(text))
}

/// All bytes of a stream. Where they are more than `max_bytes`, cancels the stream and returns `None`.
async fn bytes(reader: &AnyReader, max_bytes: f64) -> Result<Option<AnyBytes>, JsValue> {
    let mut chunks = Vec::new();
    let mut length = 0.0;
    loop {
        let read = reader.read().inspect_err(|_| foreign::ignore(reader))?;
        let read: AnyChunk = foreign::settled(&read).await?.unchecked_into();
        if read.done()?.is_truthy() {
            break;
        }
        let value = read.value()?;
        if !ArrayBuffer::is_view(&value) {
            return Err(value);
        }
        let is_of_this_realm = value.is_instance_of::<Uint8Array>();
        let mut chunk: AnyBytes = value.unchecked_into();
        if !is_of_this_realm {
            chunk = copied(&chunk)?;
        }
        let chunk_length = chunk.byte_length()?.as_f64().unwrap_or_default();
        length += chunk_length;
        if length > max_bytes {
            if let Ok(cancelled) = reader.cancel_reader() {
                foreign::ignore(&cancelled);
            }
            return Ok(None);
        }
        chunks.push((chunk, chunk_length));
    }
    if chunks.len() == 1 {
        return Ok(chunks.pop().map(|(only, _)| only));
    }
    let whole: Whole = Uint8Array::new_with_length(length as u32).unchecked_into();
    let mut offset = 0.0;
    for (chunk, chunk_length) in &chunks {
        whole.set(chunk, offset as u32)?;
        offset += chunk_length;
    }
    Ok(Some(whole.unchecked_into()))
}

/// The participants of parsed data, with their identities. `list` is where the body has them.
pub fn participants_of(body: &JsValue, list: &str, fields: &Fields) -> Option<Vec<Participant>> {
    listed(&at(body, list)?, fields, true)
}

fn participants(body: &JsValue, read: &Read, described: bool) -> Option<Vec<Participant>> {
    listed(&at(body, &read.participants)?, &read.fields, described)
}

/// The participants of a list; entries that are not objects are left out. `None` where it is not an array.
fn listed(list: &JsValue, fields: &Fields, described: bool) -> Option<Vec<Participant>> {
    if !foreign::is_array(list) {
        return None;
    }
    // All that is needed has the platform's own name.
    let is_plain = !described && *fields == Fields::default();
    let participant = |entry: JsValue| {
        if is_plain {
            return from_value(entry);
        }
        let mut participant: Participant = from_value(entry.clone())?;
        fields.fill(&mut participant, described, |path| at(&entry, path)?.as_string());
        Some(participant)
    };
    Some(list.unchecked_ref::<Array>().iter().filter_map(participant).collect())
}

/// The value at a path of names with dots between them; the value itself where the path is empty. `None` where there
/// is no object to read a name from: reading it would throw (see `json`).
fn at(value: &JsValue, path: &str) -> Option<JsValue> {
    let mut names = path.split('.').filter(|name| !name.is_empty());
    names.try_fold(value.clone(), |value, name| value.is_object().then(|| value::named(&value, name)))
}

fn from_value<T: DeserializeOwned>(value: JsValue) -> Option<T> {
    T::deserialize(Value { value, access: Access::Known }).ok()
}
