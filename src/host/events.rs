//! The caller's `onEvent`.

use super::foreign;
use crate::protocol::timeline::Event;
use js_sys::Function;
use wasm_bindgen::prelude::*;

/// The caller's `onEvent`, and how much of the timeline it has received.
pub struct Events {
    on_event: Option<Function>,
    emitted: usize,
}

impl Events {
    pub fn new(on_event: Option<Function>) -> Self {
        Events { on_event, emitted: 0 }
    }

    pub fn are_wanted(&self) -> bool {
        self.on_event.is_some()
    }

    /// The entries that are new.
    pub fn unseen(&self, timeline: &[Event]) -> Vec<Event> {
        timeline.get(self.emitted..).filter(|_| self.are_wanted()).unwrap_or_default().to_vec()
    }

    /// Passes them on. A callback that throws, or whose promise is rejected, changes nothing.
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
