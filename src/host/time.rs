//! The host's clock and timers.

use gloo_timers::callback::Timeout;
use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The monotonic clock, in milliseconds; every host that has fetch has it.
    #[wasm_bindgen(js_namespace = performance)]
    pub fn now() -> f64;
}

/// Longer delays make `setTimeout` fire at once: its delay is a signed 32-bit integer in every host.
const MAX_DELAY_MS: f64 = 2_147_483_647.0;

/// A flag that a JavaScript callback sets and a future waits for.
#[derive(Default)]
pub struct Flag {
    is_set: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Flag {
    pub fn set(&self) {
        self.is_set.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub fn is_set(&self) -> bool {
        self.is_set.get()
    }

    pub fn poll(&self, context: &mut Context) -> Poll<()> {
        if self.is_set() {
            return Poll::Ready(());
        }
        self.waker.replace(Some(context.waker().clone()));
        Poll::Pending
    }
}

/// A timer as a future; it is cleared when it is dropped.
pub struct Timer {
    fired: Rc<Flag>,
    _timeout: Timeout,
}

impl Timer {
    pub fn new(ms: f64) -> Self {
        let fired = Rc::new(Flag::default());
        let flag = Rc::clone(&fired);
        // Rounded up, so that the clock has passed the moment when the timer fires.
        let delay_ms = ms.clamp(0.0, MAX_DELAY_MS).ceil() as u32;
        Timer { fired, _timeout: Timeout::new(delay_ms, move || flag.set()) }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context) -> Poll<()> {
        self.fired.poll(context)
    }
}
