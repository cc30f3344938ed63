//! Flights as the tasks of a client share them.
//!
//! The task of a flight performs the requests, in the async context of the call that started it. Each caller is a task
//! of its own, woken by [`Notify`], so that it receives its events and its end in its own context.

use super::{
    budget::SharedBudget,
    error,
    events::Events,
    notify::Notify,
    time::{self, Flag},
    token::{self, SharedToken},
};
use crate::protocol::{
    budget::Ticket,
    call::{Action, Input},
    flight::{CallerId, End, Flight},
    selection::Selection,
    settings::Settings,
    timeline::Event,
};
use js_sys::{Function, Math};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::prelude::*;

/// How a call ended.
#[derive(Clone)]
pub enum Ended {
    /// By the rule; with the host's error for a request without a whole response.
    ByRule(End, Option<JsValue>),
    /// The caller's token provider or budget threw this error, after so many requests.
    Threw(JsValue, u32),
    /// The token provider returned this instead of a token, after so many requests.
    NoToken(&'static str, u32),
}

/// How a flight reaches a caller.
#[derive(Default)]
pub struct Mailbox {
    /// Set once, when the call has ended.
    pub ended: RefCell<Option<Ended>>,
    /// Wakes the caller: its call has ended, or has new events.
    pub notify: Notify,
    wants_events: bool,
}

/// What calls of one flight have in common: the conversation and the participant, the routes and the token. Of the
/// settings only these count, see `eq`.
pub struct Key {
    pub settings: Settings,
    pub origin: String,
    pub fetch: Option<Function>,
    pub token: Rc<SharedToken>,
}

/// The conversations are equal already: the client looks up its flights by them.
impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        let (ours, theirs) = (&self.settings, &other.settings);
        ours.target == theirs.target
            && ours.user_id == theirs.user_id
            && ours.dialect == theirs.dialect
            && ours.path_prefix == theirs.path_prefix
            && self.origin == other.origin
            && self.fetch == other.fetch
            && Rc::ptr_eq(&self.token, &other.token)
    }
}

/// A flight, its callers and what its task has to know.
pub struct SharedFlight {
    pub key: Key,
    value: RefCell<Flight>,
    callers: RefCell<Vec<(CallerId, Rc<Mailbox>)>>,
    last_id: Cell<u32>,
    /// When it started, on the host's clock.
    pub started: f64,
    /// Ends a wait of its task: a caller joined, or an event was observed.
    pub interrupt: Notify,
    /// An event of its conversation was observed.
    pub has_news: Cell<bool>,
    /// Its last place in the queue of the package's own budget.
    pub place: RefCell<Option<(Rc<SharedBudget>, Ticket)>>,
    /// No caller is left.
    pub is_over: Rc<Flag>,
}

/// A caller's membership in a flight; dropping it leaves the flight.
pub struct Seat {
    flight: Rc<SharedFlight>,
    id: CallerId,
    pub mailbox: Rc<Mailbox>,
}

impl SharedFlight {
    /// A flight without callers, which starts now.
    pub fn new(key: Key) -> Rc<Self> {
        Rc::new(SharedFlight {
            key,
            value: RefCell::default(),
            callers: RefCell::default(),
            last_id: Cell::default(),
            started: time::now(),
            interrupt: Notify::default(),
            has_news: Cell::default(),
            place: RefCell::default(),
            is_over: Rc::default(),
        })
    }

    /// Adds a caller; its call may have ended already.
    pub fn join(self: &Rc<Self>, settings: Settings, priority: bool, wants_events: bool) -> Seat {
        let id = CallerId(self.last_id.get());
        self.last_id.set(id.0.wrapping_add(1));
        let mailbox = Rc::new(Mailbox { wants_events, ..Mailbox::default() });
        self.callers.borrow_mut().push((id, Rc::clone(&mailbox)));
        let end = self.value.borrow_mut().join(id, settings, priority, self.now());
        self.deliver(end.map(|end| (id, end)).into_iter().collect(), None);
        if let Some((budget, ticket)) = self.place.borrow().as_ref().filter(|_| priority) {
            budget.prioritize(*ticket);
        }
        let (is_wait_over, is_in_queue) = (self.value.borrow().is_wait_over(), self.value.borrow().is_in_queue());
        if is_wait_over || is_in_queue {
            self.interrupt.notify();
        }
        Seat { flight: Rc::clone(self), id, mailbox }
    }

    /// An event of the conversation was observed. It does not replace the read of a call about all participants.
    pub fn notify_observed(&self) {
        if self.key.settings.target.selection == Selection::All {
            return;
        }
        self.has_news.set(true);
        self.interrupt.notify();
    }

    /// Ends all callers with `CLOSED`.
    pub fn close(&self) {
        let ended = self.value.borrow_mut().close(self.now());
        self.deliver(ended, None);
    }

