//! One task per call.
//!
//! `wasm_bindgen_futures::spawn_local` polls all tasks from one queue, in the async context (`AsyncLocalStorage`) of whoever
//! woke the queue first: a token provider of one tenant would run in the context of another. It schedules that queue by
//! `queueMicrotask`, and one call of it that a test's fake timers drop stops every later call. A task of this module is
//! polled by its own wake-ups, each a reaction to a resolved promise, so that it stays in the context in which its call
//! was started.

use js_sys::{Function, Promise};
use send_wrapper::SendWrapper;
use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Wake, Waker},
};
use wasm_bindgen::prelude::*;

type Reaction = Closure<dyn FnMut(JsValue)>;

struct Task {
    /// `None` once it is done.
    future: RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>>,
    is_scheduled: Cell<bool>,
    /// The reaction that polls next; kept until it runs.
    reaction: RefCell<Option<Reaction>>,
}

/// Runs a future, from now on, and gives the promise of its result.
pub fn spawn(future: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    let mut future = Some(future);
    Promise::new(&mut |resolve: Function, reject: Function| {
        let Some(future) = future.take() else { return };
        let settle = async move {
            let _ = match future.await {
                Ok(value) => resolve.call1(&JsValue::UNDEFINED, &value),
                Err(error) => reject.call1(&JsValue::UNDEFINED, &error),
            };
        };
        let task = Task {
            future: RefCell::new(Some(Box::pin(settle))),
            is_scheduled: Cell::new(false),
            reaction: RefCell::new(None),
        };
        Rc::new(task).poll();
    })
}

impl Task {
    fn poll(self: &Rc<Self>) {
        self.is_scheduled.set(false);
        drop(self.reaction.take());
        // Taken out while it runs: a callback of the caller's may lead back here.
        let Some(mut future) = self.future.take() else { return };
        let waker = Waker::from(Arc::new(WakeUp(SendWrapper::new(Rc::clone(self)))));
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            self.future.replace(Some(future));
        }
    }

    fn schedule(self: &Rc<Self>) {
        if self.is_scheduled.replace(true) {
            return;
        }
        let task = Rc::clone(self);
        let reaction = Closure::once(move |_: JsValue| task.poll());
        let _ = Promise::resolve(&JsValue::UNDEFINED).then(&reaction);
        self.reaction.replace(Some(reaction));
    }
}

struct WakeUp(SendWrapper<Rc<Task>>);

impl Wake for WakeUp {
    fn wake(self: Arc<Self>) {
        self.0.schedule();
    }
}
