//! The exhaustive check of a client: two callers of one flight, its budget and its observations, against the real
//! simulator with its window of requests, over every interleaving within the bounds at the end of this file.
//!
//! Time is as in tests/model.rs: a request takes none, waits take theirs, jitter is at its middle; late means `LAG_MS`
//! late.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/response.rs"]
mod response;

use disconnect_if_connected::protocol::{
    budget::{Answer, Budget, Limits, Purpose, Ticket},
    call::{Action as Next, Input},
    flight::{CallerId, End, Flight},
    http::{Body, Expected, Failure, Operation, Request as Asked},
    observation::{Observations, Observed},
    outcome::Outcome,
    participant::Participant as Listed,
    settings::{Api, Settings},
    timeline::Source,
};
use response::{body, response};
use simulator::{Config, Conversation, GONE, Participant, Request, Simulator, Step};
use stateright::{Checker, Model, Property};
use std::hash::{Hash, Hasher};

const LAG_MS: f64 = 100.0;
/// `maxAgeMs` of the client.
const MAX_AGE_MS: f64 = 150.0;
const WINDOW_MS: f64 = 1_000.0;
const REQUESTS_IN_A_WINDOW: u32 = 4;

/// The true state of the participant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Truth {
    Connected,
    Unsettled,
    Gone,
}

impl Truth {
    fn step(self, at: f64) -> Step {
        let state = match self {
            Truth::Connected => "connected",
            Truth::Unsettled => "queued",
            Truth::Gone => "terminated",
        };
        Step { at, state: Some(state.to_owned()), changing: false }
    }
}

/// One thing that may happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Occurrence {
    /// The platform, or another party, changes the true state.
    Change(Truth),
    /// The second caller joins.
    Joins,
    /// A caller aborts its call.
    Leaves(u32),
    /// An event shows the state of now, or of `LAG_MS` ago.
    Event { late: bool },
    /// An event lacks the participant.
    EventWithout,
    /// The wait of the flight, or for the budget, is over.
    TimePasses,
    /// The platform answers; `late`: a read shows the state of `LAG_MS` ago, a disconnect takes effect `LAG_MS` later.
    Answers { late: bool },
    /// Another status, and the platform has not handled the request.
    Status(u16),
    /// The connection breaks; `performed`: the platform has handled the request.
    Lost { performed: bool },
}

/// What the flight waits for.
#[derive(Clone, PartialEq, Debug)]
enum Pending {
    /// The budget.
    Turn(Ticket, Operation),
    Request(Asked),
    Wait {
        until: f64,
    },
    /// Nothing: it has ended, or is handling an input.
    Over,
}

#[derive(Clone, PartialEq, Debug)]
enum Caller {
    NotYet,
    In {
        deadline: f64,
    },
    /// How and when.
    Ended(End, f64),
    Left,
}

/// A state of the model.
#[derive(Clone, Debug)]
struct State {
    flight: Flight,
    budget: Budget,
    observations: Observations,
    platform: Simulator,
    now: f64,
    pending: Pending,
    callers: [Caller; 2],
    with_write: bool,
    has_grant: bool,
    follows: bool,
    changes_left: u8,
    faults_left: u8,
    events_left: u8,
    has_news: bool,
    history: History,
}

