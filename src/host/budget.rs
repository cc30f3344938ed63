//! The budget of requests as the tasks of a client use it: a place in the queue, then a grant, which has to be ended.

#![allow(missing_debug_implementations, reason = "for the exports of the module only")]

use super::{
    abort::Abort,
    fetch::AbortGuard,
    foreign,
    notify::Notify,
    options,
    time::{self, TimeLimit},
};
use crate::protocol::{
    budget::{Answer, Budget, Limits, Purpose, Ticket},
    call::TIMER_SLACK_MS,
};
use serde::Serialize;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

/// The budget that grants the requests of a client.
#[derive(Clone)]
pub enum Pacer {
    /// The package's own.
    Own(Rc<SharedBudget>),
    /// An object of the application with the interface `Budget`.
    Foreign(AnyBudget),
}

#[wasm_bindgen]
extern "C" {
    /// An object with the interface `Budget` of `src/types.d.ts`.
    #[derive(Clone)]
    pub type AnyBudget;
    #[wasm_bindgen(method, catch)]
    fn take(this: &AnyBudget, request: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn report(this: &AnyBudget, limits: &JsValue) -> Result<JsValue, JsValue>;
}

/// The argument of `Budget.report`: `RateLimits` of `src/types.d.ts`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reported {
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reset_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<f64>,
}

impl AnyBudget {
    /// Takes one request by `take`; the error is what the budget throws. Dropping the future aborts the signal.
    pub async fn granted(self, priority: bool, follows: bool) -> Result<Turned, JsValue> {
        let controller = AbortController::new()?;
        let request = js_sys::Object::new();
        foreign::set(&request, "priority", &priority.into());
        foreign::set(&request, "follows", &follows.into());
        foreign::set(&request, "signal", &controller.signal());
        let mut guard = AbortGuard(Some(controller));
        foreign::settled(&self.take(&request)?).await?;
        guard.0.take();
        Ok(Turned::Granted(None))
    }

    /// Passes limits to `report`. That the budget has none, or that it throws, changes nothing.
    pub fn report_limits(&self, limits: &Limits) {
        let Limits { allowed, count, reset_ms, retry_after_ms, .. } = *limits;
        let reported = serde_wasm_bindgen::to_value(&Reported { allowed, count, reset_ms, retry_after_ms });
        if let Ok(returned) = reported.map_err(JsValue::from).and_then(|limits| self.report(&limits)) {
            foreign::ignore(&returned);
        }
    }
}

/// The package's own budget; clients may share it.
pub struct SharedBudget {
    value: RefCell<Budget>,
    waiting: RefCell<Vec<Rc<Waiter>>>,
}

/// A request that waits for the budget.
struct Waiter {
    ticket: Ticket,
    /// Set once it is granted: whether with the slot of a write.
    granted: Cell<Option<bool>>,
    /// When its own timer fires, on the host's clock; infinite where the time is not known.
    checks_at: Cell<f64>,
    /// Wakes it.
    notify: Notify,
}

/// A place in the queue; dropping it gives it up.
pub struct Place {
    budget: Rc<SharedBudget>,
    waiter: Rc<Waiter>,
}

/// What a place in the queue has turned into.
pub enum Turned {
    /// The request may be sent; without a `Grant` by a budget of the application, which has nothing to end.
    Granted(Option<Grant>),
    /// It waits on, and now knows for how long.
    Waits(Place),
}

/// One request that may be sent; dropping it ends it.
pub struct Grant {
    budget: Rc<SharedBudget>,
    stage: Stage,
    /// It holds the slot of the write that may follow.
    with_write: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Granted,
    Sent,
    Answered,
}

impl SharedBudget {
    /// A budget with this limit until the platform reports another one.
    pub fn new(requests_per_minute: f64) -> Rc<Self> {
        let value = RefCell::new(Budget::new(requests_per_minute));
        Rc::new(SharedBudget { value, waiting: RefCell::default() })
    }

