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
    use crate::host::{
        budget::SharedBudget,
        client::{self, Client},
        driver, task,
    };
    use js_sys::Promise;
    use std::rc::Rc;
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

    /// A client: overlapping calls share their requests, all share one budget and what was observed.
    #[wasm_bindgen(skip_typescript)]
    #[allow(missing_debug_implementations, reason = "for JavaScript")]
    pub struct ConversationClient(Rc<Client>);

    #[wasm_bindgen]
    #[allow(clippy::missing_errors_doc, clippy::unnecessary_wraps, reason = "as above")]
    impl ConversationClient {
        #[wasm_bindgen(constructor, skip_typescript)]
        pub fn new(options: JsValue) -> ConversationClient {
            ConversationClient(Client::new(options))
        }

        #[wasm_bindgen(js_name = disconnectIfConnected, skip_typescript)]
        pub fn disconnect_if_connected(&self, options: JsValue) -> Result<Promise, JsValue> {
            Ok(task::spawn(Rc::clone(&self.0).disconnect(options)))
        }

        #[wasm_bindgen(js_name = disconnectAll, skip_typescript)]
        pub fn disconnect_all(&self, options: JsValue) -> Result<Promise, JsValue> {
            Ok(task::spawn(Rc::clone(&self.0).disconnect_all(options)))
        }

        #[wasm_bindgen(skip_typescript)]
        pub fn participants(&self, conversation_id: JsValue, options: JsValue) -> Result<Promise, JsValue> {
            Ok(task::spawn(Rc::clone(&self.0).participants(conversation_id, options)))
        }

        /// `at`: when it arrived, on the clock of `performance.now()`; default: now. The result is the conversation's
        /// id where the notification told something.
        #[wasm_bindgen(skip_typescript)]
        pub fn observe(&self, notification: &JsValue, at: Option<f64>) -> Option<String> {
            self.0.observe(notification, at)
        }

        #[wasm_bindgen(skip_typescript)]
        pub fn close(&self) {
            self.0.close();
        }

        /// The budget of its calls, in the place of the option `budget`.
        #[wasm_bindgen(skip_typescript)]
        pub fn share(&self, budget: &RateBudget) {
            self.0.share(&budget.0);
        }
    }

    /// A budget of requests that clients may share.
    #[wasm_bindgen(skip_typescript)]
    #[allow(missing_debug_implementations, reason = "for JavaScript")]
    pub struct RateBudget(Rc<SharedBudget>);

    #[wasm_bindgen]
    #[allow(clippy::missing_errors_doc, clippy::unnecessary_wraps, reason = "as above")]
    impl RateBudget {
        #[wasm_bindgen(constructor, skip_typescript)]
        pub fn new(options: &JsValue) -> Result<RateBudget, JsValue> {
            client::rate_budget(options).map(RateBudget)
        }

        #[wasm_bindgen(skip_typescript)]
        pub fn take(&self, request: JsValue) -> Result<Promise, JsValue> {
            Ok(task::spawn(Rc::clone(&self.0).take(request)))
        }

        #[wasm_bindgen(skip_typescript)]
        pub fn report(&self, limits: &JsValue) {
            self.0.report_given(limits);
        }
    }

    /// In a build for tests: the module fails at the poll that comes after `polls` others.
    #[cfg(feature = "trap")]
    #[wasm_bindgen(js_name = setTrap, skip_typescript)]
    pub fn set_trap(kind: String, polls: u32) {
        crate::host::trap::set(kind, polls);
    }
}