/// What the properties need to know of the past.
#[derive(Clone, Debug, Default)]
struct History {
    /// When a read or an event last showed the participant connected, since the last write.
    seen_at: Option<f64>,
    /// A write was sent without such an observation, or on one that was too old.
    wrote_wrongly: bool,
    /// The platform's window was exceeded.
    was_limited: bool,
    accepted: bool,
    answered_twice: bool,
    wrote_on_an_event: bool,
    waited_for_budget: bool,
    joined_in_a_wait: bool,
    truth_changed_at: f64,
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.flight.hash(hasher);
        format!("{:?}{:?}{:?}", self.budget, self.observations, self.history).hash(hasher);
        (self.now.to_bits(), self.with_write, self.has_grant, self.follows, self.has_news).hash(hasher);
        (self.changes_left, self.faults_left, self.events_left).hash(hasher);
        match &self.pending {
            Pending::Turn(_, operation) => (0, operation).hash(hasher),
            Pending::Request(request) => (1, request.operation).hash(hasher),
            Pending::Wait { until } => (2, until.to_bits()).hash(hasher),
            Pending::Over => 3.hash(hasher),
        }
        for caller in &self.callers {
            match caller {
                Caller::NotYet => 0.hash(hasher),
                Caller::In { deadline } => (1, deadline.to_bits()).hash(hasher),
                Caller::Ended(End::Finished(Ok(result)), _) => (2, result.outcome, result.acknowledged).hash(hasher),
                Caller::Ended(End::Finished(Err(error)), _) => {
                    (3, error.code, error.may_have_disconnected).hash(hasher);
                }
                Caller::Ended(End::Listed(..), _) => 4.hash(hasher),
                Caller::Left => 5.hash(hasher),
            }
        }
        let participant = participant(&self.platform);
        let recent = participant.schedule.iter().rposition(|step| step.at <= self.now - LAG_MS).unwrap_or(0);
        for step in &participant.schedule[recent..] {
            (&step.state, step.at.max(self.now - LAG_MS).to_bits()).hash(hasher);
        }
        participant.removed_at_ms.map(|at| at.max(self.now - LAG_MS).to_bits()).hash(hasher);
    }
}

impl PartialEq for State {
    fn eq(&self, other: &State) -> bool {
        fingerprint(self) == fingerprint(other)
    }
}

fn fingerprint(state: &State) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

fn participant(platform: &Simulator) -> &Participant {
    &platform.config().conversations[0].participants[0]
}

/// The model, with its bounds.
struct Client {
    changes: u8,
    faults: u8,
    events: u8,
}

/// The settings of the first caller, and of a second one with an earlier deadline and `confirm`.
fn settings(caller: usize) -> Settings {
    let settings = Settings {
        settle_ms: 250.0,
        timeout_ms: 3_000.0,
        max_retries: 1,
        is_paced: true,
        max_age_ms: MAX_AGE_MS,
        token_can_be_refreshed: false,
        ..Settings::new("c", "p", Api::Calls)
    };
    match caller {
        0 => settings,
        _ => Settings { timeout_ms: 200.0, confirm: true, ..settings },
    }
}

impl State {
    fn truth(&self, at: f64) -> Option<&str> {
        participant(&self.platform).state(at)
    }

    fn join(&mut self, caller: usize) {
        let settings = settings(caller);
        self.callers[caller] = Caller::In { deadline: self.now + settings.timeout_ms };
        self.history.joined_in_a_wait |= matches!(self.pending, Pending::Wait { .. });
        let id = CallerId(caller as u32);
        let end = self.flight.join(id, settings, false, self.now);
        self.end(end.map(|end| (id, end)).into_iter().collect());
        if self.flight.is_wait_over() {
            self.step(Input::Woke);
        } else if let Pending::Turn(ticket, _) = self.pending {
            self.step(Input::Queued(self.budget.wait_ms(ticket, self.now)));
        }
    }

    /// Records the ends of calls.
    fn end(&mut self, ended: Vec<(CallerId, End)>) {
        for (CallerId(caller), end) in ended {
            let caller = &mut self.callers[caller as usize];
            self.history.answered_twice |= !matches!(caller, Caller::In { .. });
            *caller = Caller::Ended(end, self.now);
        }
    }

    /// Ends the flight: it gives up its place in the queue and its grants.
    fn over(&mut self) {
        if let Pending::Turn(ticket, _) = self.pending {
            self.budget.leave(ticket);
        }
        if let Pending::Request(_) = self.pending {
            self.budget.lost();
        }
        self.release();
        self.pending = Pending::Over;
    }

    /// Gives back the grants.
    fn release(&mut self) {
        if std::mem::take(&mut self.has_grant) {
            self.budget.give_back();
        }
        if std::mem::take(&mut self.with_write) {
            self.budget.free_reserved();
        }
    }

