//! Removes one participant from a live voice conversation on Genesys Cloud, only while that participant is connected,
//! and reports the actual outcome.
//!
//! [`protocol`] is the rule, in plain Rust; `host` performs it with JavaScript's fetch, timers and signals. What
//! JavaScript gets is below; the npm package (`js/`) loads this module on the first call and adds nothing to it.

#[cfg(target_arch = "wasm32")]
mod host;
pub mod protocol;

#[cfg(target_arch = "wasm32")]
pub use exports::*;

#[cfg(target_arch = "wasm32")]
mod exports {
    use crate::host::{driver, task};
    use js_sys::Promise;
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen(typescript_custom_section)]
    const TYPES: &str = include_str!("types.d.ts");

    /// `disconnectIfConnected(options: DisconnectOptions): Promise<DisconnectResult>`, as `src/types.d.ts` has it.
    // A `Result`, though it never fails: Node 20 inlines the call of an export with a single JavaScript value as its
    // result, and ends the process where it has to undo that during the call (`tests/js/deoptimized.test.mjs`).
    #[wasm_bindgen(js_name = disconnectIfConnected, skip_typescript)]
    #[allow(clippy::missing_errors_doc, clippy::unnecessary_wraps, reason = "it gives none")]
    pub fn disconnect_if_connected(options: JsValue) -> Result<Promise, JsValue> {
        Ok(task::spawn(driver::run(options)))
    }

    /// In a build for tests: the module fails at the poll that comes after `polls` others.
    #[cfg(feature = "trap")]
    #[wasm_bindgen(js_name = setTrap, skip_typescript)]
    pub fn set_trap(kind: String, polls: u32) {
        crate::host::trap::set(kind, polls);
    }
}
