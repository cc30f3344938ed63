//! `ConversationClient`: calls that share flights, one budget and the observations.

use super::{
    abort::Abort,
    budget::{AnyBudget, Pacer, SharedBudget},
    commons::Commons,
    driver::Driver,
    error,
    events::Events,
    flight::{Ended, Key, Seat, SharedFlight},
    foreign,
    options::{self, Given, Options},
    task,
    time::{self, TimeLimit},
    token::{AccessToken, SharedToken},
    value::{Access, Refusal, Value},
};
use crate::protocol::{
    budget::REQUESTS_PER_MINUTE,
    checked,
    dialect::Fields,
    error::DisconnectError,
    flight::End,
    observation::{Observations, ParticipantSummary},
    participant::Participant,
    selection::{Description, Group, Selection, is_person},
    settings::Settings,
    target::{Kind, Target},
    timeline::Source,
};
use js_sys::{Array, JSON, Object};
use serde::{Deserialize, de};
use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    ops::Range,
    pin::Pin,
    rc::Rc,
    task::Poll,
};
use wasm_bindgen::prelude::*;

/// The default of `maxAgeMs`: a state observed less than this ago replaces a read.
const MAX_AGE_MS: f64 = 2_000.0;
/// Removals of `disconnectAll` that are under way at a time.
const REMOVALS_AT_ONCE: usize = 8;

/// Options that [`Options`] does not know, for the message about an unknown one.
const MORE_OPTIONS: &str = ", priority; of participants where; of disconnectAll where, keep; \
    of the client budget, requestsPerMinute, maxAgeMs";

/// A client's own options, read and checked at its first call.
struct Shared {
    /// Options of a call: its defaults.
    defaults: Vec<(String, JsValue)>,
    commons: Rc<Commons>,
}

/// The state of a `ConversationClient`.
#[derive(Default)]
pub struct Client {
    /// As the caller gave them.
    options: JsValue,
    /// The option `budget`, where it is a `RateBudget` of this module.
    budget: RefCell<Option<Rc<SharedBudget>>>,
    /// `None` before the first call.
    shared: RefCell<Option<Rc<Shared>>>,
    /// The flights under way, in the order of their conversations' ids.
    flights: RefCell<Vec<Rc<SharedFlight>>>,
    observations: Rc<RefCell<Observations>>,
    /// The tokens of calls under way, and the last one.
    tokens: RefCell<Vec<Rc<SharedToken>>>,
    is_closed: Cell<bool>,
}

/// The checked options of one call of a client.
#[derive(Clone)]
struct Order {
    options: Options,
    priority: bool,
    commons: Rc<Commons>,
}

/// The budget of `new RateBudget(options)`; the error is an `INVALID_ARGUMENT`.
pub fn rate_budget(given: &JsValue) -> Result<Rc<SharedBudget>, JsValue> {
    let read = || {
        let mut given = if given.is_undefined() { Given::new() } else { options::given(given)? };
        let requests = options::option(&mut given, "requestsPerMinute", checked::requests)?;
        match given.pop() {
            Some((name, _)) => Err(de::Error::unknown_field(&name, &["requestsPerMinute"])),
            None => Ok(SharedBudget::new(requests.unwrap_or(REQUESTS_PER_MINUTE))),
        }
    };
    read().map_err(|refusal| error::invalid_argument("RateBudget", refusal))
}

impl Client {
    /// A client; its options are read by its first call.
    pub fn new(options: JsValue) -> Rc<Self> {
        Rc::new(Client { options, ..Client::default() })
    }

    /// Sets the option `budget`, before the first call.
    pub fn share(&self, budget: &Rc<SharedBudget>) {
        self.budget.replace(Some(Rc::clone(budget)));
    }

    // ---- The methods of `ConversationClient` ----

    /// `disconnectIfConnected`.
    pub async fn disconnect(self: Rc<Self>, given: JsValue) -> Result<JsValue, JsValue> {
        const METHOD: &str = "disconnectIfConnected";
        let order = options::given(&given).and_then(|given| self.order(given, false));
        let order = order.map_err(|refusal| error::invalid_argument(METHOD, refusal))?;
        self.run_call(METHOD, order).await?.to_js(METHOD)
    }

