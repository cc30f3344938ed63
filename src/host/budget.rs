//! The budget of requests as the tasks of a client use it: a place in the line, a grant, and its end.

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

/// What grants the requests of a client.
#[derive(Clone)]
pub enum Pacer {
    Own(Rc<SharedBudget>),
    /// An object with the interface `Budget`.
    Foreign(AnyBudget),
}

#[wasm_bindgen]
extern "C" {
    /// The interface `Budget` of `src/types.d.ts`, by its members.
    #[derive(Clone)]
    pub type AnyBudget;
    #[wasm_bindgen(method, catch)]
    fn take(this: &AnyBudget, request: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn report(this: &AnyBudget, limits: &JsValue) -> Result<JsValue, JsValue>;
}

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
    /// Takes one request; the error is what the budget throws.
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

    /// A budget without `report`, or one that throws, changes nothing.
    pub fn tell(&self, limits: &Limits) {
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

struct Waiter {
    ticket: Ticket,
    /// Granted, and whether with the slot of a write.
    granted: Cell<Option<bool>>,
    /// When it looks by itself; infinite where it does not know for how long it waits.
    looks_at: Cell<f64>,
    notify: Notify,
}

/// A place in the line; who drops it leaves.
pub struct Place {
    budget: Rc<SharedBudget>,
    waiter: Rc<Waiter>,
}

/// What became of a place in the line.
pub enum Turned {
    /// The request may be sent; a budget of the application's own wants to hear no more of it.
    Granted(Option<Grant>),
    Waits(Place),
}

/// One request that may be sent.
pub struct Grant {
    budget: Rc<SharedBudget>,
    stage: Stage,
    with_write: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Granted,
    Sent,
    Answered,
}

impl SharedBudget {
    pub fn new(requests_per_minute: f64) -> Rc<Self> {
        let value = RefCell::new(Budget::new(requests_per_minute));
        Rc::new(SharedBudget { value, waiting: RefCell::default() })
    }

    pub fn enter(self: &Rc<Self>, purpose: Purpose, priority: bool) -> Place {
        let ticket = self.value.borrow_mut().enter(purpose, priority);
        let (granted, looks_at) = (Cell::new(None), Cell::new(f64::INFINITY));
        let waiter = Rc::new(Waiter { ticket, granted, looks_at, notify: Notify::default() });
        self.waiting.borrow_mut().push(Rc::clone(&waiter));
        self.grant();
        Place { budget: Rc::clone(self), waiter }
    }

    /// Grants what may go.
    fn grant(&self) {
        loop {
            let answer = self.value.borrow_mut().ask(time::now());
            match answer {
                Answer::Go { ticket, with_write } => self.waiting.borrow_mut().retain(|waiter| {
                    let waits = waiter.ticket != ticket;
                    if !waits {
                        waiter.granted.set(Some(with_write));
                        waiter.notify.notify();
                    }
                    waits
                }),
                // Who did not know for how long, may know now; and the first one has to look in time.
                Answer::Wait(ms) => {
                    let (first, ends) = (self.value.borrow().first(), time::now() + ms);
                    for waiter in self.waiting.borrow().iter() {
                        let looks_at = waiter.looks_at.get();
                        let is_late = first == Some(waiter.ticket) && looks_at > ends + TIMER_SLACK_MS;
                        if is_late || looks_at == f64::INFINITY {
                            waiter.looks_at.set(ends);
                            waiter.notify.notify();
                        }
                    }
                    return;
                }
                Answer::Idle => return,
            }
        }
    }

    /// In how many milliseconds, at the earliest, this one may go; `None` where that is not known.
    pub fn wait_ms(&self, ticket: Ticket) -> Option<f64> {
        self.value.borrow().wait_ms(ticket, time::now())
    }

    /// A flight that somebody with priority has joined.
    pub fn prioritize(&self, ticket: Ticket) {
        self.change(|budget| budget.prioritize(ticket));
    }

    fn change<T>(&self, change: impl FnOnce(&mut Budget) -> T) -> T {
        let result = change(&mut self.value.borrow_mut());
        self.grant();
        result
    }

    /// The interface `Budget`: takes one request; the error is the reason of the signal.
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
                    grant.give_away();
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

    /// What a response said of the limits.
    pub fn report(&self, limits: &Limits) {
        self.change(|budget| budget.report(limits, time::now()));
    }

    /// The interface `Budget`: the same.
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
    /// The line, and the place in it.
    pub fn ticket(&self) -> (Rc<SharedBudget>, Ticket) {
        (Rc::clone(&self.budget), self.waiter.ticket)
    }

    /// The grant, where there is one already; otherwise the place.
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

    /// Waits for the grant; or until it is known anew for how long that takes.
    pub async fn turn(self) -> Result<Turned, JsValue> {
        let knew = self.wait_ms().is_some();
        let mut place = self;
        loop {
            let turns_in_ms = place.budget.value.borrow().turns_in_ms(time::now());
            let ms = place.wait_ms().or(turns_in_ms).unwrap_or(f64::INFINITY);
            place.waiter.looks_at.set(time::now() + ms);
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

impl Place {
    fn is_waiting(&self) -> bool {
        self.budget.waiting.borrow().iter().any(|one| one.ticket == self.waiter.ticket)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        match self.waiter.granted.take() {
            // Granted, but the task ended before it knew.
            Some(with_write) => drop(Grant::new(&self.budget, with_write)),
            None if self.is_waiting() => {
                self.budget.waiting.borrow_mut().retain(|one| one.ticket != self.waiter.ticket);
                self.budget.change(|budget| budget.leave(self.waiter.ticket));
            }
            None => {}
        }
    }
}

impl Grant {
    fn new(budget: &Rc<SharedBudget>, with_write: bool) -> Self {
        Grant { budget: Rc::clone(budget), stage: Stage::Granted, with_write }
    }

    pub fn is_unused(&self) -> bool {
        self.stage == Stage::Granted
    }

    pub fn send(&mut self) {
        self.stage = Stage::Sent;
    }

    /// The response came.
    pub fn report(&mut self, limits: &Limits) {
        self.stage = Stage::Answered;
        self.budget.change(|budget| budget.answered(limits, time::now()));
    }

    /// Whoever asked for it knows alone what becomes of it.
    fn give_away(mut self) {
        self.stage = Stage::Answered;
        self.budget.change(Budget::given_away);
    }

    /// The grant of the write that follows, where its slot was given with the read; also where others have used it up
    /// since, if the write is due: that it directly follows its read counts more.
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

/// One that was not sent is given back; of one that was sent, the response is lost.
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
