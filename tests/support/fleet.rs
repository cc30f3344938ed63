//! Many callers of one client in virtual time: the protocol's flights, budget and observations, as src/host puts them
//! together, against the simulator with its window of requests.

use super::response::{body, response};
use disconnect_if_connected::protocol::{
    budget::{Answer, Budget, Limits, Purpose, Ticket},
    call::{Action, Input, requested_wait_ms},
    flight::{CallerId, End, Flight},
    http::{Body, Failure, Operation, Request as Asked, RetryAfter},
    observation::Observations,
    participant::Participant,
    selection::Selection,
    settings::{Api, Settings},
    timeline::Source,
};
use simulator::{Delivery, Request, Simulator};
use std::{cmp::Ordering, collections::BinaryHeap};

pub const MAX_AGE_MS: f64 = 2_000.0;

/// Something that happens at a time; the earlier one first, of two at once the one that was planned first.
#[derive(Debug)]
struct Planned {
    at: f64,
    order: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    Joins {
        caller: usize,
    },
    Leaves {
        caller: usize,
    },
    /// Its deadline.
    Expires {
        caller: usize,
    },
    /// The notification channel delivers what was true at a time.
    Event {
        conversation: String,
        of: f64,
        without: Option<String>,
    },
    Arrives {
        flight: usize,
        request: Asked,
    },
    Answered {
        flight: usize,
        input: Input,
        limits: Option<Limits>,
    },
    Woken {
        flight: usize,
        wait: u64,
    },
    /// The budget grants the request of a flight, or says for how long it waits.
    Granted {
        flight: usize,
    },
    Told {
        flight: usize,
        ticket: Ticket,
    },
    /// Somebody's window of requests may have ended.
    Turns,
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Planned {}
impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Planned {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at).then(other.order.cmp(&self.order))
    }
}

/// One caller, and how it ended.
#[derive(Clone, Debug)]
pub struct Caller {
    pub settings: Settings,
    pub priority: bool,
    pub ended: Vec<(f64, End)>,
    pub has_left: bool,
    place: Option<(usize, CallerId)>,
}

#[derive(Debug)]
struct Running {
    value: Flight,
    conversation: String,
    selection: Selection,
    started: f64,
    is_over: bool,
    /// Tells this wait from earlier ones.
    wait: u64,
    is_waiting: bool,
    ticket: Option<Ticket>,
    with_write: bool,
    /// A request was granted and is not sent yet.
    has_grant: bool,
    follows: bool,
    /// What its writes rest on: the last sight of a disconnectable participant, by a read of its own or by an event.
    seen_at: f64,
    /// An event before the end of a write says nothing of what may be written to after it.
    write_ended_at: f64,
    writes: bool,
    has_news: bool,
    /// Its last request was sent.
    sent_at: f64,
}

pub struct Fleet {
    pub now: f64,
    pub simulator: Simulator,
    pub budget: Budget,
    pub observations: Observations,
    pub callers: Vec<Caller>,
    pub statuses: Vec<(f64, u16)>,
    /// Against the invariant of the client, and the like.
    pub violations: Vec<String>,
    latency: Box<dyn FnMut() -> f64>,
    flights: Vec<Running>,
    planned: BinaryHeap<Planned>,
    order: u64,
    /// Each with its flight, and whether it knows for how long it waits.
    waiting: Vec<(Ticket, usize, bool)>,
    turns_at: f64,
}

impl Caller {
    fn is_there(&self) -> bool {
        self.ended.is_empty() && !self.has_left
    }
}

impl Fleet {
    pub fn new(simulator: Simulator, budget: Budget, latency: impl FnMut() -> f64 + 'static) -> Self {
        Fleet {
            now: 0.0,
            simulator,
            budget,
            observations: Observations::default(),
            callers: Vec::new(),
            statuses: Vec::new(),
            violations: Vec::new(),
            latency: Box::new(latency),
            flights: Vec::new(),
            planned: BinaryHeap::new(),
            order: 0,
            waiting: Vec::new(),
            turns_at: f64::INFINITY,
        }
    }