    fn observed(&self) -> Vec<Observed> {
        self.observations.fresh("c", self.now, f64::INFINITY)
    }

    /// The observations, where an event has come since the last call.
    fn news(&mut self) -> Option<Input> {
        std::mem::take(&mut self.has_news).then(|| Input::Observed(self.observed()))
    }

    /// Passes an input to the flight, and performs its actions until one takes time. The same order as `Driver::drive`
    /// in `src/host`.
    fn step(&mut self, input: Input) {
        let mut input = input;
        loop {
            let step = self.flight.next(input, self.now, 0.5);
            self.end(step.ended);
            if !matches!(step.action, Some(Next::Take { .. } | Next::Send(_))) {
                self.release();
                self.follows = false;
            }
            if let Some(Next::Take { .. } | Next::Wait { .. }) = step.action
                && let Some(news) = self.news()
            {
                input = news;
                continue;
            }
            input = match step.action {
                None => return self.over(),
                Some(Next::Token { .. }) => Input::Token,
                Some(Next::Wait { ms }) => return self.pending = Pending::Wait { until: self.now + ms },
                Some(Next::Take { operation, .. }) => match self.take(operation) {
                    Some(input) => input,
                    None => return,
                },
                Some(Next::Send(request)) => {
                    self.follows = true;
                    if !std::mem::take(&mut self.has_grant) {
                        assert!(std::mem::take(&mut self.with_write), "a request without a grant");
                        assert!(self.budget.use_reserved(self.now), "the slot is gone");
                    }
                    if request.operation == Operation::Write {
                        let seen_at = self.history.seen_at.take();
                        self.history.wrote_wrongly |= seen_at.is_none_or(|at| self.now - at > MAX_AGE_MS);
                        self.observations.mark_used("c", "p");
                    }
                    return self.pending = Pending::Request(request);
                }
                Some(action @ (Next::Finish(_) | Next::List(_))) => panic!("{action:?}"),
            };
        }
    }

    /// Takes a request from the budget; `None` where the flight is in its queue already.
    fn take(&mut self, operation: Operation) -> Option<Input> {
        if let Pending::Turn(ticket, _) = self.pending {
            self.pending = Pending::Turn(ticket, operation);
            return None;
        }
        // Granted to a write whose observation has become too old: the call reads again.
        let is_again = std::mem::take(&mut self.has_grant);
        if is_again {
            self.budget.give_back();
        }
        if std::mem::take(&mut self.with_write) {
            if operation == Operation::Read {
                self.budget.free_reserved();
            } else if self.budget.use_reserved(self.now) {
                self.has_grant = true;
                return Some(Input::Taken(Vec::new()));
            }
        }
        let purpose = match operation {
            _ if is_again => Purpose::Pair,
            _ if self.follows => Purpose::Next,
            Operation::Read => Purpose::Read,
            Operation::Write => Purpose::Single,
        };
        let ticket = self.budget.enter(purpose, false);
        match self.budget.ask(self.now) {
            Answer::Go { with_write, .. } => {
                (self.with_write, self.has_grant) = (with_write, true);
                Some(Input::Taken(Vec::new()))
            }
            Answer::Wait(_) | Answer::Idle => {
                self.history.waited_for_budget = true;
                let wait_ms = self.budget.wait_ms(ticket, self.now);
                self.pending = Pending::Turn(ticket, operation);
                Some(Input::Queued(wait_ms))
            }
        }
    }

    /// The platform handles the request.
    fn perform(&mut self, request: &Asked, late: bool) -> simulator::Reply {
        let config = self.platform.config_mut();
        config.read_lag_ms = if late { LAG_MS } else { 0.0 };
        config.effect_delay_ms = if late { LAG_MS } else { 0.0 };
        let Asked { method, path, body, .. } = request.clone();
        let body = body.unwrap_or_default();
        let reply = self.platform.handle(&Request { method, path, body, ..Request::default() }, self.now);
        self.history.was_limited |= reply.status == 429;
        self.history.accepted |= self.platform.log().last().expect("logged").accepted;
        reply
    }

