//! Traps of the module: `js/trap.js` ends the calls in flight and gives the next one a fresh instance.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/js/trap.js")]
extern "C" {
    /// A callback into the module.
    pub fn caught(callback: &JsValue) -> Function;

    /// The host's timers, which end with the instance.
    #[wasm_bindgen(js_name = startTimer, catch)]
    pub fn start_timer(callback: &JsValue, delay_ms: f64) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = stopTimer, catch)]
    pub fn stop_timer(timer: &JsValue) -> Result<(), JsValue>;

    /// Calls back in a reaction to a resolved promise.
    pub fn soon(callback: &JsValue, value: usize);

    /// The promise of a call; the executor runs at once.
    pub fn pending(executor: &mut dyn FnMut(Function, Function)) -> Promise;

    /// What a promise, a thenable or a plain value settles with. With `catch`, because it is the second import that
    /// would need no glue, and for each of those wasm-bindgen lists the file once more.
    #[wasm_bindgen(catch)]
    pub fn settled(value: &JsValue) -> Result<Promise, JsValue>;

    // For `js/wasm.js`, which renews the instance.
    #[wasm_bindgen(js_name = recoverBy, reexport, skip_typescript)]
    #[allow(dead_code, reason = "exported, not called")]
    fn recover_by();
    #[wasm_bindgen(js_name = instance, reexport, skip_typescript)]
    #[allow(dead_code, reason = "exported, not called")]
    fn instance();
    #[wasm_bindgen(js_name = recovering, reexport, skip_typescript)]
    #[allow(dead_code, reason = "exported, not called")]
    fn recovering();
    #[wasm_bindgen(js_name = trapped, reexport, skip_typescript)]
    #[allow(dead_code, reason = "exported, not called")]
    fn trapped();
}

/// A trap that tests set.
#[cfg(feature = "trap")]
mod for_tests {
    use std::cell::RefCell;

    thread_local! {
        /// How the module is to fail, and after how many polls.
        static TRAP: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
    }

    pub fn set(kind: String, polls: u32) {
        TRAP.set(Some((kind, polls)));
    }

    /// Fails where it is time to.
    #[allow(clippy::panic, reason = "so that the module fails")]
    pub fn spring() {
        let due = TRAP.with_borrow_mut(|trap| match trap {
            Some((_, 0)) => trap.take().map(|(kind, _)| kind),
            Some((_, polls)) => {
                *polls -= 1;
                None
            }
            None => None,
        });
        match due.as_deref() {
            Some("memory") => {
                let mut all = Vec::new();
                loop {
                    all.push(Vec::<u8>::with_capacity(1 << 28));
                }
            }
            Some("throw") => wasm_bindgen::throw_str("thrown by a test"),
            Some(_) => panic!("panicked by a test"),
            None => {}
        }
    }
}

#[cfg(feature = "trap")]
pub use for_tests::{set, spring};
