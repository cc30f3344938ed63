//! Where does the access token come from, and is it one?

use super::options::Invalid;
use alloc::string::String;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

pub const TAKES: &str = "a string of visible ASCII characters without \"Bearer \", or a function ({ refresh }) => string | Promise<string>";

pub enum TokenSource {
    Fixed(JsValue),
    Provider(Function),
}

impl TokenSource {
    /// Asks for the token; what the provider throws is the error.
    pub async fn get(&self, refresh: bool) -> Result<JsValue, JsValue> {
        match self {
            TokenSource::Fixed(token) => Ok(token.clone()),
            TokenSource::Provider(provider) => {
                let request = Object::new();
                Reflect::set(&request, &"refresh".into(), &refresh.into())?;
                let answer = provider.call1(&JsValue::UNDEFINED, &request)?;
                JsFuture::from(Promise::resolve(&answer)).await
            }
        }
    }
}

/// A token that a header can carry (RFC 6750, section 2.1: visible ASCII); the error never shows it.
pub fn check(token: &JsValue) -> Result<String, Invalid> {
    match token.as_string() {
        Some(token) if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(token),
        Some(token) if token.is_empty() => Err(Invalid::new("accessToken", "an empty string", TAKES)),
        Some(_) => Err(Invalid::new("accessToken", "a string with white space, control or non-ASCII characters", TAKES)),
        None => Err(Invalid::new("accessToken", &super::options::kind(token), TAKES)),
    }
}