    /// A response reaches the flight.
    fn answer(&mut self, request: &Asked, status: u16, text: &str, headers: &[(String, String)]) {
        let number = |name: &str| headers.iter().find(|(one, _)| one == name)?.1.parse::<f64>().ok();
        let limits = Limits {
            allowed: number("inin-ratelimit-allowed"),
            count: number("inin-ratelimit-count"),
            reset_ms: number("inin-ratelimit-reset").map(|seconds| seconds * 1_000.0),
            retry_after_ms: None,
            is_exceeded: status == 429,
        };
        self.budget.answered(&limits, self.now);
        let response = response(status, body(request.operation.expects(status, false), "participants", text, None));
        if let Body::Participants(listed) = &response.body {
            let shows = listed.iter().any(|one| one.state.0.as_deref() == Some("connected"));
            self.history.seen_at = shows.then_some(self.now);
            self.observations.refresh("c", listed, self.now, self.now);
        }
        self.pending = Pending::Over;
        self.step(Input::Response(response));
    }

    /// An event shows the state at a time.
    fn event(&mut self, at: f64) {
        let event = self.platform.notification("c", "v2.users.u.conversations.calls", at).expect("it is there");
        let Body::Participants(listed) =
            body(Expected::Participants { described: true }, "participants", &event["eventBody"].to_string(), None)
        else {
            panic!("{event}")
        };
        self.observe(listed);
    }

    fn observe(&mut self, listed: Vec<Listed>) {
        let shows = |one: &Listed| one.state.0.as_deref() == Some("connected");
        // A participant that was observed gone stays gone, whatever a late event shows.
        let before = self.observations.fresh("c", self.now, f64::INFINITY);
        let was_gone =
            before.iter().any(|one| one.participant.state.0.as_deref().is_some_and(|state| GONE.contains(&state)));
        let is_connected = listed.iter().any(shows) && !was_gone;
        if !self.observations.observe("c", listed, Source::Event, self.now) {
            return;
        }
        if is_connected {
            self.history.seen_at = Some(self.now);
        }
        self.has_news = true;
        if let Pending::Wait { .. } | Pending::Turn(..) = self.pending
            && let Some(news) = self.news()
        {
            self.step(news);
            self.history.wrote_on_an_event |=
                matches!(&self.pending, Pending::Request(request) if request.operation == Operation::Write);
        }
    }

    /// Moves the clock to `until`. Callers whose deadlines come first end at these.
    fn pass(&mut self, until: f64) {
        for caller in 0..2 {
            if let Caller::In { deadline } = self.callers[caller]
                && deadline <= until
            {
                self.now = self.now.max(deadline);
                let ended = self.flight.expire(CallerId(caller as u32), self.now);
                self.end(ended);
            }
        }
        self.now = self.now.max(until);
        if self.flight.is_empty() {
            self.over();
        }
    }
}

impl Model for Client {
    type State = State;
    type Action = Occurrence;

    fn init_states(&self) -> Vec<State> {
        let mut states = Vec::new();
        for truth in [Truth::Connected, Truth::Unsettled, Truth::Gone] {
            // No observation, a current event, and a late event from before the participant changed.
            for known in [None, Some(truth), Some(Truth::Connected)] {
                let config = Config {
                    conversations: vec![Conversation {
                        id: "c".to_owned(),
                        participants: vec![Participant::customer("p", vec![truth.step(-1e6)])],
                    }],
                    requests_per_minute: Some(REQUESTS_IN_A_WINDOW),
                    rate_window_ms: WINDOW_MS,
                    ..Config::default()
                };
                let mut state = State {
                    flight: Flight::default(),
                    budget: Budget::new(f64::from(REQUESTS_IN_A_WINDOW)),
                    observations: Observations::default(),
                    platform: Simulator::new(config),
                    now: 0.0,
                    pending: Pending::Over,
                    callers: [Caller::NotYet, Caller::NotYet],
                    with_write: false,
                    has_grant: false,
                    follows: false,
                    changes_left: self.changes,
                    faults_left: self.faults,
                    events_left: self.events,
                    has_news: false,
                    history: History::default(),
                };
                if let Some(known) = known {
                    let text = format!(
                        r#"{{"participants":[{{"id":"p","state":"{}"}}]}}"#,
                        known.step(0.0).state.unwrap_or_default()
                    );
                    let Body::Participants(listed) =
                        body(Expected::Participants { described: true }, "participants", &text, None)
                    else {
                        panic!("{text}")
                    };
                    state.observe(listed);
                }
                state.join(0);
                let input = state.news().unwrap_or(Input::Start);
                state.step(input);
                states.push(state);
            }
        }
        states
    }

