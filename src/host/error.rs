//! JavaScript's `DisconnectError`.

use super::{foreign, value::Refusal};
use crate::protocol::error::DisconnectError as Fields;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/js/error.js")]
extern "C" {
    type DisconnectError;
    #[wasm_bindgen(constructor)]
    fn new(fields: &JsValue) -> DisconnectError;

    /// Exports the class from the module. It is declared as a function, because wasm-bindgen would give a class the
    /// type `unknown`; `src/types.d.ts` has its type.
    #[wasm_bindgen(js_name = DisconnectError, reexport, skip_typescript)]
    #[allow(dead_code, reason = "exported, not called")]
    fn disconnect_error();

    #[wasm_bindgen(js_name = isDisconnectError, reexport, skip_typescript)]
    #[allow(dead_code, reason = "exported, not called")]
    fn is_disconnect_error();
}

/// The error with these fields; `cause` is the host's error for a request without a whole response.
pub fn to_js(fields: &Fields, cause: Option<&JsValue>) -> JsValue {
    let fields = serde_wasm_bindgen::to_value(fields).unwrap_or_default();
    if let Some(cause) = cause {
        foreign::set(&fields, "cause", cause);
    }
    DisconnectError::new(&fields).into()
}

/// The error for a wrong argument; `method` is the name of the method that was called.
pub fn invalid_argument(method: &str, refusal: Refusal) -> JsValue {
    let subject = refusal.option.as_deref().unwrap_or("the argument");
    let message = format!("{method}: {subject} {}.", refusal.problem);
    to_js(&Fields::invalid_argument(refusal.option, message), None)
}
