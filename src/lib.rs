//! Removes one participant from a live voice conversation on Genesys Cloud, only when that participant is connected, and says
//! truthfully what happened.
//!
//! [`protocol`] is the rule, in plain Rust; `host` lends it JavaScript's fetch, timers and signals. What JavaScript imports
//! stands in `pkg/`: its entry points load this module on the first call and turn what it settles with into a result or a
//! `DisconnectError`.

#![cfg_attr(all(target_arch = "wasm32", feature = "no-std"), no_std)]

extern crate alloc;

#[cfg(target_arch = "wasm32")]
mod host;
pub mod protocol;
#[cfg(all(target_arch = "wasm32", feature = "no-std"))]
mod runtime;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::*;

/// One call: settles with the result, or with the fields of a `DisconnectError` (they have a `code`); rejects only with what is
/// the caller's own: the reason of its `AbortSignal`, the error of its token provider.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen(js_name = call)]
pub async fn call(options: JsValue) -> Result<JsValue, JsValue> {
    host::call(options).await
}