    fn plan(&mut self, at: f64, what: What) {
        self.order += 1;
        self.planned.push(Planned { at, order: self.order, what });
    }

    pub fn call_at(&mut self, at: f64, settings: Settings, priority: bool) -> usize {
        let settings = Settings { is_paced: true, max_age_ms: MAX_AGE_MS, ..settings };
        self.callers.push(Caller { settings, priority, ended: Vec::new(), has_left: false, place: None });
        let caller = self.callers.len() - 1;
        self.plan(at, What::Joins { caller });
        caller
    }

    pub fn leave_at(&mut self, at: f64, caller: usize) {
        self.plan(at, What::Leaves { caller });
    }

    /// An event arrives at `at` and shows what was true at `of`; `without` one participant, if wanted.
    pub fn event_at(&mut self, at: f64, conversation: &str, of: f64, without: Option<String>) {
        self.plan(at, What::Event { conversation: conversation.to_owned(), of, without });
    }

    /// Until nothing is left to happen.
    pub fn run(&mut self) {
        while let Some(Planned { at, what, .. }) = self.planned.pop() {
            // A deadline that came too late is no event.
            if matches!(what, What::Expires { caller } if !self.callers[caller].is_there()) {
                continue;
            }
            self.now = self.now.max(at);
            match what {
                What::Joins { caller } => self.join(caller),
                What::Leaves { caller } => self.leave(caller),
                What::Expires { caller } => self.expire(caller),
                What::Event { conversation, of, without } => self.event(&conversation, of, without.as_deref()),
                What::Arrives { flight, request } => self.arrive(flight, &request),
                What::Answered { flight, input, limits } => self.answered(flight, input, limits),
                What::Woken { flight, wait } => {
                    let running = &self.flights[flight];
                    if running.is_waiting && running.wait == wait && !running.is_over {
                        self.step(flight, Input::Woke);
                    }
                }
                What::Granted { flight } if !self.flights[flight].is_over => {
                    let news = self.news(flight);
                    let observed = if let Some(Input::Observed(observed)) = news { observed } else { Vec::new() };
                    self.step(flight, Input::Taken(observed));
                }
                What::Told { flight, ticket } if self.flights[flight].ticket == Some(ticket) => {
                    if let Some(ms) = self.budget.wait_ms(ticket, self.now) {
                        self.step(flight, Input::Queued(Some(ms)));
                    }
                }
                What::Turns | What::Granted { .. } | What::Told { .. } => {}
            }
            self.grant();
        }
    }

    fn join(&mut self, caller: usize) {
        let Caller { settings, priority, .. } = self.callers[caller].clone();
        let (conversation, selection) = (settings.conversation_id.clone(), settings.target.selection.clone());
        let known = self
            .flights
            .iter()
            .position(|one| !one.is_over && one.conversation == conversation && one.selection == selection);
        let flight = known.unwrap_or_else(|| {
            self.flights.push(Running {
                value: Flight::default(),
                conversation: conversation.clone(),
                selection,
                started: self.now,
                is_over: false,
                wait: 0,
                is_waiting: false,
                ticket: None,
                with_write: false,
                has_grant: false,
                follows: false,
                seen_at: f64::NEG_INFINITY,
                write_ended_at: f64::NEG_INFINITY,
                writes: false,
                has_news: false,
                sent_at: f64::NEG_INFINITY,
            });
            self.flights.len() - 1
        });
        let id = CallerId(caller as u32);
        self.callers[caller].place = Some((flight, id));
        self.plan(self.now + settings.timeout_ms, What::Expires { caller });
        let running = &mut self.flights[flight];
        let end = running.value.join(id, settings, priority, self.now - running.started);
        self.end(end.map(|end| (id, end)).into_iter().collect());
        if let Some(ticket) = self.flights[flight].ticket.filter(|_| priority) {
            self.budget.prioritize(ticket);
        }
        if known.is_none() {
            let input = self.observed(flight).unwrap_or(Input::Start);
            self.step(flight, input);
        } else if self.flights[flight].value.is_wait_over() {
            self.step(flight, Input::Woke);
        } else if let Some(ticket) = self.flights[flight].ticket {
            self.step(flight, Input::Queued(self.budget.wait_ms(ticket, self.now)));
        }
    }