    /// Takes a place in the queue; the grant may be there already.
    pub fn enter(self: &Rc<Self>, purpose: Purpose, priority: bool) -> Place {
        let ticket = self.value.borrow_mut().enter(purpose, priority);
        let (granted, checks_at) = (Cell::new(None), Cell::new(f64::INFINITY));
        let waiter = Rc::new(Waiter { ticket, granted, checks_at, notify: Notify::default() });
        self.waiting.borrow_mut().push(Rc::clone(&waiter));
        self.grant();
        Place { budget: Rc::clone(self), waiter }
    }

    /// Grants all requests that may go, and sets when the others check again.
    fn grant(&self) {
        loop {
            let answer = self.value.borrow_mut().ask(time::now());
            match answer {
                Answer::Go { ticket, with_write } => {
                    if let Some(waiter) = self.leave(ticket) {
                        waiter.granted.set(Some(with_write));
                        waiter.notify.notify();
                    }
                }
                // Wakes those that did not know how long they wait, and the first one where its timer is too late.
                Answer::Wait(ms) => {
                    let (first, ends) = (self.value.borrow().first(), time::now() + ms);
                    for waiter in self.waiting.borrow().iter() {
                        let checks_at = waiter.checks_at.get();
                        let is_late = first == Some(waiter.ticket) && checks_at > ends + TIMER_SLACK_MS;
                        if is_late || checks_at == f64::INFINITY {
                            waiter.checks_at.set(ends);
                            waiter.notify.notify();
                        }
                    }
                    return;
                }
                Answer::Idle => return,
            }
        }
    }

    /// Removes a request from those that wait.
    fn leave(&self, ticket: Ticket) -> Option<Rc<Waiter>> {
        let mut waiting = self.waiting.borrow_mut();
        waiting.iter().position(|waiter| waiter.ticket == ticket).map(|place| waiting.remove(place))
    }

    /// In how many milliseconds, at the earliest, this request may go; `None` where that is not known.
    pub fn wait_ms(&self, ticket: Ticket) -> Option<f64> {
        self.value.borrow().wait_ms(ticket, time::now())
    }

    /// Moves a request to the queue with priority.
    pub fn prioritize(&self, ticket: Ticket) {
        self.change(|budget| budget.prioritize(ticket));
    }

    /// Changes the budget, then grants all requests that may go.
    fn change<T>(&self, change: impl FnOnce(&mut Budget) -> T) -> T {
        let result = change(&mut self.value.borrow_mut());
        self.grant();
        result
    }

    /// `take` of the interface `Budget`: resolves when the request may be sent. The error is the reason of the signal.
    pub async fn take(self: Rc<Self>, request: JsValue) -> Result<JsValue, JsValue> {
        let member = |name| foreign::get(&request, name).ok().filter(|value| !value.is_undefined());
        let is_set = |name| member(name).is_some_and(|value| value.is_truthy());
        let purpose = if is_set("follows") { Purpose::Next } else { Purpose::Single };
        let abort = Abort::listen(member("signal").map(options::signal).transpose().unwrap_or_default())?;
        let place = self.enter(purpose, is_set("priority"));
        let mut place = place.granted();
        loop {
            place = match place {
                Err(grant) => {
                    grant.hand_out();
                    return Ok(JsValue::UNDEFINED);
                }
                Ok(place) => {
                    match abort.or_timeout(place.turn(), &mut TimeLimit::new(f64::INFINITY)).await?.transpose()? {
                        Some(Turned::Waits(place)) => Ok(place),
                        Some(Turned::Granted(Some(grant))) => Err(grant),
                        Some(Turned::Granted(None)) | None => return Ok(JsValue::UNDEFINED),
                    }
                }
            };
        }
    }

    /// Takes over the limits that a response reported.
    pub fn report(&self, limits: &Limits) {
        self.change(|budget| budget.report(limits, time::now()));
    }

    /// `report` of the interface `Budget`. A field that is not a number counts as absent.
    pub fn report_given(&self, limits: &JsValue) {
        let number = |name| foreign::get(limits, name).ok()?.as_f64().filter(|number| number.is_finite());
        let limits = Limits {
            allowed: number("allowed"),
            count: number("count"),
            reset_ms: number("resetMs"),
            retry_after_ms: number("retryAfterMs"),
            is_exceeded: number("retryAfterMs").is_some(),
        };
        self.report(&limits);
    }
}

