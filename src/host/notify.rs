//! A wake-up from another task that keeps the async context of whoever waits.
//!
//! A [`std::task::Waker`] schedules its task in the context of whoever wakes it. Here a task waits for a promise of its
//! own, and the reaction to it runs in the context in which the task began to wait.

use super::foreign;
use js_sys::{Function, Promise};
use std::cell::{Cell, RefCell};
use wasm_bindgen::prelude::*;

#[derive(Default)]
pub struct Notify {
    is_set: Cell<bool>,
    resolve: RefCell<Option<Function>>,
}

impl Notify {
    /// Wakes the task that waits, or lets the next wait end at once.
    pub fn notify(&self) {
        self.is_set.set(true);
        if let Some(resolve) = self.resolve.take() {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    }

    /// Forgets a notification that nobody waited for.
    pub fn reset(&self) {
        self.is_set.set(false);
    }

    /// Ends at the next notification. One task at a time waits.
    pub async fn notified(&self) {
        if !self.is_set.replace(false) {
            let promise = Promise::new(&mut |resolve, _| drop(self.resolve.replace(Some(resolve))));
            let _ = foreign::settled(&promise).await;
            self.is_set.set(false);
        }
    }
}
