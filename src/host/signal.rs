//! Has the caller changed its mind? One `abort` listener for each call, removed at its end.

use super::timer::{Flag, Timer};
use alloc::rc::Rc;
use core::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

pub struct Abort {
    listening: Option<Listening>,
    aborted: Rc<Flag>,
}

struct Listening {
    signal: AbortSignal,
    listener: Closure<dyn Fn()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        // A signal that cannot be told to forget the listener has nothing more to tell a call that is over.
        let _ = self.signal.remove_event_listener_with_callback("abort", self.listener.as_ref().unchecked_ref());
    }
}

impl Abort {
    /// Listens; the reason of the signal is the error where it is aborted already, for then no event will come.
    pub fn listen(signal: Option<&AbortSignal>) -> Result<Self, JsValue> {
        let aborted = Rc::new(Flag::default());
        let Some(signal) = signal.cloned() else { return Ok(Abort { listening: None, aborted }) };
        if signal.aborted() {
            return Err(signal.reason());
        }
        let flag = Rc::clone(&aborted);
        let listener = Closure::<dyn Fn()>::new(move || flag.set());
        signal.add_event_listener_with_callback("abort", listener.as_ref().unchecked_ref())?;
        Ok(Abort { listening: Some(Listening { signal, listener }), aborted })
    }

    /// The reason of the signal is the error once it is aborted.
    pub fn check(&self) -> Result<(), JsValue> {
        match &self.listening {
            Some(listening) if self.aborted.is_set() => Err(listening.signal.reason()),
            _ => Ok(()),
        }
    }

    /// What `work` comes to; `None` where `timeout_ms` runs out before, the reason of the signal where it is aborted before.
    pub async fn or_timeout<T>(&self, work: impl Future<Output = T>, timeout_ms: f64) -> Result<Option<T>, JsValue> {
        let mut work = pin!(work);
        // Only what does not end at once needs a timer.
        let mut timer = None;
        poll_fn(|context| {
            if self.aborted.poll(context).is_ready() {
                return Poll::Ready(self.check().map(|()| None));
            }
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(Some(done)));
            }
            Pin::new(timer.get_or_insert_with(|| Timer::new(timeout_ms))).poll(context).map(|()| Ok(None))
        })
        .await
    }
}
