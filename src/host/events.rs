//! The caller's `onEvent`, and what it has received.

use super::foreign;
use crate::protocol::timeline::Event;
use js_sys::Function;
use wasm_bindgen::prelude::*;

/// The caller's `onEvent`.
pub struct Events {
    on_event: Option<Function>,
    /// How many entries of the timeline it has received.
    emitted: usize,
}

impl Events {
    /// Without a callback, nothing is emitted.
    pub fn new(on_event: Option<Function>) -> Self {
        Events { on_event, emitted: 0 }
    }

    /// Whether there is a callback.
    pub fn are_wanted(&self) -> bool {
        self.on_event.is_some()
    }

    /// The entries that were not emitted yet; none without a callback.
    pub fn unseen(&self, timeline: &[Event]) -> Vec<Event> {
        timeline.get(self.emitted..).filter(|_| self.are_wanted()).unwrap_or_default().to_vec()
    }

    /// Emits entries. A callback that throws, or whose promise is rejected, changes nothing.
    pub fn pass_on(&mut self, events: Vec<Event>) {
        let Some(on_event) = &self.on_event else { return };
        self.emitted += events.len();
        for event in &events {
            let returned = serde_wasm_bindgen::to_value(event)
                .map_err(JsValue::from)
                .and_then(|event| on_event.call1(&JsValue::UNDEFINED, &event));
            if let Ok(returned) = returned {
                foreign::ignore(&returned);
            }
        }
    }
}
