//! A wake-up by another task that keeps the async context of the task that waits.
//!
//! A [`std::task::Waker`] schedules its task in the async context of the code that wakes it. Here a task waits for a
//! promise of its own, and the reaction to it runs in the context in which the task began to wait.

use super::{
    foreign,
    trap::{self, Deferred},
};
use std::cell::{Cell, RefCell};
use wasm_bindgen::prelude::*;

/// The wake-up of one task.
#[derive(Default)]
pub struct Notify {
    is_set: Cell<bool>,
    waiting: RefCell<Option<Deferred>>,
}

impl Notify {
    /// Wakes the task that waits; without one, the next wait ends at once.
    pub fn notify(&self) {
        self.is_set.set(true);
        if let Some(waiting) = self.waiting.take() {
            trap::end(&waiting, false, &JsValue::UNDEFINED);
        }
    }

    /// Drops a notification that no task has waited for.
    pub fn reset(&self) {
        self.is_set.set(false);
    }

    /// Waits for the next notification. Only one task may wait at a time.
    pub async fn notified(&self) {
        if !self.is_set.replace(false) {
            let deferred = trap::deferred().unwrap_or_else(|error| wasm_bindgen::throw_val(error));
            let promise = deferred.promise();
            self.waiting.replace(Some(deferred));
            let _ = foreign::settled(&promise).await;
            self.is_set.set(false);
        }
    }
}
