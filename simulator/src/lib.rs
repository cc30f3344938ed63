//! A deterministic model of the platform: `handle(request, now) -> reply`. No clock, no randomness, no I/O.
//!
//! [`model`] is the platform's true state, [`api`] its routes and bodies, [`fault`] what a script makes go wrong.
//! [`login`] and [`channels`] are the sign-in and the notification channels, [`session`] their routes. The same model
//! serves the exhaustive check, the tests, the demo and the page; in JavaScript it is
//! `disconnect-if-connected/simulator`.

pub mod api;
pub mod channels;
pub mod fault;
pub mod login;
pub mod model;
mod session;

pub use api::{Request, Simulator};
pub use channels::{Channel, Notifications, Outgoing};
pub use fault::{Delivery, Exchange, Fault, Reply, When};
pub use login::{Login, OAuthClient, User};
pub use model::{Config, Conversation, Participant, Step};

#[cfg(target_arch = "wasm32")]
mod wasm {
    use wasm_bindgen::prelude::*;

    /// The simulator behind `disconnect-if-connected/simulator`; its arguments and results are JSON text.
    #[wasm_bindgen]
    #[derive(Debug)]
    pub struct Simulator(super::Simulator);

    fn parsed<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, JsError> {
        serde_json::from_str(json).map_err(|error| JsError::new(&format!("simulator: {error} of {json}")))
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
        pub fn set_state(
            &mut self,
            conversation_id: &str,
            participant_id: &str,
            state: Option<String>,
            now_ms: f64,
        ) -> Result<(), JsError> {
            self.known(conversation_id, participant_id)?;
            self.0.set_state(conversation_id, participant_id, state, now_ms);
            Ok(())
        }

        pub fn state(
            &self,
            conversation_id: &str,
            participant_id: &str,
            now_ms: f64,
        ) -> Result<Option<String>, JsError> {
            self.known(conversation_id, participant_id)?;
            Ok(self.0.state(conversation_id, participant_id, now_ms))
        }

        #[wasm_bindgen(js_name = shownState)]
        pub fn shown_state(
            &self,
            conversation_id: &str,
            participant_id: &str,
            now_ms: f64,
        ) -> Result<Option<String>, JsError> {
            self.known(conversation_id, participant_id)?;
            Ok(self.0.shown_state(conversation_id, participant_id, now_ms))
        }

        /// Refuses ids that the simulator was not given: a test that misspells one must not pass.
        fn known(&self, conversation_id: &str, participant_id: &str) -> Result<(), JsError> {
            let mut conversations = self.0.config().conversations.iter();
            let conversation = conversations
                .find(|conversation| conversation.id == conversation_id)
                .ok_or_else(|| JsError::new(&format!("simulator: it has no conversation \"{conversation_id}\"")))?;
            if conversation.participants.iter().any(|participant| participant.id == participant_id) {
                return Ok(());
            }
            let text = format!("simulator: conversation \"{conversation_id}\" has no participant \"{participant_id}\"");
            Err(JsError::new(&text))
        }

        pub fn notification(&self, conversation_id: &str, topic: &str, now_ms: f64) -> Result<String, JsError> {
            let missing = || JsError::new(&format!("simulator: it has no conversation \"{conversation_id}\""));
            text(&self.0.notification(conversation_id, topic, now_ms).ok_or_else(missing)?)
        }

        pub fn log(&self) -> Result<String, JsError> {
            text(&self.0.log())
        }

        pub fn connect(&mut self, channel_id: &str, now_ms: f64) -> Option<u32> {
            self.0.connect(channel_id, now_ms)
        }

        pub fn receive(&mut self, socket: u32, message: &str, now_ms: f64) {
            self.0.receive(socket, message, now_ms);
        }

        pub fn closed(&mut self, socket: u32) {
            self.0.closed(socket);
        }

        pub fn cut(&mut self, notice: bool, now_ms: f64) {
            self.0.cut(notice, now_ms);
        }

        /// `{ messages: [{ socket, text }], nextMs }`: a message without a text closes the socket.
        pub fn outgoing(&mut self, now_ms: f64) -> Result<String, JsError> {
            let messages = self.0.outgoing(now_ms);
            text(&serde_json::json!({ "messages": messages, "nextMs": self.0.next_outgoing_ms(now_ms) }))
        }

        pub fn channels(&self) -> Result<String, JsError> {
            text(&self.0.channels())
        }

        #[wasm_bindgen(js_name = setNotifications)]
        pub fn set_notifications(&mut self, notifications: &str, now_ms: f64) -> Result<(), JsError> {
            self.0.set_notifications(parsed(notifications)?, now_ms);
            Ok(())
        }

        #[wasm_bindgen(js_name = revokeTokens)]
        pub fn revoke_tokens(&mut self) {
            self.0.revoke_tokens();
        }
    }
}
