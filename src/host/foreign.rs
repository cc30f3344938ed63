//! Access to foreign objects, which may throw at any read or call, and whose promises may be anything.
//!
//! web-sys binds most methods without `catch`; an exception would unwind through the module. So values of a caller are
//! only used through these functions and through bindings with `catch`.

use super::{
    task,
    trap::{self, Wait},
};
use js_sys::{Number, Promise, Reflect};
use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// `Array.isArray`, which throws for a revoked proxy; js-sys binds it without `catch`.
    #[wasm_bindgen(js_namespace = Array, js_name = isArray, catch)]
    fn try_is_array(value: &JsValue) -> Result<bool, JsValue>;
}

/// Whether it is an array.
pub fn is_array(value: &JsValue) -> bool {
    try_is_array(value).unwrap_or(false)
}

thread_local! {
    /// The texts of [`constant`].
    static CONSTANTS: RefCell<Vec<(&'static str, JsValue)>> = const { RefCell::new(Vec::new()) };
}

/// A constant text of the code, such as the name of a field, as a JavaScript string. It is converted once: a removal
/// needs the same few texts a hundred times.
pub fn constant(text: &'static str) -> JsValue {
    CONSTANTS.with_borrow_mut(|all| match all.iter().find(|(known, _)| std::ptr::eq(*known, text)) {
        Some((_, converted)) => converted.clone(),
        None => {
            let converted = JsValue::from(text);
            all.push((text, converted.clone()));
            converted
        }
    })
}

/// A property; the error is what reading it throws.
pub fn get(object: &JsValue, name: &'static str) -> Result<JsValue, JsValue> {
    Reflect::get(object, &constant(name))
}

/// Sets a property of an object of this package.
pub fn set(object: &JsValue, name: &'static str, value: &JsValue) {
    let _ = Reflect::set(object, &constant(name), value);
}

/// What a promise, a thenable or a plain value settles with, for the task that runs. If the future is dropped, a
/// rejection counts as handled.
pub fn settled(value: &JsValue) -> Settled {
    Settled(task::with_current(|poll, task| trap::settle(value, poll, task)))
}

/// The future of [`settled`]. It does what `JsFuture` does, but without two closures for each promise
/// (docs/performance.md).
pub struct Settled(Wait);

impl Future for Settled {
    type Output = Result<JsValue, JsValue>;

    fn poll(self: Pin<&mut Self>, _: &mut Context) -> Poll<Self::Output> {
        match self.0.is_rejected() {
            None => Poll::Pending,
            Some(false) => Poll::Ready(Ok(self.0.value())),
            Some(true) => Poll::Ready(Err(self.0.value())),
        }
    }
}

/// The same as a promise, which several tasks can wait for: `then` of the value is called once.
pub fn promise(value: &JsValue) -> Promise {
    trap::promise(value).unwrap_or_else(|error| Promise::reject(&error))
}

/// Drops a value that is not awaited. If it is a promise that rejects, the rejection counts as handled.
pub fn ignore(value: &JsValue) {
    if value.is_object() || value.is_function() {
        let _ = trap::ignore(value);
    }
}

/// The kind of a value, as an error shows it.
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

/// An error shows so many characters of a wrong string.
const MAX_SHOWN_CHARS: usize = 40;

/// A value as an error shows it: strings, numbers and booleans themselves, others by their kind.
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
