//! Cancellation by AbortSignal, and the time limits of waits and requests.

use super::{
    foreign,
    time::{Flag, TimeLimit},
};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    task::Poll,
};
use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, DomException};

/// The caller's signal while a call is under way: one `abort` listener, removed at its end.
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
        // A signal that cannot remove the listener will not reach a call that is over either.
        let _ = self.signal.remove_event_listener_with_callback("abort", self.listener.as_ref().unchecked_ref());
    }
}

impl Abort {
    /// Listens; the error is the reason of a signal that is aborted already, because no event will come.
    pub fn listen(signal: Option<&AbortSignal>) -> Result<Self, JsValue> {
        let aborted = Rc::new(Flag::default());
        let Some(signal) = signal.cloned() else { return Ok(Abort { listening: None, aborted }) };
        if foreign::get(&signal, "aborted")?.is_truthy() {
            return Err(reason(&signal));
        }
        let flag = Rc::clone(&aborted);
        let listener = Closure::<dyn Fn()>::new(move || flag.set());
        signal.add_event_listener_with_callback("abort", listener.as_ref().unchecked_ref())?;
        Ok(Abort { listening: Some(Listening { signal, listener }), aborted })
    }

    /// The error is the reason of the signal once it is aborted.
    pub fn check(&self) -> Result<(), JsValue> {
        match &self.listening {
            Some(listening) if self.aborted.is_set() => Err(reason(&listening.signal)),
            _ => Ok(()),
        }
    }

    /// What `work` results in, or `None` where the time is over first. The error is the reason of a signal that is
    /// aborted first.
    pub async fn or_timeout<T>(
        &self,
        work: impl Future<Output = T>,
        limit: &mut TimeLimit,
    ) -> Result<Option<T>, JsValue> {
        let mut work = pin!(work);
        poll_fn(|context| {
            if self.aborted.poll(context).is_ready() {
                return Poll::Ready(self.check().map(|()| None));
            }
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(Some(done)));
            }
            limit.poll(context).map(|()| Ok(None))
        })
        .await
    }
}

/// The reason of an aborted signal; an AbortError where it has none, as the signals of older polyfills.
fn reason(signal: &AbortSignal) -> JsValue {
    match foreign::get(signal, "reason") {
        Ok(reason) if !reason.is_undefined() => reason,
        _ => DomException::new_with_message_and_name("The call was aborted.", "AbortError")
            .map_or_else(|error| error, JsValue::from),
    }
}
