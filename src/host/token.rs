//! Access tokens: a string, or a provider function.

use super::{foreign, value::Refusal};
use js_sys::{Function, Promise};
use serde::Serialize;
use std::cell::{Cell, RefCell};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// What the option `accessToken` accepts.
const ACCEPTED: &str =
    "a string of visible ASCII characters without \"Bearer \", or a function ({ refresh }) => string | Promise<string>";

/// The option `accessToken`.
#[derive(Clone, PartialEq)]
pub enum AccessToken {
    Fixed(String),
    Provider(Function),
}

/// The argument of a provider.
#[derive(Serialize)]
struct TokenRequest {
    refresh: bool,
}

/// Calls a provider; the result may be a promise.
fn ask(provider: &Function, refresh: bool) -> Result<JsValue, JsValue> {
    let request = serde_wasm_bindgen::to_value(&TokenRequest { refresh })?;
    provider.call1(&JsValue::UNDEFINED, &request)
}

/// The token of overlapping calls: a provider is asked once for all of them, and once more for a fresh one.
pub struct SharedToken {
    pub source: AccessToken,
    /// The last token, with its number, counted from 1.
    current: RefCell<Option<(u32, String)>>,
    /// The promise of the provider that is pending.
    asked: RefCell<Option<Promise>>,
    /// Calls that wait for it.
    waiting: Cell<u32>,
}

/// A call that waits for the provider. When the last one leaves, the promise is dropped, because it may never settle:
/// the next call asks again.
struct Waiting<'a>(&'a SharedToken);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.update(|count| count.saturating_sub(1));
        if self.0.waiting.get() == 0 {
            self.0.asked.take();
        }
    }
}

impl SharedToken {
    /// Asks for nothing yet.
    pub fn new(source: AccessToken) -> Self {
        SharedToken { source, current: RefCell::default(), asked: RefCell::default(), waiting: Cell::default() }
    }

    /// The token, with its number. With `used`, the number of a token that the platform refused, a later one. The inner
    /// error is what the provider returned instead of a token, the outer one what it threw.
    pub async fn get(&self, used: Option<u32>) -> Result<Result<(u32, String), &'static str>, JsValue> {
        let provider = match &self.source {
            AccessToken::Fixed(token) => return Ok(Ok((0, token.clone()))),
            AccessToken::Provider(provider) => provider,
        };
        if let Some(token) = self.later_than(used) {
            return Ok(Ok(token));
        }
        let known = self.asked.borrow().clone();
        let asked = match known {
            Some(asked) => asked,
            None => {
                let answer = foreign::promise(&ask(provider, used.is_some())?);
                self.asked.replace(Some(answer.clone()));
                answer
            }
        };
        self.waiting.update(|count| count + 1);
        let _waiting = Waiting(self);
        // A provider is asked rarely: the time that `JsFuture` takes does not count here.
        let given = JsFuture::from(asked.clone()).await;
        let is_last = self.asked.borrow().as_ref().is_some_and(|one| **one == *asked);
        if is_last {
            self.asked.take();
        }
        Ok(check(&given?).map(|token| {
            let number = self.current.borrow().as_ref().map_or(1, |(number, _)| number + 1);
            if is_last {
                self.current.replace(Some((number, token.clone())));
            }
            self.later_than(used).unwrap_or((number, token))
        }))
    }

    /// The current token, where its number is greater than `used`.
    fn later_than(&self, used: Option<u32>) -> Option<(u32, String)> {
        self.current.borrow().clone().filter(|(number, _)| used.is_none_or(|used| *number > used))
    }
}

/// A token that can stand in a header (RFC 6750, section 2.1: visible ASCII). The error describes what was given
/// instead, without showing it.
pub fn check(value: &JsValue) -> Result<String, &'static str> {
    match value.as_string() {
        Some(token) if token.is_empty() => Err("an empty string"),
        Some(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(token),
        Some(_) => Err("a string with white space, control or non-ASCII characters"),
        None => Err(foreign::kind(value)),
    }
}

/// The error for an access token; `given` is the error of [`check`].
pub fn refusal(given: &str) -> Refusal {
    Refusal::new("accessToken", given, &ACCEPTED)
}