    fn actions(&self, state: &State, actions: &mut Vec<Occurrence>) {
        match &state.pending {
            Pending::Over => return,
            Pending::Turn(..) | Pending::Wait { .. } => actions.push(Occurrence::TimePasses),
            Pending::Request(Asked { operation, .. }) => {
                actions.push(Occurrence::Answers { late: false });
                if *operation == Operation::Write || state.truth(state.now) != state.truth(state.now - LAG_MS) {
                    actions.push(Occurrence::Answers { late: true });
                }
                if state.faults_left > 0 {
                    actions.extend([409, 429, 503].map(Occurrence::Status));
                    actions.push(Occurrence::Lost { performed: false });
                    if *operation == Operation::Write {
                        actions.push(Occurrence::Lost { performed: true });
                    }
                }
            }
        }
        if state.callers[1] == Caller::NotYet {
            actions.push(Occurrence::Joins);
        }
        for caller in 0..2 {
            if let Caller::In { .. } = state.callers[caller as usize] {
                actions.push(Occurrence::Leaves(caller));
            }
        }
        if state.events_left > 0 {
            actions.extend([
                Occurrence::Event { late: false },
                Occurrence::Event { late: true },
                Occurrence::EventWithout,
            ]);
        }
        if state.changes_left > 0 && state.truth(state.now) != Some("terminated") {
            actions.extend([Truth::Connected, Truth::Unsettled, Truth::Gone].map(Occurrence::Change));
        }
    }

