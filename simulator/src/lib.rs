//! A deterministic model of the platform: `handle(request, now) -> reply`. No clock, no randomness, no I/O.
//!
//! [`model`] is the platform's true state, [`api`] its routes and bodies, [`fault`] what a script makes go wrong. The
//! same model serves the exhaustive check, the tests, the demo and the page; in JavaScript it is
//! `disconnect-if-connected/simulator`.

pub mod api;
pub mod fault;
pub mod model;

pub use api::{Request, Simulator};
pub use fault::{Delivery, Fault, Reply};
pub use model::{Config, Conversation, Participant, Step};

#[cfg(target_arch = "wasm32")]
mod wasm {
    use wasm_bindgen::prelude::*;

    /// The simulator behind `disconnect-if-connected/simulator`; its arguments and results are JSON text.
    #[wasm_bindgen]
    #[derive(Debug)]
    pub struct Simulator(super::Simulator);

    fn parsed<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, JsError> {
        serde_json::from_str(json).map_err(JsError::from)
    }

    fn text(value: &impl serde::Serialize) -> Result<String, JsError> {
        serde_json::to_string(value).map_err(JsError::from)
    }

    #[wasm_bindgen]
    impl Simulator {
        #[wasm_bindgen(constructor)]
        pub fn new(config: &str) -> Result<Simulator, JsError> {
            Ok(Simulator(super::Simulator::new(parsed(config)?)))
        }

        pub fn handle(&mut self, request: &str, now_ms: f64) -> Result<String, JsError> {
            text(&self.0.handle(&parsed(request)?, now_ms))
        }

        #[wasm_bindgen(js_name = addFault)]
        pub fn add_fault(&mut self, fault: &str) -> Result<(), JsError> {
            self.0.add_fault(parsed(fault)?);
            Ok(())
        }

        #[wasm_bindgen(js_name = setState)]
        pub fn set_state(&mut self, conversation_id: &str, participant_id: &str, state: Option<String>, now_ms: f64) {
            self.0.set_state(conversation_id, participant_id, state, now_ms);
        }

        pub fn state(&self, conversation_id: &str, participant_id: &str, now_ms: f64) -> Option<String> {
            self.0.state(conversation_id, participant_id, now_ms)
        }

        #[wasm_bindgen(js_name = shownState)]
        pub fn shown_state(&self, conversation_id: &str, participant_id: &str, now_ms: f64) -> Option<String> {
            self.0.shown_state(conversation_id, participant_id, now_ms)
        }

        pub fn log(&self) -> Result<String, JsError> {
            text(&self.0.log())
        }
    }
}
