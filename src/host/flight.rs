//! Flights as the tasks of a client share them.
//!
//! A flight's own task performs the requests, in the async context of the call that started it. Its callers are tasks
//! of their own, and are told by [`Notify`], so that each receives its events and its end in its own context.

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
    selection::Whom,
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
    /// By the rule; with what the host says of a request without a whole response.
    ByRule(End, Option<JsValue>),
    /// By what the caller's own token provider or budget threw; after so many requests.
    Threw(JsValue, u32),
    /// The token provider gave something else.
    NoToken(&'static str, u32),
}

/// Where a caller finds its end.
#[derive(Default)]
pub struct Mailbox {
    pub ended: RefCell<Option<Ended>>,
    pub notify: Notify,
    /// The caller wants to be told of each event.
    wants_events: bool,
}

/// What makes two calls the same: the conversation and the participant, by the same routes, with the same token.
pub struct Key {
    pub settings: Settings,
    pub origin: String,
    pub fetch: Option<Function>,
    pub token: Rc<SharedToken>,
}

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

pub struct SharedFlight {
    pub key: Key,
    value: RefCell<Flight>,
    callers: RefCell<Vec<(CallerId, Rc<Mailbox>)>>,
    last_id: Cell<u32>,
    pub started: f64,
    /// Ends a wait: somebody joined, or something was observed.
    pub interrupt: Notify,
    pub has_news: Cell<bool>,
    /// Its last place in the line of the budget.
    pub place: RefCell<Option<(Rc<SharedBudget>, Ticket)>>,
    /// Nobody is left.
    pub is_over: Rc<Flag>,
}

/// A caller's place in a flight; who drops it leaves.
pub struct Seat {
    flight: Rc<SharedFlight>,
    id: CallerId,
    pub mailbox: Rc<Mailbox>,
}

impl SharedFlight {
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
        let (ends_wait, takes) = (self.value.borrow().ends_wait(), self.value.borrow().takes());
        if ends_wait || takes {
            self.interrupt.notify();
        }
        Seat { flight: Rc::clone(self), id, mailbox }
    }

    /// Something was observed of the conversation; it stands for no read of all.
    pub fn tell(&self) {
        if self.key.settings.target.whom == Whom::Everyone {
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

    /// Hands the input to the calls; what they want next, or `None` where nobody is left. `cause` is what the host says
    /// of the last request.
    pub fn step(&self, input: Input, cause: Option<&JsValue>) -> Option<Action> {
        let step = self.value.borrow_mut().next(input, self.now(), Math::random());
        self.deliver(step.ended, cause);
        step.action
    }

    pub fn set_token(&self, token: &str) {
        self.value.borrow_mut().set_token(token);
    }

    pub fn requests(&self) -> u32 {
        self.value.borrow().requests()
    }

    pub fn request_timeout_ms(&self) -> f64 {
        self.value.borrow().request_timeout_ms()
    }

    pub fn has_priority(&self) -> bool {
        self.value.borrow().has_priority()
    }

    /// The participant that is meant; empty before it is known.
    pub fn participant_id(&self) -> String {
        self.value.borrow().participant_id().unwrap_or_default().to_owned()
    }

    fn now(&self) -> f64 {
        time::now() - self.started
    }

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
    /// The caller's time is over.
    pub fn expire(&self) {
        let ended = self.flight.value.borrow_mut().expire(self.id, self.flight.now());
        self.flight.deliver(ended, None);
    }

    /// Passes on what the caller's timeline has gained.
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
        // Nothing is borrowed any more: the callback may call whatever it likes.
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

    /// As the promise of `method` settles.
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