    /// `participants`.
    pub async fn participants(self: Rc<Self>, conversation_id: JsValue, given: JsValue) -> Result<JsValue, JsValue> {
        const METHOD: &str = "participants";
        let order = self.listing_order(conversation_id, &given);
        let (group, order) = order.map_err(|refusal| error::invalid_argument(METHOD, refusal))?;
        let Settings { conversation_id, target, max_age_ms, .. } = order.options.settings.clone();
        let recent = || self.observations.borrow().recent_events(&conversation_id, time::now(), max_age_ms);
        // Also events from before the read, because the read may lag.
        let mut events = recent();
        let (mut participants, _) = self.list(METHOD, order).await?;
        events.extend(recent());
        self.observations.borrow().overlay(&mut participants, &events);
        let chosen = participants.iter().filter(|one| group.contains(one));
        let summaries: Vec<ParticipantSummary> =
            chosen.filter_map(|one| ParticipantSummary::of(one, &target)).collect();
        Ok(serde_wasm_bindgen::to_value(&summaries)?)
    }

    /// `disconnectAll`: reads once, then removes each participant of the group by the rule, a bounded number at a time.
    pub async fn disconnect_all(self: Rc<Self>, given: JsValue) -> Result<JsValue, JsValue> {
        const METHOD: &str = "disconnectAll";
        let order = options::given(&given).and_then(|given| self.removal_order(given));
        let refused = |refusal| error::invalid_argument(METHOD, refusal);
        let (removal, order) = order.map_err(refused)?;
        // Held until the end, so that all removals use one token, also those that do not overlap.
        let _token = self.token(&order.options.access_token);
        let Settings { conversation_id, target, .. } = &order.options.settings;
        let (participants, mut requests) = self.list(METHOD, order.clone()).await?;
        let chosen =
            removal.choose(&participants, target).map_err(|given| refused(Refusal::new("keep", &given, &KEEP)))?;
        let ids: Vec<String> = chosen.iter().filter_map(|one| one.id.0.clone()).collect();
        self.observations.borrow_mut().observe(conversation_id, chosen, Source::Read, time::now());

        let removals = ids.iter().map(|id| {
            let mut order = order.clone();
            order.options.settings.target.selection = Selection::Id(id.clone());
            Rc::clone(&self).run_call(METHOD, order)
        });
        let ends = run_bounded(REMOVALS_AT_ONCE, removals.collect()).await;
        Abort::listen(order.options.signal.clone())?;
        if self.is_closed.get() {
            return Err(closed(METHOD));
        }
        let results = Array::new();
        for (id, ended) in ids.iter().zip(ends) {
            let entry = Object::new();
            foreign::set(&entry, "participantId", &id.into());
            if let Ok(ended) = &ended {
                requests += ended.requests();
            }
            match ended.and_then(|ended| ended.to_js(METHOD)) {
                Ok(result) => foreign::set(&entry, "result", &result),
                Err(error) => foreign::set(&entry, "error", &error),
            }
            results.push(&entry);
        }
        let all = Object::new();
        foreign::set(&all, "results", &results);
        foreign::set(&all, "requests", &requests.into());
        Ok(all.into())
    }

    /// `observe`: takes over the states of a notification, an object or JSON text. `at` is when it arrived, on the
    /// host's clock. Never throws. Returns the conversation's id where the notification has states of participants.
    pub fn observe(&self, notification: &JsValue, at: Option<f64>) -> Option<String> {
        if self.is_closed.get() {
            return None;
        }
        let (conversation_id, participants) = event(notification)?;
        let at = at.unwrap_or_else(time::now);
        if !self.observations.borrow_mut().observe(&conversation_id, participants, Source::Event, at) {
            return None;
        }
        let flights = self.flights.borrow();
        let known = flights.get(Self::flights_to(&flights, &conversation_id)).unwrap_or_default();
        known.iter().for_each(|flight| flight.notify_observed());
        Some(conversation_id)
    }

    /// `close`.
    pub fn close(&self) {
        self.is_closed.set(true);
        self.flights.take().iter().for_each(|flight| flight.close());
        self.observations.take();
    }

