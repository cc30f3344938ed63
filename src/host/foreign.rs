//! Foreign objects: reads and calls that may throw, promises that may be anything.
//!
//! web-sys binds most methods without `catch`; what they throw would unwind through the module. What a caller passes is
//! therefore reached through these few functions.

use super::trap;
use js_sys::{Number, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// js-sys binds it without `catch`, and it throws for a revoked proxy.
    #[wasm_bindgen(js_namespace = Array, js_name = isArray, catch)]
    fn try_is_array(value: &JsValue) -> Result<bool, JsValue>;
}

pub fn is_array(value: &JsValue) -> bool {
    try_is_array(value).unwrap_or(false)
}

pub fn get(object: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    Reflect::get(object, &name.into())
}

/// For objects of this package.
pub fn set(object: &JsValue, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}

/// What a promise, a thenable or a plain value settles with. A future that is dropped ignores it, a rejection too.
pub fn settled(value: &JsValue) -> JsFuture {
    JsFuture::from(promise(value))
}

/// The same for several who wait: whatever it is, its `then` is called once.
pub fn promise(value: &JsValue) -> Promise {
    trap::settled(value).unwrap_or_else(|error| Promise::reject(&error))
}

/// Lets go of what a function of the caller's gave, where nothing is awaited: a promise that it rejects is handled.
pub fn ignore(value: &JsValue) {
    if value.is_object() || value.is_function() {
        drop(settled(value));
    }
}

/// A value's kind, in words.
pub fn kind(value: &JsValue) -> &'static str {
    match () {
        () if value.is_undefined() => "nothing",
        () if value.is_null() => "null",
        () if value.is_function() => "a function",
        () if is_array(value) => "an array",
        () if value.is_object() => "an object",
        () if value.is_string() => "a string",
        () if value.as_f64().is_some() => "a number",
        () if value.as_bool().is_some() => "a boolean",
        () if value.is_bigint() => "a BigInt",
        () => "a symbol",
    }
}

/// What an error shows of a wrong string, in characters.
const MAX_SHOWN_CHARS: usize = 40;

/// A value as an error shows it: a short one itself, others by their kind.
pub fn shown(value: &JsValue) -> String {
    if let Some(text) = value.as_string() {
        quoted(&text)
    } else if let Some(number) = value.as_f64() {
        Number::from(number).to_js_string().into()
    } else {
        match value.as_bool() {
            Some(boolean) => boolean.to_string(),
            None => kind(value).to_owned(),
        }
    }
}

/// A string as an error shows it.
pub fn quoted(text: &str) -> String {
    let start: String = text.chars().take(MAX_SHOWN_CHARS).collect();
    format!("\"{start}{}\"", if start.len() < text.len() { "…" } else { "" })
}
