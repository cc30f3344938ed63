//! The host's clock and timers.

use super::{
    task,
    trap::{self, Wait},
};
use std::{
    cell::{Cell, RefCell},
    task::{Context, Poll, Waker},
};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The host's monotonic clock, in milliseconds; every host with fetch has it.
    #[wasm_bindgen(js_namespace = performance)]
    pub fn now() -> f64;
}

/// Longer delays make `setTimeout` fire at once: its delay is a signed 32-bit integer in every host.
const MAX_DELAY_MS: f64 = 2_147_483_647.0;

/// A flag that is set once, for example by a JavaScript callback, and that a future waits for.
#[derive(Default)]
pub struct Flag {
    is_set: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Flag {
    /// Sets it, and wakes the task that waits.
    pub fn set(&self) {
        self.is_set.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.is_set.get()
    }

    /// Ready once it is set.
    pub fn poll(&self, context: &mut Context) -> Poll<()> {
        if self.is_set() {
            return Poll::Ready(());
        }
        self.waker.replace(Some(context.waker().clone()));
        Poll::Pending
    }
}

/// A time limit. It begins with its first poll, so that work that ends at once needs no timer. The timer is cleared
/// when the limit is dropped.
pub struct TimeLimit {
    ms: f64,
    timer: Option<Timer>,
}

/// A timer of the task that started it. Where the host's timers throw, it is over at once.
struct Timer(Option<Wait>);

impl Timer {
    fn start(ms: f64) -> Self {
        // Rounded up, so that the time has passed on the clock too when the timer fires.
        let delay_ms = ms.clamp(0.0, MAX_DELAY_MS).ceil();
        Timer(task::with_current(|poll, task| trap::start_timer(delay_ms, poll, task)).ok())
    }

    fn is_over(&self) -> bool {
        self.0.as_ref().is_none_or(|timer| timer.is_rejected().is_some())
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(timer) = &self.0 {
            let _ = trap::stop_timer(timer);
        }
    }
}

impl TimeLimit {
    /// A limit of `ms` milliseconds; infinite for none.
    pub fn new(ms: f64) -> Self {
        TimeLimit { ms, timer: None }
    }

    /// Ready once the time is over.
    pub fn poll(&mut self) -> Poll<()> {
        if self.ms == f64::INFINITY {
            return Poll::Pending;
        }
        let is_over = self.timer.get_or_insert_with(|| Timer::start(self.ms)).is_over();
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    }
}
