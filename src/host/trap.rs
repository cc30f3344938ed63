//! Traps (panics) of the module: `js/trap.js` ends the calls in flight, and the next call gets a fresh instance.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/js/trap.js")]
extern "C" {
    /// Wraps a callback into the module, so that a trap in it is handled.
    pub fn caught(callback: &JsValue) -> Function;

    /// What a task waits for: a promise or a timer.
    pub type Wait;
    /// `None` until it is over.
    #[wasm_bindgen(method, getter, js_name = isRejected)]
    pub fn is_rejected(this: &Wait) -> Option<bool>;
    #[wasm_bindgen(method, getter)]
    pub fn value(this: &Wait) -> JsValue;

    /// `setTimeout`; the timer is cleared with the instance.
    #[wasm_bindgen(js_name = startTimer, catch)]
    pub fn start_timer(delay_ms: f64, poll: &JsValue, task: usize) -> Result<Wait, JsValue>;
    /// `clearTimeout`.
    #[wasm_bindgen(js_name = stopTimer, catch)]
    pub fn stop_timer(timer: &Wait) -> Result<(), JsValue>;

    /// Polls the task in a reaction to a resolved promise.
    pub fn soon(poll: &JsValue, task: usize);
    /// Polls the task in the reaction to a promise, a thenable or a plain value.
    pub fn settle(value: &JsValue, poll: &JsValue, task: usize) -> Wait;
    /// The promise, for `JsFuture`, of what a promise, a thenable or a plain value settles with. It throws for a
    /// promise whose `constructor` throws.
    #[wasm_bindgen(catch)]
    pub fn promise(value: &JsValue) -> Result<Promise, JsValue>;

    // These have `catch` only because wasm-bindgen would otherwise import the file twice: once for each import that
    // needs no glue.
    /// Drops a value that is not awaited: if it is a promise that rejects, the rejection counts as handled.
    #[wasm_bindgen(catch)]
    pub fn ignore(value: &JsValue) -> Result<(), JsValue>;
    /// A promise, and what settles it.
    #[wasm_bindgen(catch)]
    pub fn deferred() -> Result<Deferred, JsValue>;
    /// The promise of a call, which a trap rejects.
    #[wasm_bindgen(catch)]
    pub fn begin() -> Result<Deferred, JsValue>;

    pub type Deferred;
    #[wasm_bindgen(method, getter)]
    pub fn promise(this: &Deferred) -> Promise;
    /// Settles the promise.
    pub fn end(deferred: &Deferred, is_rejected: bool, value: &JsValue);

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
