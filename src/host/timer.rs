//! When is it time? The host's `setTimeout` as a future, cleared when dropped.

use alloc::rc::Rc;
use core::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Gives a number in browsers, an object in Node. (web-sys binds the window's only, and gloo-timers brings std along.)
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Closure<dyn Fn()>, delay_ms: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timeout: &JsValue);
}

/// Longer delays make `setTimeout` fire at once (its delay is a signed 32-bit integer in every host).
const MAX_DELAY_MS: f64 = 2_147_483_647.0;

/// A flag that a JavaScript callback sets and a future waits for.
#[derive(Default)]
pub struct Flag {
    set: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Flag {
    pub fn set(&self) {
        self.set.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub fn is_set(&self) -> bool {
        self.set.get()
    }

    pub fn poll(&self, context: &mut Context) -> Poll<()> {
        if self.is_set() {
            return Poll::Ready(());
        }
        self.waker.replace(Some(context.waker().clone()));
        Poll::Pending
    }
}

pub struct Timer {
    fired: Rc<Flag>,
    timeout: JsValue,
    _callback: Closure<dyn Fn()>,
}

impl Timer {
    pub fn new(ms: f64) -> Self {
        let fired = Rc::new(Flag::default());
        let flag = Rc::clone(&fired);
        let callback = Closure::new(move || flag.set());
        // Rounded up, so that the clock has passed the moment when the timer fires.
        let whole_ms = ms.clamp(0.0, MAX_DELAY_MS) as u32 as f64;
        let delay_ms = if whole_ms < ms { (whole_ms + 1.0).min(MAX_DELAY_MS) } else { whole_ms };
        Timer { fired, timeout: set_timeout(&callback, delay_ms), _callback: callback }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.timeout);
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context) -> Poll<()> {
        self.fired.poll(context)
    }
}