    /// Ends all callers in the same way.
    pub fn end_all(&self, ended: &Ended) {
        for (_, mailbox) in self.callers.take() {
            mailbox.end(ended.clone());
        }
        self.is_over.set();
    }

    /// Passes an input to the calls. Returns the next action, `None` where no caller is left. `cause` is the host's
    /// error for the last request.
    pub fn step(&self, input: Input, cause: Option<&JsValue>) -> Option<Action> {
        let step = self.value.borrow_mut().next(input, self.now(), Math::random());
        self.deliver(step.ended, cause);
        step.action
    }

    /// See [`Flight::set_token`].
    pub fn set_token(&self, token: &str) {
        self.value.borrow_mut().set_token(token);
    }

    /// HTTP requests sent.
    pub fn requests(&self) -> u32 {
        self.value.borrow().requests()
    }

    /// See [`Flight::request_timeout_ms`].
    pub fn request_timeout_ms(&self) -> f64 {
        self.value.borrow().request_timeout_ms()
    }

    /// Whether any of the callers has priority.
    pub fn has_priority(&self) -> bool {
        self.value.borrow().has_priority()
    }

    /// The id of the participant that the calls are about; empty before it is known.
    pub fn participant_id(&self) -> String {
        self.value.borrow().participant_id().unwrap_or_default().to_owned()
    }

    /// Milliseconds since the flight started.
    fn now(&self) -> f64 {
        time::now() - self.started
    }

    /// Removes callers whose calls have ended and gives them their ends; wakes the others for new events.
    fn deliver(&self, ended: Vec<(CallerId, End)>, cause: Option<&JsValue>) {
        for (id, end) in ended {
            self.callers.borrow_mut().retain(|(one, mailbox)| {
                let stays = *one != id;
                if !stays {
                    mailbox.end(Ended::ByRule(end.clone(), cause.cloned()));
                }
                stays
            });
        }
        self.callers.borrow().iter().filter(|(_, one)| one.wants_events).for_each(|(_, one)| one.notify.notify());
        if self.value.borrow().is_empty() {
            self.is_over.set();
        }
    }
}

impl Mailbox {
    fn end(&self, ended: Ended) {
        self.ended.replace(Some(ended));
        self.notify.notify();
    }
}

impl Seat {
    /// Ends the caller: its deadline has passed.
    pub fn expire(&self) {
        let ended = self.flight.value.borrow_mut().expire(self.id, self.flight.now());
        self.flight.deliver(ended, None);
    }

    /// Emits the new entries of the caller's timeline.
    pub fn show(&self, events: &mut Events) {
        if !events.are_wanted() {
            return;
        }
        let unseen = match (&*self.mailbox.ended.borrow(), self.flight.value.borrow().call(self.id)) {
            (Some(Ended::ByRule(End::Finished(Ok(result)), _)), _) => events.unseen(&result.timeline),
            (Some(Ended::ByRule(End::Finished(Err(error)), _)), _) => events.unseen(&error.timeline),
            (Some(Ended::ByRule(End::Listed(_, timeline), _)), _) => events.unseen(timeline),
            (None, Some(call)) => events.unseen(call.timeline()),
            _ => return,
        };
        // Nothing is borrowed here, so the callback may call this module.
        events.pass_on(unseen);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.flight.callers.borrow_mut().retain(|(id, _)| *id != self.id);
        if self.flight.value.borrow_mut().leave(self.id) {
            self.flight.is_over.set();
        }
    }
}

/// HTTP requests in a timeline.
fn requests_in(timeline: &[Event]) -> u32 {
    timeline.iter().filter(|event| matches!(event, Event::Request { .. })).count() as u32
}

impl Ended {
    /// HTTP requests sent.
    pub fn requests(&self) -> u32 {
        match self {
            Ended::ByRule(End::Finished(Ok(result)), _) => result.requests,
            Ended::ByRule(End::Finished(Err(error)), _) => requests_in(&error.timeline),
            Ended::ByRule(End::Listed(_, timeline), _) => requests_in(timeline),
            Ended::Threw(_, requests) | Ended::NoToken(_, requests) => *requests,
        }
    }

    /// What the promise of `method` settles with. A call about all participants has no result here.
    pub fn to_js(&self, method: &str) -> Result<JsValue, JsValue> {
        match self {
            Ended::ByRule(End::Finished(Ok(result)), _) => Ok(serde_wasm_bindgen::to_value(result)?),
            Ended::ByRule(End::Finished(Err(fields)), cause) => Err(error::to_js(fields, cause.as_ref())),
            Ended::ByRule(End::Listed(..), _) => Ok(JsValue::UNDEFINED),
            Ended::Threw(thrown, _) => Err(thrown.clone()),
            Ended::NoToken(given, _) => Err(error::invalid_argument(method, token::refusal(given))),
        }
    }
}
