//! Access tokens: a string, or a function that gives one.

use super::{foreign, value::Refusal};
use js_sys::Function;
use serde::Serialize;
use wasm_bindgen::prelude::*;

const ACCEPTED: &str =
    "a string of visible ASCII characters without \"Bearer \", or a function ({ refresh }) => string | Promise<string>";

pub enum AccessToken {
    Fixed(String),
    Provider(Function),
}

#[derive(Serialize)]
struct TokenRequest {
    refresh: bool,
}

impl AccessToken {
    /// Gets the token; the error is what the provider throws. What it gives instead of a token is `Ok(Err(...))`.
    pub async fn get(&self, refresh: bool) -> Result<Result<String, &'static str>, JsValue> {
        match self {
            AccessToken::Fixed(token) => Ok(Ok(token.clone())),
            AccessToken::Provider(provider) => {
                let request = serde_wasm_bindgen::to_value(&TokenRequest { refresh })?;
                let answer = provider.call1(&JsValue::UNDEFINED, &request)?;
                Ok(check(&foreign::settled(&answer).await?))
            }
        }
    }
}

/// A token that a header can carry (RFC 6750, section 2.1: visible ASCII). The error says what was given instead,
/// without showing it.
pub fn check(value: &JsValue) -> Result<String, &'static str> {
    match value.as_string() {
        Some(token) if token.is_empty() => Err("an empty string"),
        Some(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(token),
        Some(_) => Err("a string with white space, control or non-ASCII characters"),
        None => Err(foreign::kind(value)),
    }
}

pub fn refusal(given: &str) -> Refusal {
    Refusal::new("accessToken", given, &ACCEPTED)
}
