//! Cancellation by AbortSignal, and the time limits of waits and requests.

use super::{
    foreign,
    time::{Flag, TimeLimit},
    trap,
};
use js_sys::Function;
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    task::Poll,
};
use wasm_bindgen::prelude::*;
use web_sys::DomException;

#[wasm_bindgen]
extern "C" {
    /// An `AbortSignal`, typed by its members: one of another realm or library has another class.
    #[derive(Clone, PartialEq)]
    pub type AnySignal;
    #[wasm_bindgen(method, catch, js_name = addEventListener)]
    fn add_event_listener(this: &AnySignal, event: &str, listener: &Function) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = removeEventListener)]
    fn remove_event_listener(this: &AnySignal, event: &str, listener: &Function) -> Result<JsValue, JsValue>;
}

/// What may end the work early: the caller's signal while a call is under way, or a flag.
pub struct Abort {
    listener: Option<Rc<Listener>>,
    aborted: Rc<Flag>,
}

/// The `abort` listener on a signal: one for all calls that share the signal, because Node warns of more than ten.
struct Listener {
    signal: AnySignal,
    /// What the signal calls: `_callback`, wrapped.
    on_abort: Function,
    _callback: Closure<dyn Fn()>,
    /// One for each call.
    flags: Rc<RefCell<Vec<Rc<Flag>>>>,
}

thread_local! {
    /// The listeners that are added to signals now.
    static LISTENERS: RefCell<Vec<Rc<Listener>>> = const { RefCell::new(Vec::new()) };
}

impl Listener {
    /// The listener on a signal that is not aborted; added where there is none yet.
    fn on(signal: AnySignal) -> Result<Rc<Self>, JsValue> {
        let known = LISTENERS.with_borrow(|all| all.iter().find(|one| one.signal == signal).cloned());
        if let Some(listener) = known {
            return Ok(listener);
        }
        let flags = Rc::new(RefCell::new(Vec::<Rc<Flag>>::new()));
        let all = Rc::clone(&flags);
        let callback = Closure::<dyn Fn()>::new(move || all.borrow().iter().for_each(|flag| flag.set()));
        let on_abort = trap::caught(callback.as_ref());
        foreign::ignore(&signal.add_event_listener("abort", &on_abort)?);
        let listener = Rc::new(Listener { signal, on_abort, _callback: callback, flags });
        LISTENERS.with_borrow_mut(|all| all.push(Rc::clone(&listener)));
        Ok(listener)
    }

    /// Removes the flag of a call, and with the last one the listener.
    fn leave(self: &Rc<Self>, flag: &Rc<Flag>) {
        self.flags.borrow_mut().retain(|one| !Rc::ptr_eq(one, flag));
        if self.flags.borrow().is_empty() {
            LISTENERS.with_borrow_mut(|all| all.retain(|one| !Rc::ptr_eq(one, self)));
            // An error is ignored: without flags the listener does nothing.
            if let Ok(returned) = self.signal.remove_event_listener("abort", &self.on_abort) {
                foreign::ignore(&returned);
            }
        }
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.leave(&self.aborted);
        }
    }
}

impl Abort {
    /// Listens to a signal. The error is the reason of one that is aborted already: it emits no event any more.
    pub fn listen(signal: Option<AnySignal>) -> Result<Self, JsValue> {
        let aborted = Rc::new(Flag::default());
        let Some(signal) = signal else { return Ok(Abort { listener: None, aborted }) };
        if foreign::get(&signal, "aborted")?.is_truthy() {
            return Err(reason(&signal));
        }
        let listener = Listener::on(signal)?;
        listener.flags.borrow_mut().push(Rc::clone(&aborted));
        Ok(Abort { listener: Some(listener), aborted })
    }

    /// Nothing ends the work early.
    pub fn never() -> Self {
        Abort { listener: None, aborted: Rc::default() }
    }

    /// A flag ends the work, without an error.
    pub fn by(flag: &Rc<Flag>) -> Self {
        Abort { listener: None, aborted: Rc::clone(flag) }
    }

    /// Whether the signal is aborted, or the flag set.
    pub fn is_over(&self) -> bool {
        self.aborted.is_set()
    }

    /// The error is the reason of the signal once it is aborted.
    pub fn check(&self) -> Result<(), JsValue> {
        match &self.listener {
            Some(listener) if self.aborted.is_set() => Err(reason(&listener.signal)),
            _ => Ok(()),
        }
    }

    /// The result of `work`; `None` where the time is over, or the flag set, before it. The error is the reason of a
    /// signal that is aborted before it.
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
            limit.poll().map(|()| Ok(None))
        })
        .await
    }
}

/// The reason of an aborted signal; an `AbortError` where it has none (older polyfills).
fn reason(signal: &AnySignal) -> JsValue {
    match foreign::get(signal, "reason") {
        Ok(reason) if !reason.is_undefined() => reason,
        _ => DomException::new_with_message_and_name("The call was aborted.", "AbortError")
            .map_or_else(|error| error, JsValue::from),
    }
}