    fn next_state(&self, last: &State, action: Occurrence) -> Option<State> {
        let mut state = last.clone();
        let request = if let Pending::Request(request) = &last.pending { Some(request) } else { None };
        match action {
            Occurrence::Change(truth) => {
                let step = truth.step(state.now);
                if participant(&state.platform).schedule.last().is_some_and(|last| last.state == step.state) {
                    return None;
                }
                state.platform.config_mut().conversations[0].participants[0].schedule.push(step);
                state.changes_left -= 1;
                state.history.truth_changed_at = state.now;
            }
            Occurrence::Joins => state.join(1),
            Occurrence::Leaves(caller) => {
                state.callers[caller as usize] = Caller::Left;
                if state.flight.leave(CallerId(caller)) {
                    state.over();
                }
            }
            Occurrence::Event { late } => {
                state.events_left -= 1;
                state.event(if late { state.now - LAG_MS } else { state.now });
            }
            Occurrence::EventWithout => {
                state.events_left -= 1;
                state.observe(Vec::new());
            }
            Occurrence::TimePasses => match last.pending {
                Pending::Wait { until } => {
                    state.pass(until);
                    if state.pending != Pending::Over {
                        state.step(Input::Woke);
                    }
                }
                Pending::Turn(ticket, _) => {
                    let answer = state.budget.ask(state.now);
                    let Answer::Wait(ms) = answer else { panic!("nothing is under way, and nobody goes: {answer:?}") };
                    state.pass(state.now + ms);
                    if state.pending == Pending::Over {
                        return Some(state);
                    }
                    match state.budget.ask(state.now) {
                        Answer::Go { ticket: granted, with_write } => {
                            assert_eq!(granted, ticket);
                            (state.with_write, state.has_grant) = (with_write, true);
                            state.pending = Pending::Over;
                            state.step(Input::Taken(Vec::new()));
                        }
                        answer => panic!("the window has ended, and nobody goes: {answer:?}"),
                    }
                }
                _ => return None,
            },
            Occurrence::Answers { late } => {
                let request = request?;
                let reply = state.perform(request, late);
                state.answer(request, reply.status, &reply.body, &reply.headers);
            }
            Occurrence::Status(status) => {
                state.faults_left -= 1;
                state.answer(request?, status, "{}", &[]);
            }
            Occurrence::Lost { performed } => {
                state.faults_left -= 1;
                if performed {
                    state.perform(request?, true);
                }
                state.budget.lost();
                state.pending = Pending::Over;
                state.step(Input::NoResponse(Failure::Network, None));
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("(a) a write rests on an observation that is young enough", |_, state: &State| {
                !state.history.wrote_wrongly
            }),
            Property::always("(b) every report is true", |_, state: &State| {
                state.callers.iter().all(|one| is_true(state, one))
            }),
            Property::always("(c) no call ends twice", |_, state: &State| !state.history.answered_twice),
            Property::always("(c) no call stays without an end", |_, state: &State| {
                state.pending != Pending::Over || !state.callers.iter().any(|one| matches!(one, Caller::In { .. }))
            }),
            Property::eventually("(c) every flight ends", |_, state: &State| state.pending == Pending::Over),
            Property::always("(d) the platform's window is not exceeded", |_, state: &State| {
                !state.history.was_limited
            }),
            Property::sometimes("both are answered by one write", |_, state: &State| {
                let acknowledged =
                    |one: &Caller| matches!(one, Caller::Ended(End::Finished(Ok(result)), _) if result.acknowledged);
                state.callers.iter().all(acknowledged)
                    && state.platform.log().iter().filter(|one| one.is_write).count() == 1
            }),
            Property::sometimes("gone without a request", |_, state: &State| {
                state.platform.log().is_empty() && ends_in(&state.callers[0], Outcome::AlreadyDisconnected)
            }),
            Property::sometimes("a write on an event", |_, state: &State| state.history.wrote_on_an_event),
            Property::sometimes("a wait for the budget", |_, state: &State| state.history.waited_for_budget),
            Property::sometimes("a caller that joins in a wait", |_, state: &State| state.history.joined_in_a_wait),
            Property::sometimes("not-connected", |_, state: &State| ends_in(&state.callers[0], Outcome::NotConnected)),
        ]
    }
}

fn ends_in(caller: &Caller, wanted: Outcome) -> bool {
    matches!(caller, Caller::Ended(End::Finished(Ok(result)), _) if result.outcome == wanted)
}

/// Whether the end of a call reports what is true.
fn is_true(state: &State, caller: &Caller) -> bool {
    let gone = state.truth(state.now + LAG_MS).is_some_and(|state| GONE.contains(&state));
    match caller {
        Caller::Ended(End::Finished(Ok(result)), _) => {
            (!result.confirmed || gone)
                && (!result.acknowledged || state.history.accepted)
                && match result.outcome {
                    Outcome::Disconnected | Outcome::AlreadyDisconnected => gone,
                    Outcome::NotConnected => true,
                }
        }
        _ => true,
    }
}

fn check(client: Client) {
    let Client { changes, faults, events } = client;
    let started = std::time::Instant::now();
    let checker = client.checker().threads(2).spawn_bfs().join();
    println!(
        "client: {changes} changes of the truth, {faults} faults, {events} events: {} states, {} of them unique, depth \
         {}, {:.1} s",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth(),
        started.elapsed().as_secs_f64()
    );
    checker.assert_properties();
}

#[test]
fn the_client_keeps_its_promises_in_every_interleaving() {
    check(Client { changes: 1, faults: 1, events: 1 });
}

#[test]
#[ignore = "minutes: npm run test:thorough"]
fn the_client_keeps_them_with_more_changes_faults_and_events() {
    check(Client { changes: 1, faults: 1, events: 2 });
    check(Client { changes: 2, faults: 1, events: 1 });
    check(Client { changes: 1, faults: 2, events: 1 });
}
