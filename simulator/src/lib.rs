//! A deterministic model of the platform: `handle(request, now) -> reply`. No clock, no randomness, no I/O.
//!
//! `model` is the platform's true state, `api` its routes and bodies, `fault` the faults that a script sets. `login`
//! and `channels` are the sign-in and the notification channels, `session` their routes. The same model serves the
//! exhaustive check, the tests, the demo and the page; in JavaScript it is `disconnect-if-connected/simulator`, which
//! `docs/simulator.md` describes.
//!
//! All times are in milliseconds on one clock, which starts at 0; times before 0 are valid too.

mod api;
mod channels;
mod fault;
mod login;
mod model;
mod session;

pub use api::{LogEntry, Request, Simulator};
pub use channels::{Channel, Notifications, Outgoing};
pub use fault::{Delivery, Exchange, Fault, Reply, When};
pub use login::{Bearer, Login, OAuthClient, User};
pub use model::{Config, Conversation, GONE, Participant, Step};

#[cfg(target_arch = "wasm32")]
mod wasm {
    use wasm_bindgen::prelude::*;

    /// The simulator behind `disconnect-if-connected/simulator`. Objects are passed as JSON text in both directions.
    #[wasm_bindgen]
    #[derive(Debug)]
    pub struct Simulator(super::Simulator);

    /// The value of JSON text. The error names the first field that is wrong.
    fn parsed<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, JsError> {
        serde_json::from_str(json).map_err(|error| JsError::new(&format!("simulator: {error} of {json}")))
    }

    fn text(value: &impl serde::Serialize) -> Result<String, JsError> {
        serde_json::to_string(value).map_err(JsError::from)
    }

    #[wasm_bindgen]
    impl Simulator {
        /// `config`: a `Config`. Fails for an unknown field or a wrong type.
        #[wasm_bindgen(constructor)]
        pub fn new(config: &str) -> Result<Simulator, JsError> {
            Ok(Simulator(super::Simulator::new(parsed(config)?)))
        }

        /// The `Reply` to a `Request` that arrives at `now_ms`.
        pub fn handle(&mut self, request: &str, now_ms: f64) -> Result<String, JsError> {
            text(&self.0.handle(&parsed(request)?, now_ms))
        }

        /// Adds a `Fault`, after those that are set.
        #[wasm_bindgen(js_name = addFault)]
        pub fn add_fault(&mut self, fault: &str) -> Result<(), JsError> {
            self.0.add_fault(parsed(fault)?);
            Ok(())
        }

        /// Sets the true state of a participant; `undefined`: not listed. Fails for unknown ids.
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

        /// The true state of a participant; `undefined` where it is not listed. Fails for unknown ids.
        pub fn state(
            &self,
            conversation_id: &str,
            participant_id: &str,
            now_ms: f64,
        ) -> Result<Option<String>, JsError> {
            self.known(conversation_id, participant_id)?;
            Ok(self.0.state(conversation_id, participant_id, now_ms))
        }

        /// The state of a participant that a read shows; `undefined` where it does not list it. Fails for unknown ids.
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

        /// Fails for ids that are not configured, so that a test with a misspelt id does not pass.
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

        /// The notification about a conversation, of a topic. Fails for an unknown conversation.
        pub fn notification(&self, conversation_id: &str, topic: &str, now_ms: f64) -> Result<String, JsError> {
            let missing = || JsError::new(&format!("simulator: it has no conversation \"{conversation_id}\""));
            text(&self.0.notification(conversation_id, topic, now_ms).ok_or_else(missing)?)
        }

        /// The requests so far: an array of `LogEntry`.
        pub fn log(&self) -> Result<String, JsError> {
            text(&self.0.log())
        }

        /// Opens the WebSocket of a channel. Returns its number; `undefined` for an unknown channel.
        pub fn connect(&mut self, channel_id: &str, now_ms: f64) -> Option<u32> {
            self.0.connect(channel_id, now_ms)
        }

        /// A WebSocket receives a message of its client.
        pub fn receive(&mut self, socket: u32, message: &str, now_ms: f64) {
            self.0.receive(socket, message, now_ms);
        }

        /// The client has closed a WebSocket.
        pub fn closed(&mut self, socket: u32) {
            self.0.closed(socket);
        }

        /// Closes all WebSockets; `notice`: after the message `v2.system.socket_closing`.
        pub fn cut(&mut self, notice: bool, now_ms: f64) {
            self.0.cut(notice, now_ms);
        }

        /// Takes the messages of WebSockets that are due: `{ messages: [{ socket, text }], nextMs }`. A message without
        /// a text closes the socket; `nextMs` is when more are due, as far as it is known.
        pub fn outgoing(&mut self, now_ms: f64) -> Result<String, JsError> {
            let messages = self.0.outgoing(now_ms);
            text(&serde_json::json!({ "messages": messages, "nextMs": self.0.next_outgoing_ms(now_ms) }))
        }

        /// The notification channels: an array of `Channel`.
        pub fn channels(&self) -> Result<String, JsError> {
            text(&self.0.channels())
        }

        /// Sets how notifications behave from now on: `Notifications`.
        #[wasm_bindgen(js_name = setNotifications)]
        pub fn set_notifications(&mut self, notifications: &str, now_ms: f64) -> Result<(), JsError> {
            self.0.set_notifications(parsed(notifications)?, now_ms);
            Ok(())
        }

        /// Ends all tokens that the sign-in has issued.
        #[wasm_bindgen(js_name = revokeTokens)]
        pub fn revoke_tokens(&mut self) {
            self.0.revoke_tokens();
        }
    }
}