    // ---- The flights ----

    /// Removes a flight that has ended.
    fn forget(&self, flight: &Rc<SharedFlight>) {
        let mut flights = self.flights.borrow_mut();
        let mut places = Self::flights_to(&flights, &flight.key.settings.conversation_id);
        let place = places.find(|&place| flights.get(place).is_some_and(|one| Rc::ptr_eq(one, flight)));
        if let Some(place) = place {
            flights.remove(place);
        }
    }

    /// The places of a conversation's flights in the list.
    fn flights_to(flights: &[Rc<SharedFlight>], conversation_id: &str) -> Range<usize> {
        let order = |flight: &Rc<SharedFlight>| flight.key.settings.conversation_id.as_str().cmp(conversation_id);
        let start = flights.partition_point(|flight| order(flight).is_lt());
        start..flights.partition_point(|flight| order(flight).is_le())
    }

    // ---- One call ----

    /// The options of a call, with the client's defaults, checked. `lists_all`: the call is about all participants.
    fn order(&self, given: Given, lists_all: bool) -> Result<Order, Refusal> {
        let shared = self.shared()?;
        let mut given = given;
        for (name, value) in &shared.defaults {
            if lists_all && (name == "participantId" || name == "participant") {
                continue;
            }
            // Two options exclude each other: the call's own option also replaces the client's other one of the pair.
            let other = match name.as_str() {
                "participantId" => "participant",
                "participant" => "participantId",
                "region" => "baseUrl",
                "baseUrl" => "region",
                name => name,
            };
            let is_given = given.iter().any(|(one, _)| one == name || one == other);
            if !is_given {
                given.push((name.clone().into(), Value { value: value.clone(), access: Access::Own }));
            }
        }
        let priority = options::option(&mut given, "priority", checked::boolean)?.unwrap_or_default();
        let options = Options::of(given, lists_all).map_err(|refusal| refusal.with_options(MORE_OPTIONS));
        let mut options = options?;
        (options.settings.is_paced, options.settings.max_age_ms) = (true, shared.commons.max_age_ms);
        Ok(Order { options, priority, commons: Rc::clone(&shared.commons) })
    }

    /// The options of `participants`.
    fn listing_order(&self, conversation_id: JsValue, given: &JsValue) -> Result<(Group, Order), Refusal> {
        let mut given = if given.is_undefined() { Given::new() } else { options::given(given)? };
        let group = group(&mut given)?.unwrap_or(Group::All);
        options::taken(&mut given, "conversationId");
        given.push(("conversationId".into(), Value { value: conversation_id, access: Access::Own }));
        given.retain(|(_, given)| !given.value.is_undefined());
        Ok((group, self.order(given, true)?))
    }

    /// The options of `disconnectAll`.
    fn removal_order(&self, given: Given) -> Result<(GroupRemoval, Order), Refusal> {
        let mut given = given;
        let group = group(&mut given)?.unwrap_or(Group::People);
        let keep = options::option(&mut given, "keep", checked::count)?.unwrap_or_default();
        Ok((GroupRemoval { group, keep }, self.order(given, true)?))
    }

    /// The client's own options, checked once.
    fn shared(&self) -> Result<Rc<Shared>, Refusal> {
        if let Some(shared) = &*self.shared.borrow() {
            return Ok(Rc::clone(shared));
        }
        let mut given = options::given(&self.options)?;
        let max_age_ms = options::option(&mut given, "maxAgeMs", checked::milliseconds)?.unwrap_or(MAX_AGE_MS);
        let requests = options::option(&mut given, "requestsPerMinute", checked::requests)?;
        let pacer = match options::taken(&mut given, "budget") {
            Some(_) if requests.is_some() => {
                let accepted = "budget or requestsPerMinute, never both";
                return Err(Refusal::new("requestsPerMinute", "a value beside budget", &accepted));
            }
            Some(budget) => match &*self.budget.borrow() {
                Some(own) => Pacer::Own(Rc::clone(own)),
                None => pacer(budget)?,
            },
            None => Pacer::Own(SharedBudget::new(requests.unwrap_or(REQUESTS_PER_MINUTE))),
        };
        let defaults = given.into_iter().map(|(name, given)| (name.into_owned(), given.value)).collect();
        let commons = Rc::new(Commons { pacer, max_age_ms, observations: Rc::clone(&self.observations) });
        let shared = Rc::new(Shared { defaults, commons });
        self.shared.replace(Some(Rc::clone(&shared)));
        Ok(shared)
    }

