//! Removes one participant from a live voice conversation on Genesys Cloud, only while that participant is connected,
//! and reports the actual outcome.
//!
//! [`protocol`] is the rule, in plain Rust; `host` performs it with JavaScript's fetch, timers and signals. The exports
//! for JavaScript are below; the npm package (`js/`) loads this module on the first call and passes calls on to them.
//! Their public types and documentation are in `src/types.d.ts`.

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

    /// `disconnectIfConnected(options: DisconnectOptions): Promise<DisconnectResult>`.
    ///
    /// # Errors
    ///
    /// None: the promise rejects.
    // It returns a `Result` because Node 20 inlines calls of exports whose only result is one JavaScript value, and
    // ends the process where it has to undo the inlining during such a call (`tests/js/deoptimized.test.mjs`).
    #[wasm_bindgen(js_name = disconnectIfConnected, skip_typescript)]
    #[allow(clippy::unnecessary_wraps, reason = "see above")]
    pub fn disconnect_if_connected(options: JsValue) -> Result<Promise, JsValue> {
        task::spawn(driver::run(options))
    }

    /// A client: overlapping calls share their requests, all share one budget and the observations.
    #[wasm_bindgen(skip_typescript)]
    #[allow(missing_debug_implementations, reason = "for JavaScript")]
    pub struct ConversationClient(Rc<Client>);

    #[wasm_bindgen]
    #[allow(clippy::missing_errors_doc, clippy::unnecessary_wraps, reason = "as above: only the promises reject")]
    impl ConversationClient {
        /// `new ConversationClient(options: ConversationClientOptions)`. The options are checked by the first call.
        #[wasm_bindgen(constructor, skip_typescript)]
        pub fn new(options: JsValue) -> ConversationClient {
            ConversationClient(Client::new(options))
        }

        /// `disconnectIfConnected(options: ClientDisconnectOptions): Promise<DisconnectResult>`.
        #[wasm_bindgen(js_name = disconnectIfConnected, skip_typescript)]
        pub fn disconnect_if_connected(&self, options: JsValue) -> Result<Promise, JsValue> {
            task::spawn(Rc::clone(&self.0).disconnect(options))
        }

        /// `disconnectAll(options: DisconnectAllOptions): Promise<DisconnectAllResult>`.
        #[wasm_bindgen(js_name = disconnectAll, skip_typescript)]
        pub fn disconnect_all(&self, options: JsValue) -> Result<Promise, JsValue> {
            task::spawn(Rc::clone(&self.0).disconnect_all(options))
        }

        /// `participants(conversationId: string, options?: ParticipantsOptions): Promise<ConversationParticipant[]>`.
        #[wasm_bindgen(skip_typescript)]
        pub fn participants(&self, conversation_id: JsValue, options: JsValue) -> Result<Promise, JsValue> {
            task::spawn(Rc::clone(&self.0).participants(conversation_id, options))
        }

        /// Takes over the states of a notification. `at`: when it arrived, on the clock of `performance.now()`;
        /// default: now. Returns the conversation's id, or `undefined` where the notification has no states of
        /// participants.
        #[wasm_bindgen(skip_typescript)]
        pub fn observe(&self, notification: &JsValue, at: Option<f64>) -> Option<String> {
            self.0.observe(notification, at)
        }

        /// Ends the calls in flight, and later ones, with `CLOSED`.
        #[wasm_bindgen(skip_typescript)]
        pub fn close(&self) {
            self.0.close();
        }

        /// Sets the budget of its calls: the option `budget`, where it is a `RateBudget` of this module.
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
        /// `new RateBudget(options?: { requestsPerMinute?: number })`; throws an `INVALID_ARGUMENT`.
        #[wasm_bindgen(constructor, skip_typescript)]
        pub fn new(options: &JsValue) -> Result<RateBudget, JsValue> {
            client::rate_budget(options).map(RateBudget)
        }

        /// `take(request: { priority: boolean, follows?: boolean, signal?: AbortSignal }): Promise<void>`.
        #[wasm_bindgen(skip_typescript)]
        pub fn take(&self, request: JsValue) -> Result<Promise, JsValue> {
            task::spawn(Rc::clone(&self.0).take(request))
        }

        /// `report(limits: RateLimits): void`.
        #[wasm_bindgen(skip_typescript)]
        pub fn report(&self, limits: &JsValue) {
            self.0.report_given(limits);
        }
    }

    /// In builds for tests: makes the module fail at the poll of a task after `polls` other polls. `kind`: `memory`,
    /// `throw`, or any other text for a panic.
    #[cfg(feature = "trap")]
    #[wasm_bindgen(js_name = setTrap, skip_typescript)]
    pub fn set_trap(kind: String, polls: u32) {
        crate::host::trap::set(kind, polls);
    }
}
