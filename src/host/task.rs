//! Tasks: one for each call, and one for each flight of a client.
//!
//! `wasm_bindgen_futures::spawn_local` polls all tasks from one queue, in the async context (`AsyncLocalStorage`) of
//! the code that woke the queue first: the token provider of one tenant would run in the context of another. It
//! schedules that queue by `queueMicrotask`: where the fake timers of a test drop one such call, no task is polled any
//! more. A task of this module is polled by its own wake-ups, each a reaction to a promise, so that it stays in the
//! context in which its call was started.

use super::trap;
use js_sys::Promise;
use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
};
use wasm_bindgen::prelude::*;

/// A future, and what wakes it.
type Task = (Pin<Box<dyn Future<Output = ()>>>, Arc<WakeUp>);

thread_local! {
    /// The tasks with their ids, in the order of these; `None` while a task runs. No id is used again, because a late
    /// wake-up of a task that has ended must not poll another one in a wrong async context. The ids are enough for two
    /// billion calls: at the platform's limit of 300 requests a minute, for more than ten years.
    static TASKS: RefCell<Vec<(usize, Option<Task>)>> = const { RefCell::new(Vec::new()) };
    static LAST_ID: Cell<usize> = const { Cell::new(0) };
    /// The task that runs.
    static CURRENT: Cell<usize> = const { Cell::new(0) };
    /// Polls the task with this id.
    static POLL: Closure<dyn Fn(usize)> = Closure::new(poll);
}

/// Runs a future whose end nobody waits for; the first poll is now.
pub fn detach(future: Pin<Box<dyn Future<Output = ()>>>) {
    let id = LAST_ID.get().wrapping_add(1);
    LAST_ID.set(id);
    let wake_up = Arc::new(WakeUp { id, is_scheduled: AtomicBool::new(false) });
    TASKS.with_borrow_mut(|tasks| tasks.push((id, Some((future, wake_up)))));
    poll(id);
}

/// Runs a future, and returns the promise of its result; the first poll is now.
pub fn spawn(future: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Result<Promise, JsValue> {
    spawn_boxed(Box::pin(future))
}

fn spawn_boxed(future: Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>) -> Result<Promise, JsValue> {
    let call = trap::begin()?;
    let promise = call.promise();
    detach(Box::pin(async move {
        let result = future.await;
        trap::end(&call, result.is_err(), &result.unwrap_or_else(|error| error));
    }));
    Ok(promise)
}

/// Passes on the function that polls tasks, and the id of the task that runs.
pub fn with_current<T>(use_it: impl FnOnce(&JsValue, usize) -> T) -> T {
    POLL.with(|poll| use_it(poll.as_ref(), CURRENT.get()))
}

/// The place of a task in the list.
fn place(tasks: &[(usize, Option<Task>)], id: usize) -> Option<usize> {
    tasks.binary_search_by_key(&id, |(id, _)| *id).ok()
}

fn poll(id: usize) {
    // Taken out while it runs, because a callback of the caller may start another task.
    let taken = TASKS.with_borrow_mut(|tasks| place(tasks, id).and_then(|place| tasks.get_mut(place)?.1.take()));
    let Some((mut future, wake_up)) = taken else { return };
    wake_up.is_scheduled.store(false, Ordering::Relaxed);
    #[cfg(feature = "trap")]
    trap::spring();
    let waker = Waker::from(Arc::clone(&wake_up));
    let outer = CURRENT.replace(id);
    let is_pending = future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending();
    CURRENT.set(outer);
    let mut task = Some((future, wake_up));
    TASKS.with_borrow_mut(|tasks| {
        let Some(place) = place(tasks, id) else { return };
        match tasks.get_mut(place) {
            Some(entry) if is_pending => entry.1 = task.take(),
            _ => drop(tasks.remove(place)),
        }
    });
}

/// The wake-up of a task.
struct WakeUp {
    id: usize,
    /// A poll is scheduled and has not begun.
    is_scheduled: AtomicBool,
}

impl Wake for WakeUp {
    fn wake(self: Arc<Self>) {
        if !self.is_scheduled.swap(true, Ordering::Relaxed) {
            POLL.with(|poll| trap::soon(poll.as_ref(), self.id));
        }
    }
}