    /// The participants of a conversation by one read, and how many requests it took.
    async fn list(self: &Rc<Self>, method: &str, order: Order) -> Result<(Vec<Participant>, u32), JsValue> {
        let ended = Rc::clone(self).run_call(method, order).await?;
        let requests = ended.requests();
        match ended {
            Ended::ByRule(End::Listed(participants, _), _) => Ok((participants, requests)),
            ended => ended.to_js(method).map(|_| (Vec::new(), requests)),
        }
    }

    /// Runs a call: joins the flight of the same participant, or starts one, and waits for the end. The error is the
    /// reason of the signal, or `CLOSED`.
    async fn run_call(self: Rc<Self>, method: &str, order: Order) -> Result<Ended, JsValue> {
        let Order { options, priority, commons } = order;
        let abort = Abort::listen(options.signal.clone())?;
        if self.is_closed.get() {
            return Err(closed(method));
        }
        let mut events = Events::new(options.on_event.clone());
        let mut limit = TimeLimit::new(options.settings.timeout_ms);
        let seat = self.join_or_start(options, priority, events.are_wanted(), commons);
        loop {
            seat.show(&mut events);
            abort.check()?;
            if let Some(ended) = seat.mailbox.ended.take() {
                return Ok(ended);
            }
            if abort.or_timeout(seat.mailbox.notify.notified(), &mut limit).await?.is_none() {
                seat.expire();
            }
        }
    }

    /// Takes a seat in the flight of the same key; starts one with a task of its own where there is none.
    fn join_or_start(
        self: &Rc<Self>,
        options: Options,
        priority: bool,
        wants_events: bool,
        commons: Rc<Commons>,
    ) -> Seat {
        let Options { settings, origin, access_token, fetch, .. } = options;
        let key = Key { settings: settings.clone(), origin, fetch, token: self.token(&access_token) };
        let mut flights = self.flights.borrow_mut();
        let places = Self::flights_to(&flights, &settings.conversation_id);
        let mut known = flights.get(places.clone()).unwrap_or_default().iter();
        if let Some(flight) = known.find(|one| !one.is_over.is_set() && one.key == key) {
            return flight.join(settings, priority, wants_events);
        }
        let flight = SharedFlight::new(key);
        flights.insert(places.end, Rc::clone(&flight));
        drop(flights);
        let seat = flight.join(settings, priority, wants_events);
        let client = Rc::clone(self);
        task::detach(Box::pin(async move {
            if let Err(thrown) = Driver::new(Some(commons), &flight, Abort::by(&flight.is_over)).drive().await {
                flight.end_all(&Ended::Threw(thrown, flight.requests()));
            }
            client.forget(&flight);
        }));
        seat
    }

    /// The shared token of a source: that of calls under way where there is one, otherwise a new one.
    fn token(&self, source: &AccessToken) -> Rc<SharedToken> {
        let mut tokens = self.tokens.borrow_mut();
        tokens.retain(|token| token.source == *source || Rc::strong_count(token) > 1);
        match tokens.iter().find(|token| token.source == *source && Rc::strong_count(token) > 1) {
            Some(token) => Rc::clone(token),
            None => {
                let token = Rc::new(SharedToken::new(source.clone()));
                tokens.retain(|token| token.source != *source);
                tokens.push(Rc::clone(&token));
                token
            }
        }
    }
}

/// The error of a call of a client that is closed.
fn closed(method: &str) -> JsValue {
    error::to_js(&DisconnectError::closed(method), None)
}

/// A budget of the caller's own: an object with the interface of `RateBudget`.
fn pacer(budget: JsValue) -> Result<Pacer, Refusal> {
    if foreign::get(&budget, "take").is_ok_and(|take| take.is_function()) {
        return Ok(Pacer::Foreign(AnyBudget::unchecked_from_js(budget)));
    }
    Err(Refusal::new("budget", &foreign::shown(&budget), &"a RateBudget, or an object { take, report? }"))
}

