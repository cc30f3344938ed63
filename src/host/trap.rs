//! Traps (panics) of the module: `js/trap.js` ends the calls in flight, and the next call gets a fresh instance.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/js/trap.js")]
extern "C" {
    /// Wraps a callback into the module, so that a trap in it is handled.
    pub fn caught(callback: &JsValue) -> Function;

    /// `setTimeout`; the timer is cleared with the instance.
    #[wasm_bindgen(js_name = startTimer, catch)]
    pub fn start_timer(callback: &JsValue, delay_ms: f64) -> Result<JsValue, JsValue>;
    /// `clearTimeout`.
    #[wasm_bindgen(js_name = stopTimer, catch)]
    pub fn stop_timer(timer: &JsValue) -> Result<(), JsValue>;

    /// Calls `callback` with `value` in a reaction to a resolved promise.
    pub fn soon(callback: &JsValue, value: usize);

    /// The promise of a call, which rejects at a trap; the executor runs at once.
    pub fn pending(executor: &mut dyn FnMut(Function, Function)) -> Promise;

    /// The promise of what a promise, a thenable or a plain value settles with. It has `catch` only because
    /// wasm-bindgen would otherwise import the file twice: once for each import that needs no glue.
    #[wasm_bindgen(catch)]
    pub fn settled(value: &JsValue) -> Result<Promise, JsValue>;

    // Exported for `js/wasm.js`, which replaces the instance.
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

/// A trap for tests.
#[cfg(feature = "trap")]
mod for_tests {
    use std::cell::RefCell;

    thread_local! {
        /// How the module is to fail, and after how many polls.
        static TRAP: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
    }

    /// Sets the trap: see `setTrap` in `lib.rs`.
    pub fn set(kind: String, polls: u32) {
        TRAP.set(Some((kind, polls)));
    }

    /// Called at each poll of a task: makes the module fail when the trap is due.
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
