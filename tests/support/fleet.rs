//! Many callers of one client in virtual time: the protocol's flights, budget and observations, combined as in
//! `src/host`, against the simulator with its window of requests.

use super::response::{body, response};
use disconnect_if_connected::protocol::{
    budget::{Answer, Budget, Limits, Purpose, Ticket},
    call::{Action, Input, requested_wait_ms},
    flight::{CallerId, End, Flight},
    http::{Body, Expected, Failure, Operation, Request as Asked, Response, RetryAfter},
    observation::Observations,
    participant::Participant,
    selection::Selection,
    settings::{Api, Settings},
    timeline::Source,
};
use simulator::{Delivery, Request, Simulator};
use std::{cmp::Ordering, collections::BinaryHeap};

/// `maxAgeMs` of the client.
pub const MAX_AGE_MS: f64 = 2_000.0;

/// Something that happens at a time. In the heap the earliest comes first; of several at once, the one that was planned
/// first.
#[derive(Debug)]
struct Planned {
    at: f64,
    order: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    /// A call starts.
    Joins { caller: usize },
    /// A caller aborts its call.
    Leaves { caller: usize },
    /// The deadline of a caller has passed.
    Expires { caller: usize },
    /// The notification channel delivers the state of a conversation at the time `of`, `without` one participant.
    Event { conversation: String, of: f64, without: Option<String> },
    /// A request reaches the platform.
    Arrives { flight: usize, request: Asked },
    /// A response, or its absence, reaches the flight.
    Answered { flight: usize, input: Input, limits: Option<Limits> },
    /// A wait is over: the one with this number.
    Woken { flight: usize, wait: u64 },
    /// The budget grants the request of a flight.
    Granted { flight: usize },
    /// The budget knows how long a request waits.
    WaitKnown { flight: usize, ticket: Ticket },
    /// The window of the budget may have ended.
    WindowEnds,
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
    /// When and how its call ended: exactly one entry, unless it has left.
    pub ended: Vec<(f64, End)>,
    pub has_left: bool,
    /// Its flight, and its number in it.
    place: Option<(usize, CallerId)>,
}

/// A flight, with what the driver in `src/host` keeps of it.
#[derive(Debug)]
struct Running {
    value: Flight,
    conversation: String,
    selection: Selection,
    started: f64,
    is_over: bool,
    /// The number of the last wait.
    wait: u64,
    is_waiting: bool,
    /// Its place in the queue of the budget.
    ticket: Option<Ticket>,
    /// It holds the slot of a write.
    with_write: bool,
    /// A request was granted and is not sent yet.
    has_grant: bool,
    /// The next request directly follows one of this flight.
    follows: bool,
    /// When it last saw a disconnectable participant, by a read or an event; for the invariant.
    seen_at: f64,
    /// When its last write ended: what it saw before does not count any more.
    write_ended_at: f64,
    /// Its last request is a write.
    writes: bool,
    has_news: bool,
    /// When its last request was sent.
    sent_at: f64,
}

/// A client with its callers, the platform, the network and the clock.
pub struct Fleet {
    pub now: f64,
    pub simulator: Simulator,
    pub budget: Budget,
    pub observations: Observations,
    pub callers: Vec<Caller>,
    /// When each request arrived, and its status.
    pub statuses: Vec<(f64, u16)>,
    /// Writes that break the invariant of the client.
    pub violations: Vec<String>,
    /// Milliseconds from one side to the other.
    latency: Box<dyn FnMut() -> f64>,
    flights: Vec<Running>,
    planned: BinaryHeap<Planned>,
    /// How many were planned so far.
    order: u64,
    /// The requests in the queue of the budget, each with its flight, and whether that knows how long it waits.
    waiting: Vec<(Ticket, usize, bool)>,
    /// When the next `WindowEnds` is planned.
    window_ends_at: f64,
}

impl Caller {
    /// Whether its call is under way, or has not begun.
    fn is_there(&self) -> bool {
        self.ended.is_empty() && !self.has_left
    }
}