impl Place {
    /// The budget, and the place in its queue.
    pub fn ticket(&self) -> (Rc<SharedBudget>, Ticket) {
        (Rc::clone(&self.budget), self.waiter.ticket)
    }

    /// `Err` with the grant where there is one already, otherwise `Ok` with the place.
    pub fn granted(self) -> Result<Place, Grant> {
        match self.waiter.granted.take() {
            Some(with_write) => Err(Grant::new(&self.budget, with_write)),
            None => Ok(self),
        }
    }

    /// In how many milliseconds, at the earliest, the grant may come; `None` where it waits for a response.
    pub fn wait_ms(&self) -> Option<f64> {
        self.budget.wait_ms(self.waiter.ticket)
    }

    /// Waits for the grant, or until the place learns, or has to update, how long it waits.
    pub async fn turn(self) -> Result<Turned, JsValue> {
        let knew = self.wait_ms().is_some();
        let mut place = self;
        loop {
            let window_ends_in_ms = place.budget.value.borrow().window_ends_in_ms(time::now());
            let ms = place.wait_ms().or(window_ends_in_ms).unwrap_or(f64::INFINITY);
            place.waiter.checks_at.set(time::now() + ms);
            let mut limit = TimeLimit::new(ms);
            let notified = Abort::never().or_timeout(place.waiter.notify.notified(), &mut limit).await?;
            place.budget.grant();
            place = match place.granted() {
                Ok(place) if place.wait_ms().is_some() && !(knew && notified.is_some()) => {
                    return Ok(Turned::Waits(place));
                }
                Ok(place) => place,
                Err(grant) => return Ok(Turned::Granted(Some(grant))),
            };
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(with_write) = self.waiter.granted.take() {
            // Granted, but the task ended before it received the grant.
            drop(Grant::new(&self.budget, with_write));
        } else if self.budget.leave(self.waiter.ticket).is_some() {
            self.budget.change(|budget| budget.leave(self.waiter.ticket));
        }
    }
}

impl Grant {
    fn new(budget: &Rc<SharedBudget>, with_write: bool) -> Self {
        Grant { budget: Rc::clone(budget), stage: Stage::Granted, with_write }
    }

    /// Whether its request has not been sent.
    pub fn is_unused(&self) -> bool {
        self.stage == Stage::Granted
    }

    /// Its request is sent.
    pub fn send(&mut self) {
        self.stage = Stage::Sent;
    }

    /// The response came, and reported these limits.
    pub fn report(&mut self, limits: &Limits) {
        self.stage = Stage::Answered;
        self.budget.change(|budget| budget.answered(limits, time::now()));
    }

    /// Ends the grant for a user of `take`: whether its request is sent is not reported back.
    fn hand_out(mut self) {
        self.stage = Stage::Answered;
        self.budget.change(Budget::handed_out);
    }

    /// The grant of the write that follows this read, where the slot of the write was granted too and is still free.
    /// With `is_due` in any case, because a write that is due has to follow its read directly: it is counted beyond the
    /// limit.
    pub fn for_write(mut self, is_due: bool) -> Option<Grant> {
        let had_slot = std::mem::take(&mut self.with_write);
        let is_granted = self.budget.change(|budget| {
            let is_granted = had_slot && budget.use_reserved(time::now());
            if is_due && !is_granted {
                budget.overdraw(time::now());
            }
            is_granted || is_due
        });
        is_granted.then(|| Grant::new(&self.budget, false))
    }
}

/// A grant that was not sent is given back; of one that was sent, the response is lost.
impl Drop for Grant {
    fn drop(&mut self) {
        let (stage, with_write) = (self.stage, self.with_write);
        if stage != Stage::Answered || with_write {
            self.budget.change(|budget| {
                match stage {
                    Stage::Granted => budget.give_back(),
                    Stage::Sent => budget.lost(),
                    Stage::Answered => {}
                }
                if with_write {
                    budget.free_reserved();
                }
            });
        }
    }
}