/// The option `where`.
fn group(given: &mut Given) -> Result<Option<Group>, Refusal> {
    if given.iter().any(|(name, given)| name == "where" && given.value.as_string().as_deref() == Some("people")) {
        options::taken(given, "where");
        return Ok(Some(Group::People));
    }
    let described = options::option(given, "where", |value| Description::deserialize(value).map(Some))?;
    if described.as_ref().is_some_and(|described| described.fields().is_empty()) {
        return Err(Refusal::new("where", "an empty description", &"at least one field"));
    }
    Ok(described.map(Group::Described))
}

/// The participants that `disconnectAll` removes.
struct GroupRemoval {
    group: Group,
    /// How many connected people have to stay.
    keep: f64,
}

/// What the option `keep` accepts.
const KEEP: &str = "a number of connected participants that stay: lower it, or pass a narrower where";

impl GroupRemoval {
    /// The participants of the group that are not gone, each id once. Where fewer than `keep` connected people would be
    /// left, the error is the text for "got ...".
    fn choose(&self, participants: &[Participant], target: &Target) -> Result<Vec<Participant>, String> {
        let is = |one: &Participant, kind| target.listed(one).is_some_and(|listed| listed.kind == kind);
        let (mut chosen, mut connected, mut left) = (Vec::new(), 0, 0);
        for one in participants.iter().filter(|one| target.listed(one).is_some() && !is(one, Kind::Gone)) {
            let talks = u64::from(is(one, Kind::Disconnectable) && is_person(one));
            connected += talks;
            if chosen.iter().any(|known: &Participant| known.id == one.id) {
                connected -= talks;
            } else if self.group.contains(one) {
                chosen.push(one.clone());
            } else {
                left += talks;
            }
        }
        if (left as f64) < self.keep {
            let keep = self.keep as u64;
            return Err(format!("{keep}, but {left} of {connected} connected participants would be left"));
        }
        Ok(chosen)
    }
}

/// The conversation's id and the participants of a notification, or of its `eventBody` alone. `None` for other topics
/// and shapes.
fn event(notification: &JsValue) -> Option<(String, Vec<Participant>)> {
    // Converted to text and back, so that only plain data is read.
    let text = match notification.as_string() {
        Some(text) => text,
        None => JSON::stringify(notification).ok()?.as_string()?,
    };
    let notification = JSON::parse(&text).ok()?;
    let member = |name| foreign::get(&notification, name).ok().filter(|value| !value.is_undefined());
    if let Some(topic) = member("topicName") {
        let topic = topic.as_string()?;
        let is_of_calls = topic.ends_with(".conversations.calls") || topic.ends_with(".conversations");
        if !is_of_calls || !(topic.starts_with("v2.users.") || topic.starts_with("v2.routing.queues.")) {
            return None;
        }
    }
    let body = member("eventBody").unwrap_or_else(|| notification.clone());
    let id = foreign::get(&body, "id").ok()?.as_string().filter(|id| checked::is_id(id))?;
    let participants = super::body::participants_of(&body, "participants", &Fields::default())?;
    Some((id, participants))
}

/// The results of futures, in their order; at most `limit` of them are under way at a time.
async fn run_bounded<F: Future>(limit: usize, futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<(usize, Pin<Box<F>>)> = Vec::new();
    let mut results: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    let mut waiting = futures.into_iter().enumerate();
    poll_fn(move |context| {
        loop {
            while running.len() < limit
                && let Some((index, future)) = waiting.next()
            {
                running.push((index, Box::pin(future)));
            }
            let before = running.len();
            running.retain_mut(|(index, future)| match future.as_mut().poll(context) {
                Poll::Ready(result) => {
                    if let Some(place) = results.get_mut(*index) {
                        *place = Some(result);
                    }
                    false
                }
                Poll::Pending => true,
            });
            if running.is_empty() && waiting.len() == 0 {
                return Poll::Ready(results.drain(..).flatten().collect());
            }
            if running.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await
}