impl Fleet {
    /// A client without callers. `latency` returns the milliseconds of each way.
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
            window_ends_at: f64::INFINITY,
        }
    }

    /// Plans something.
    fn plan(&mut self, at: f64, what: What) {
        self.order += 1;
        self.planned.push(Planned { at, order: self.order, what });
    }

    /// Plans a call. Returns the number of its caller.
    pub fn call_at(&mut self, at: f64, settings: Settings, priority: bool) -> usize {
        let settings = Settings { is_paced: true, max_age_ms: MAX_AGE_MS, ..settings };
        self.callers.push(Caller { settings, priority, ended: Vec::new(), has_left: false, place: None });
        let caller = self.callers.len() - 1;
        self.plan(at, What::Joins { caller });
        caller
    }

    /// Plans that a caller aborts its call.
    pub fn leave_at(&mut self, at: f64, caller: usize) {
        self.plan(at, What::Leaves { caller });
    }

    /// Plans an event that arrives at `at` and shows the states at `of`, `without` one participant.
    pub fn event_at(&mut self, at: f64, conversation: &str, of: f64, without: Option<String>) {
        self.plan(at, What::Event { conversation: conversation.to_owned(), of, without });
    }

    /// Runs until nothing is planned any more.
    pub fn run(&mut self) {
        while let Some(Planned { at, what, .. }) = self.planned.pop() {
            // Skipped, so that the deadlines of calls that have ended do not move the clock.
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
                What::WaitKnown { flight, ticket } if self.flights[flight].ticket == Some(ticket) => {
                    if let Some(ms) = self.budget.wait_ms(ticket, self.now) {
                        self.step(flight, Input::Queued(Some(ms)));
                    }
                }
                What::WindowEnds | What::Granted { .. } | What::WaitKnown { .. } => {}
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
        self.record_ends(end.map(|end| (id, end)).into_iter().collect());
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
            self.end_flight(flight);
        }
    }

    fn expire(&mut self, caller: usize) {
        let Some((flight, id)) = self.callers[caller].place else { return };
        let running = &mut self.flights[flight];
        let ended = running.value.expire(id, self.now - running.started);
        let is_empty = running.value.is_empty();
        self.record_ends(ended);
        if is_empty {
            self.end_flight(flight);
        }
    }

    /// Ends a flight: it gives up its place in the queue and its grants.
    fn end_flight(&mut self, flight: usize) {
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

    /// Gives back the grants of a flight.
    fn release(&mut self, flight: usize) {
        if std::mem::take(&mut self.flights[flight].has_grant) {
            self.budget.give_back();
        }
        if std::mem::take(&mut self.flights[flight].with_write) {
            self.budget.free_reserved();
        }
    }

    /// Records the ends of calls.
    fn record_ends(&mut self, ended: Vec<(CallerId, End)>) {
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

    /// The observations of the conversation, on the clock of the flight; `None` where there are none.
    fn observed(&mut self, flight: usize) -> Option<Input> {
        let running = &self.flights[flight];
        let mut observed = self.observations.fresh(&running.conversation, self.now, f64::INFINITY);
        observed.iter_mut().for_each(|one| one.at -= running.started);
        (!observed.is_empty()).then_some(Input::Observed(observed))
    }

    /// The observations of the conversation, where an event has come since the last call.
    fn news(&mut self, flight: usize) -> Option<Input> {
        if std::mem::take(&mut self.flights[flight].has_news) { self.observed(flight) } else { None }
    }

    /// Records, independently of the flight, whether an input shows a disconnectable participant.
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

    /// Passes an input to a flight, and performs its actions until one takes time. The same order as `Driver::drive`.
    fn step(&mut self, flight: usize, input: Input) {
        let mut input = input;
        loop {
            self.note_sight(flight, &input);
            let running = &mut self.flights[flight];
            running.is_waiting = false;
            let step = running.value.next(input, self.now - running.started, 0.5);
            self.record_ends(step.ended);
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
                None => return self.end_flight(flight),
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

    /// Takes a request from the budget; `None` where the flight is in its queue already. The same as `Driver::take`.
    fn take(&mut self, flight: usize, operation: Operation) -> Option<Input> {
        let running = &mut self.flights[flight];
        if running.ticket.is_some() {
            return None;
        }
        // Granted to a write whose observation has become too old: the call reads again.
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
        // Granted at once where possible; otherwise the flight learns how long it waits.
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

    /// Grants all requests that may go. The grant of `own` is returned, because its flight is handling an action.
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
                    if at < self.window_ends_at || self.window_ends_at <= self.now {
                        self.window_ends_at = at;
                        self.plan(at, What::WindowEnds);
                    }
                    self.plan_wait_known(own);
                    return of_own;
                }
                Answer::Idle => return of_own,
            }
        }
    }

    /// Plans `WaitKnown` for the flights that do not know how long they wait.
    fn plan_wait_known(&mut self, own: Option<Ticket>) {
        while let Some(index) = self.waiting.iter().position(|one| !one.2 && own != Some(one.0)) {
            let (ticket, flight, ..) = self.waiting[index];
            self.waiting[index].2 = true;
            self.plan(self.now, What::WaitKnown { flight, ticket });
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

    /// The request reaches the platform, also where its flight is over by now.
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
        let typed = Response { retry_after, ..typed };
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

/// The participants of the body of an event.
fn listed(text: &str) -> Vec<Participant> {
    let expected = Expected::Participants { described: true };
    match body(expected, "participants", text, None) {
        Body::Participants(participants) => participants,
        _ => Vec::new(),
    }
}

/// The settings of a call with this deadline.
pub fn settings(conversation: &str, participant: &str, timeout_ms: f64) -> Settings {
    let settings = Settings::new(conversation, participant, Api::Calls);
    Settings { timeout_ms, request_timeout_ms: 1_000.0, token_can_be_refreshed: false, ..settings }
}