    fn leave(&mut self, caller: usize) {
        let Some((flight, id)) = self.callers[caller].place else { return };
        if !self.callers[caller].is_there() {
            return;
        }
        self.callers[caller].has_left = true;
        if self.flights[flight].value.leave(id) {
            self.over(flight);
        }
    }

    fn expire(&mut self, caller: usize) {
        let Some((flight, id)) = self.callers[caller].place else { return };
        let running = &mut self.flights[flight];
        let ended = running.value.expire(id, self.now - running.started);
        let is_empty = running.value.is_empty();
        self.end(ended);
        if is_empty {
            self.over(flight);
        }
    }

    fn over(&mut self, flight: usize) {
        let running = &mut self.flights[flight];
        if std::mem::replace(&mut running.is_over, true) {
            return;
        }
        if let Some(ticket) = running.ticket.take() {
            self.budget.leave(ticket);
            self.waiting.retain(|(one, ..)| *one != ticket);
        }
        self.release(flight);
    }

    fn release(&mut self, flight: usize) {
        if std::mem::take(&mut self.flights[flight].has_grant) {
            self.budget.give_back();
        }
        if std::mem::take(&mut self.flights[flight].with_write) {
            self.budget.free_reserved();
        }
    }

    fn end(&mut self, ended: Vec<(CallerId, End)>) {
        for (CallerId(caller), end) in ended {
            self.callers[caller as usize].ended.push((self.now, end));
        }
    }

    fn event(&mut self, conversation: &str, of: f64, without: Option<&str>) {
        let Some(event) = self.simulator.notification(conversation, "v2.users.u.conversations.calls", of) else {
            return;
        };
        let text = event["eventBody"].to_string();
        let participants = listed(&text).into_iter().filter(|one| one.id.0.as_deref() != without).collect();
        if !self.observations.observe(conversation, participants, Source::Event, self.now) {
            return;
        }
        for flight in 0..self.flights.len() {
            let running = &mut self.flights[flight];
            if running.is_over || running.conversation != conversation {
                continue;
            }
            running.has_news = true;
            if (running.is_waiting || running.ticket.is_some())
                && let Some(news) = self.news(flight)
            {
                self.step(flight, news);
            }
        }
    }

    fn observed(&mut self, flight: usize) -> Option<Input> {
        let running = &self.flights[flight];
        let mut observed = self.observations.fresh(&running.conversation, self.now, f64::INFINITY);
        observed.iter_mut().for_each(|one| one.at -= running.started);
        (!observed.is_empty()).then_some(Input::Observed(observed))
    }

    /// What was observed since the flight looked at it.
    fn news(&mut self, flight: usize) -> Option<Input> {
        if std::mem::take(&mut self.flights[flight].has_news) { self.observed(flight) } else { None }
    }

    /// What the flight may rest a write on, seen from outside: an event or its own read.
    fn note_sight(&mut self, flight: usize, input: &Input) {
        let running = &mut self.flights[flight];
        let connected = |one: &Participant| one.state.0.as_deref() == Some("connected");
        let is_meant = |one: &Participant| match &running.selection {
            Selection::Id(id) => one.id.0.as_ref() == Some(id),
            Selection::Described(_) | Selection::All => true,
        };
        match input {
            Input::Observed(observed) | Input::Taken(observed) => {
                for one in observed.iter().filter(|one| is_meant(&one.participant) && connected(&one.participant)) {
                    running.seen_at = running.seen_at.max(one.at + running.started);
                }
            }
            Input::Response(response) => {
                if let Body::Participants(listed) = &response.body {
                    let shows = listed.iter().any(|one| is_meant(one) && connected(one));
                    running.seen_at = if shows { self.now } else { f64::NEG_INFINITY };
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, flight: usize, input: Input) {
        let mut input = input;
        loop {
            self.note_sight(flight, &input);
            let running = &mut self.flights[flight];
            running.is_waiting = false;
            let step = running.value.next(input, self.now - running.started, 0.5);
            self.end(step.ended);
            if !matches!(step.action, Some(Action::Take { .. } | Action::Send(_))) {
                self.release(flight);
                self.flights[flight].follows = false;
            }
            if let Some(Action::Take { .. } | Action::Wait { .. }) = step.action
                && let Some(news) = self.news(flight)
            {
                input = news;
                continue;
            }
            let running = &mut self.flights[flight];
            input = match step.action {
                None => return self.over(flight),
                Some(Action::Token { .. }) => Input::Token,
                Some(Action::Wait { ms }) => {
                    running.is_waiting = true;
                    running.wait += 1;
                    let what = What::Woken { flight, wait: running.wait };
                    return self.plan(self.now + ms, what);
                }
                Some(Action::Take { operation, .. }) => match self.take(flight, operation) {
                    Some(input) => input,
                    None => return,
                },
                Some(Action::Send(request)) => return self.send(flight, request),
                Some(Action::Finish(_) | Action::List(_)) => return,
            };
        }
    }

    fn take(&mut self, flight: usize, operation: Operation) -> Option<Input> {
        let running = &mut self.flights[flight];
        if running.ticket.is_some() {
            return None;
        }
        // One was granted already, to a write that is too old.
        let is_again = std::mem::take(&mut running.has_grant);
        if is_again {
            self.budget.give_back();
        }
        if std::mem::take(&mut running.with_write) {
            if operation == Operation::Write {
                if self.budget.use_reserved(self.now) {
                    running.has_grant = true;
                    return Some(Input::Taken(Vec::new()));
                }
            } else {
                self.budget.free_reserved();
            }
        }
        let purpose = if is_again {
            Purpose::Pair
        } else if running.follows {
            Purpose::Next
        } else if operation == Operation::Read {
            Purpose::Read
        } else {
            Purpose::Single
        };
        let ticket = self.budget.enter(purpose, running.value.has_priority());
        running.ticket = Some(ticket);
        self.waiting.push((ticket, flight, true));
        // Granted at once, where it can be; only who has to wait hears of it.
        if let Some(taken) = self.grant_except(Some(ticket)) {
            return Some(taken);
        }
        let wait_ms = self.budget.wait_ms(ticket, self.now);
        if let Some(waiting) = self.waiting.iter_mut().find(|one| one.0 == ticket) {
            waiting.2 = wait_ms.is_some();
        }
        Some(Input::Queued(wait_ms))
    }

    fn grant(&mut self) {
        self.grant_except(None);
    }

    /// Hands out grants; the one of `own` is returned, because its flight is being stepped.
    fn grant_except(&mut self, own: Option<Ticket>) -> Option<Input> {
        let mut of_own = None;
        loop {
            match self.budget.ask(self.now) {
                Answer::Go { ticket, with_write } => {
                    let index = self.waiting.iter().position(|(one, ..)| *one == ticket).expect("it waits");
                    let (_, flight, _) = self.waiting.remove(index);
                    let running = &mut self.flights[flight];
                    (running.ticket, running.with_write, running.has_grant) = (None, with_write, true);
                    if own == Some(ticket) {
                        of_own = Some(Input::Taken(Vec::new()));
                    } else {
                        self.plan(self.now, What::Granted { flight });
                    }
                }
                Answer::Wait(ms) => {
                    let at = self.now + ms.max(0.001);
                    if at < self.turns_at || self.turns_at <= self.now {
                        self.turns_at = at;
                        self.plan(at, What::Turns);
                    }
                    self.tell(own);
                    return of_own;
                }
                Answer::Idle => return of_own,
            }
        }
    }

    /// Tells those who wait for how long, where they do not know.
    fn tell(&mut self, own: Option<Ticket>) {
        while let Some(index) = self.waiting.iter().position(|one| !one.2 && own != Some(one.0)) {
            let (ticket, flight, ..) = self.waiting[index];
            self.waiting[index].2 = true;
            self.plan(self.now, What::Told { flight, ticket });
        }
    }

    fn send(&mut self, flight: usize, request: Asked) {
        let running = &mut self.flights[flight];
        (running.follows, running.sent_at) = (true, self.now);
        running.writes = request.operation == Operation::Write;
        if request.operation == Operation::Write {
            let age = self.now - running.seen_at;
            if age > MAX_AGE_MS || running.seen_at < running.write_ended_at {
                self.violations.push(format!("a write {age} ms after the last sight, at {}", self.now));
            }
            let id = running.value.participant_id().expect("a write is for somebody").to_owned();
            let conversation = running.conversation.clone();
            self.observations.mark_used(&conversation, &id);
        }
        if !std::mem::take(&mut running.has_grant) {
            assert!(std::mem::take(&mut running.with_write), "a request without a grant");
            if !self.budget.use_reserved(self.now) {
                self.budget.overdraw(self.now);
            }
        }
        let at = self.now + (self.latency)();
        self.plan(at, What::Arrives { flight, request });
    }

    /// The request reaches the platform, even of a flight that is over by now.
    fn arrive(&mut self, flight: usize, request: &Asked) {
        let Asked { method, path, body: text, operation, described, .. } = request.clone();
        let asked = Request { method, path, body: text.unwrap_or_default(), ..Request::default() };
        let reply = self.simulator.handle(&asked, self.now);
        self.statuses.push((self.now, reply.status));
        let back = self.now + (self.latency)();
        let failure = match reply.delivery {
            Delivery::Lost => Some(Failure::Network),
            Delivery::Hang => Some(Failure::Timeout),
            _ => None,
        };
        if let Some(failure) = failure {
            let at = if failure == Failure::Timeout { self.now + request.timeout_ms } else { back };
            let input = Input::NoResponse(failure, None);
            return self.plan(at, What::Answered { flight, input, limits: None });
        }
        let header = |name: &str| reply.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.clone());
        let number = |name: &str| header(name)?.parse::<f64>().ok();
        let retry_after =
            header("Retry-After").map(|value| RetryAfter { value, date_ms: None, sent_ms: None, received_ms: 0.0 });
        let expected = operation.expects(reply.status, described);
        let typed = response(reply.status, body(expected, "participants", &reply.body, None));
        let typed = disconnect_if_connected::protocol::http::Response { retry_after, ..typed };
        let limits = Limits {
            allowed: number("inin-ratelimit-allowed"),
            count: number("inin-ratelimit-count"),
            reset_ms: number("inin-ratelimit-reset").map(|seconds| seconds * 1_000.0),
            retry_after_ms: requested_wait_ms(&typed).filter(|_| reply.status == 429),
            is_exceeded: reply.status == 429,
        };
        self.plan(back, What::Answered { flight, input: Input::Response(typed), limits: Some(limits) });
    }

    fn answered(&mut self, flight: usize, input: Input, limits: Option<Limits>) {
        match limits.filter(|_| !self.flights[flight].is_over) {
            Some(limits) => self.budget.answered(&limits, self.now),
            None => self.budget.lost(),
        }
        if self.flights[flight].is_over {
            return;
        }
        let running = &mut self.flights[flight];
        if running.writes {
            running.write_ended_at = self.now;
        }
        if let Input::Response(response) = &input
            && let Body::Participants(listed) = &response.body
        {
            let conversation = self.flights[flight].conversation.clone();
            self.observations.refresh(&conversation, listed, self.flights[flight].sent_at, self.now);
        }
        self.step(flight, input);
    }
}

fn listed(text: &str) -> Vec<Participant> {
    let expected = disconnect_if_connected::protocol::http::Expected::Participants { described: true };
    match body(expected, "participants", text, None) {
        Body::Participants(participants) => participants,
        _ => Vec::new(),
    }
}

/// A call for the customer of a conversation, which takes its time.
pub fn settings(conversation: &str, participant: &str, timeout_ms: f64) -> Settings {
    let settings = Settings::new(conversation, participant, Api::Calls);
    Settings { timeout_ms, request_timeout_ms: 1_000.0, token_can_be_refreshed: false, ..settings }
}
