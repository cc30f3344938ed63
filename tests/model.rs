//! The exhaustive check of the rule: the real `protocol::Call` against the real simulator, over every interleaving of
//! what the platform, the network, another party and the caller may do, within the bounds at the end of this file.
//!
//! Time is simplified: a request takes none, waits and timeouts take theirs, jitter is at its middle. Reads show the
//! true state of now or of `LAG_MS` ago; an accepted disconnect takes effect now or `LAG_MS` later.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/response.rs"]
mod response;

use disconnect_if_connected::protocol::{
    call::{Action as Next, Call, Input},
    code::Code,
    error::DisconnectError,
    http::{Failure, Operation, Request as Asked},
    outcome::Outcome,
    result::DisconnectResult,
    settings::{Api, Settings},
};
use response::{body, response};
use simulator::{Config, Conversation, GONE, Participant, Request, Simulator, Step};
use stateright::{Checker, Model, Property};
use std::hash::{Hash, Hasher};

const LAG_MS: f64 = 100.0;
const SETTLE_MS: f64 = 300.0;
const TIMEOUT_MS: f64 = 1_200.0;
const REQUEST_TIMEOUT_MS: f64 = 200.0;
const MAX_RETRIES: u32 = 1;

/// The true state of the participant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Truth {
    Connected,
    Changing,
    Unsettled,
    Unknown,
    NotListed,
    Gone,
}

const TRUTHS: [Truth; 6] =
    [Truth::Connected, Truth::Changing, Truth::Unsettled, Truth::Unknown, Truth::NotListed, Truth::Gone];

impl Truth {
    fn step(self, at: f64) -> Step {
        let state = match self {
            Truth::Connected | Truth::Changing => Some("connected"),
            Truth::Unsettled => Some("queued"),
            Truth::Unknown => Some("neverHeardOf"),
            Truth::NotListed => None,
            Truth::Gone => Some("terminated"),
        };
        Step { at, state: state.map(str::to_owned), changing: self == Truth::Changing }
    }
}

/// One thing that may happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Occurrence {
    /// The platform, or another party, changes the true state.
    Change(Truth),
    /// The caller aborts the call.
    Abort,
    /// The provider returns a token.
    Token,
    /// The provider returns no usable token.
    NoToken,
    /// The provider does not answer before the deadline.
    TokenTooLate,
    /// The wait is over.
    Woke,
    /// The platform answers; `late`: a read shows the state of `LAG_MS` ago, a disconnect takes effect `LAG_MS` later.
    Answers { late: bool },
    /// Another status, and the platform has not handled the request.
    Status(u16),
    /// Another status, though the platform has handled the request.
    StatusPerformed(u16),
    /// A page with 200, for example of a proxy; `performed`: the platform has handled the request.
    Page { performed: bool },
    /// The connection breaks.
    Lost { performed: bool },
    /// No answer within the time of the request.
    Hangs { performed: bool },
    /// The body of a read breaks off.
    CutShort,
    /// The body of a read is a page.
    NotJson,
}

/// What the call waits for, or how it ended.
#[derive(Clone, PartialEq, Debug)]
enum Pending {
    Token { refresh: bool },
    Request(Asked),
    Wait { ms: f64 },
    Ended(Result<DisconnectResult, DisconnectError>),
    Aborted,
}

/// A state of the model.
#[derive(Clone, Debug)]
struct State {
    call: Call,
    platform: Simulator,
    now: f64,
    pending: Pending,
    changes_left: u8,
    faults_left: u8,
    history: History,
}

/// What the properties need to know of the past.
#[derive(Clone, Hash, Debug)]
struct History {
    /// The last request was a read that showed connected; or, after a 401 of a write, the read before that write.
    may_write: bool,
    wrote_without_read: bool,
    /// A request was sent after the deadline.
    sent_late: bool,
    /// A disconnect of this call was accepted.
    accepted: bool,
    requests_since_wait: u8,
    refreshed: bool,
    /// Since when the true state has not changed and nothing has failed; the bits of an `f64`.
    quiet_since: u64,
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.call.hash(hasher);
        (self.now.to_bits(), self.changes_left, self.faults_left, &self.history).hash(hasher);
        match &self.pending {
            Pending::Token { refresh } => (0, refresh).hash(hasher),
            Pending::Request(request) => (1, request.operation).hash(hasher),
            Pending::Wait { ms } => (2, ms.to_bits()).hash(hasher),
            Pending::Ended(Ok(result)) => (3, result.outcome, result.confirmed).hash(hasher),
            Pending::Ended(Err(error)) => (4, error.code, error.may_have_disconnected).hash(hasher),
            Pending::Aborted => 5.hash(hasher),
        }
        // Of the true states, those that a read may still show.
        let participant = participant(&self.platform);
        let recent = participant.schedule.iter().rposition(|step| step.at <= self.now - LAG_MS).unwrap_or(0);
        for step in &participant.schedule[recent..] {
            let age = (self.now - step.at).min(LAG_MS);
            (&step.state, step.changing, age.to_bits()).hash(hasher);
        }
        participant.removed_at_ms.map(|at| (self.now - at).min(LAG_MS).to_bits()).hash(hasher);
    }
}

/// Two states are equal where nothing that follows can distinguish them.
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
struct Rule {
    confirm: bool,
    /// Changes of the true state.
    changes: u8,
    faults: u8,
}

impl Rule {
    fn settings(&self) -> Settings {
        Settings {
            settle_ms: SETTLE_MS,
            timeout_ms: TIMEOUT_MS,
            request_timeout_ms: REQUEST_TIMEOUT_MS,
            max_retries: MAX_RETRIES,
            confirm: self.confirm,
            ..Settings::new("c", "p", Api::Calls)
        }
    }
}

impl State {
    fn truth(&self, at: f64) -> Option<&str> {
        participant(&self.platform).state(at)
    }

    fn is_gone_in_the_end(&self) -> bool {
        self.truth(self.now + LAG_MS).is_some_and(|state| GONE.contains(&state))
    }

    /// The true state changes, or something fails.
    fn disturb(&mut self) {
        self.history.quiet_since = self.now.to_bits();
    }

    /// The platform handles the request. Returns its response, as the call's input.
    fn perform(&mut self, request: &Asked, late: bool) -> Input {
        let config = self.platform.config_mut();
        config.read_lag_ms = if late { LAG_MS } else { 0.0 };
        config.effect_delay_ms = if late { LAG_MS } else { 0.0 };
        let Asked { operation, method, path, body, .. } = request.clone();
        let body = body.unwrap_or_default();
        let reply = self.platform.handle(&Request { method, path, body, ..Request::default() }, self.now);
        let entry = self.platform.log().last().expect("logged");
        self.history.accepted |= entry.accepted;
        if operation == Operation::Read {
            let shown_at = if late { self.now - LAG_MS } else { self.now };
            self.history.may_write = self.truth(shown_at) == Some("connected");
        }
        self.respond(reply.status, &reply.body, None)
    }

    fn respond(&self, status: u16, text: &str, failure: Option<Failure>) -> Input {
        Input::Response(response(status, body(self.call.expects(status), "participants", text, failure)))
    }

    /// Passes the input to the call, and records its next action.
    fn advance(&mut self, input: Input) {
        let before = self.pending.clone();
        self.pending = match self.call.next(input, self.now, 0.5) {
            Next::Token { refresh, .. } => {
                self.history.refreshed |= refresh;
                Pending::Token { refresh }
            }
            Next::Wait { ms } => {
                self.history.may_write = false;
                self.history.requests_since_wait = 0;
                Pending::Wait { ms }
            }
            Next::Finish(end) => Pending::Ended(end),
            Next::Take { .. } | Next::List(_) => panic!("only in a client"),
            Next::Send(request) => {
                let operation = request.operation;
                self.history.requests_since_wait += 1;
                self.history.sent_late |= self.now >= TIMEOUT_MS;
                if operation == Operation::Write {
                    self.history.wrote_without_read |= !self.history.may_write;
                }
                // After a 401 of a write a token is requested first; the write may then be repeated once.
                if !matches!(before, Pending::Token { .. }) || operation == Operation::Read {
                    self.history.may_write = false;
                }
                Pending::Request(request)
            }
        };
    }
}

impl Model for Rule {
    type State = State;
    type Action = Occurrence;

    fn init_states(&self) -> Vec<State> {
        TRUTHS
            .iter()
            .map(|truth| {
                let participant = Participant::customer("p", vec![truth.step(-1e6)]);
                let config = Config {
                    conversations: vec![Conversation { id: "c".to_owned(), participants: vec![participant] }],
                    ..Config::default()
                };
                let history = History {
                    may_write: false,
                    wrote_without_read: false,
                    sent_late: false,
                    accepted: false,
                    requests_since_wait: 0,
                    refreshed: false,
                    quiet_since: 0,
                };
                let mut state = State {
                    call: Call::new(self.settings()),
                    platform: Simulator::new(config),
                    now: 0.0,
                    pending: Pending::Aborted,
                    changes_left: self.changes,
                    faults_left: self.faults,
                    history,
                };
                state.advance(Input::Start);
                state
            })
            .collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Occurrence>) {
        match &state.pending {
            Pending::Ended(_) | Pending::Aborted => return,
            Pending::Token { .. } => {
                actions.push(Occurrence::Token);
                if state.faults_left > 0 {
                    actions.extend([Occurrence::NoToken, Occurrence::TokenTooLate]);
                }
            }
            Pending::Wait { .. } => actions.push(Occurrence::Woke),
            Pending::Request(Asked { operation, .. }) => {
                actions.push(Occurrence::Answers { late: false });
                let shows_another =
                    *operation == Operation::Read && state.truth(state.now) != state.truth(state.now - LAG_MS);
                if shows_another || *operation == Operation::Write {
                    actions.push(Occurrence::Answers { late: true });
                }
                if state.faults_left > 0 {
                    actions.extend([401, 403, 404, 409, 429, 503].map(Occurrence::Status));
                    actions.extend([Occurrence::Lost { performed: false }, Occurrence::Hangs { performed: false }]);
                    match operation {
                        Operation::Read => actions.extend([Occurrence::CutShort, Occurrence::NotJson]),
                        Operation::Write => actions.extend([
                            Occurrence::StatusPerformed(504),
                            Occurrence::Status(410),
                            Occurrence::Page { performed: false },
                            Occurrence::Page { performed: true },
                            Occurrence::Lost { performed: true },
                            Occurrence::Hangs { performed: true },
                        ]),
                    }
                }
            }
        }
        actions.push(Occurrence::Abort);
        let is_gone = state.is_gone_in_the_end();
        if state.changes_left > 0 && !is_gone {
            actions.extend(TRUTHS.map(Occurrence::Change));
        }
    }

    fn next_state(&self, last: &State, action: Occurrence) -> Option<State> {
        let mut state = last.clone();
        let request = if let Pending::Request(request) = &last.pending { Some(request) } else { None };
        if !matches!(
            action,
            Occurrence::Change(_)
                | Occurrence::Abort
                | Occurrence::Token
                | Occurrence::Woke
                | Occurrence::Answers { .. }
        ) {
            state.faults_left -= 1;
            state.disturb();
        }
        match action {
            Occurrence::Change(truth) => {
                let step = truth.step(state.now);
                if participant(&state.platform)
                    .schedule
                    .last()
                    .is_some_and(|last| last.state == step.state && last.changing == step.changing)
                {
                    return None;
                }
                state.platform.config_mut().conversations[0].participants[0].schedule.push(step);
                state.changes_left -= 1;
                state.disturb();
            }
            Occurrence::Abort => state.pending = Pending::Aborted,
            Occurrence::Token => state.advance(Input::Token),
            Occurrence::NoToken => {
                // The first token is checked by the host, which ends the call with INVALID_ARGUMENT.
                let Pending::Token { refresh: true } = state.pending else { return None };
                state.advance(Input::NoToken);
            }
            Occurrence::TokenTooLate => {
                state.now = TIMEOUT_MS;
                state.advance(Input::OutOfTime);
            }
            Occurrence::Woke => {
                let Pending::Wait { ms } = state.pending else { return None };
                state.now += ms;
                state.advance(Input::Woke);
            }
            Occurrence::Answers { late } => {
                let input = state.perform(request?, late);
                state.advance(input);
            }
            Occurrence::Status(status) => {
                let operation = request?.operation;
                let may_repeat = status == 401 && operation == Operation::Write;
                if status == 404 && operation == Operation::Read {
                    // The conversation is over.
                    let step = Truth::Gone.step(state.now - LAG_MS);
                    state.platform.config_mut().conversations[0].participants[0].schedule = vec![step];
                }
                let input = state.respond(status, "{}", None);
                state.history.may_write = may_repeat;
                state.advance(input);
            }
            Occurrence::StatusPerformed(status) => {
                state.perform(request?, true);
                let input = state.respond(status, "{}", None);
                state.advance(input);
            }
            Occurrence::Page { performed } => {
                if performed {
                    state.perform(request?, true);
                }
                let input = state.respond(200, "<html>", None);
                state.history.may_write = false;
                state.advance(input);
            }
            Occurrence::Lost { performed } => {
                if performed {
                    state.perform(request?, true);
                }
                state.history.may_write = false;
                state.advance(Input::NoResponse(Failure::Network, None));
            }
            Occurrence::Hangs { performed } => {
                if performed {
                    state.perform(request?, true);
                }
                state.history.may_write = false;
                state.now += request?.timeout_ms;
                state.advance(Input::NoResponse(Failure::Timeout, None));
            }
            Occurrence::CutShort => {
                let input = state.respond(200, r#"{"participants":[{"id":"p","#, Some(Failure::Network));
                state.advance(input);
            }
            Occurrence::NotJson => {
                let input = state.respond(200, "<html>", None);
                state.advance(input);
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("(a) a write directly follows a read that saw connected", |_, state: &State| {
                !state.history.wrote_without_read
            }),
            Property::always("(b) every report is true", |_, state: &State| is_true(state)),
            Property::always("(c) requests stay within their bound", |_, state: &State| is_bounded(state)),
            Property::eventually("(c) every run ends", |_, state: &State| {
                matches!(state.pending, Pending::Ended(_) | Pending::Aborted)
            }),
            Property::always("(d) a connected and quiet participant is removed", |_, state: &State| is_removed(state)),
            Property::always("(e) nothing is sent after the deadline", |_, state: &State| !state.history.sent_late),
            Property::sometimes("disconnected", |_, state: &State| ends_in(state, Outcome::Disconnected)),
            Property::sometimes("already-disconnected", |_, state: &State| {
                ends_in(state, Outcome::AlreadyDisconnected)
            }),
            Property::sometimes("not-connected", |_, state: &State| ends_in(state, Outcome::NotConnected)),
            Property::sometimes("conflict", |_, state: &State| fails_with(state, Code::Conflict)),
            Property::sometimes("participant not found", |_, state: &State| {
                fails_with(state, Code::ParticipantNotFound)
            }),
            Property::sometimes("timeout", |_, state: &State| fails_with(state, Code::Timeout)),
            Property::sometimes("may have disconnected", |_, state: &State| {
                let is_unsure =
                    |end: &Pending| matches!(end, Pending::Ended(Err(error)) if error.may_have_disconnected);
                state.history.accepted && is_unsure(&state.pending)
            }),
        ]
    }
}

fn ends_in(state: &State, wanted: Outcome) -> bool {
    matches!(&state.pending, Pending::Ended(Ok(result)) if result.outcome == wanted)
}

fn fails_with(state: &State, code: Code) -> bool {
    matches!(&state.pending, Pending::Ended(Err(error)) if error.code == code)
}

/// Whether the end of the call reports what is true.
fn is_true(state: &State) -> bool {
    // A participant that is not listed by the last read of a settling period counts as gone.
    let is_not_listed = [state.now, state.now - LAG_MS].iter().any(|at| state.truth(*at).is_none());
    let (accepted, gone) = (state.history.accepted, state.is_gone_in_the_end() || is_not_listed);
    match &state.pending {
        Pending::Ended(Ok(result)) => {
            (!result.confirmed || gone)
                && (!result.acknowledged || accepted)
                && match result.outcome {
                    Outcome::Disconnected => gone,
                    Outcome::AlreadyDisconnected => gone && !accepted,
                    Outcome::NotConnected => !accepted,
                }
        }
        Pending::Ended(Err(error)) => !accepted || error.may_have_disconnected,
        _ => true,
    }
}

/// The bound of docs/protocol.md: between two waits a read, a write, and the read that decides a conflict; one more
/// after the one 401.
fn is_bounded(state: &State) -> bool {
    state.history.requests_since_wait <= 3 + u8::from(state.history.refreshed)
}

/// A call may give up on a connected participant only where something has changed or failed within the last `LAG_MS`.
fn is_removed(state: &State) -> bool {
    let gives_up = ends_in(state, Outcome::NotConnected)
        || [Code::Conflict, Code::ParticipantNotFound].iter().any(|code| fails_with(state, *code));
    let is_connected = participant(&state.platform).state(state.now) == Some("connected")
        && !participant(&state.platform).schedule.last().is_some_and(|step| step.changing);
    let quiet_ms = state.now - f64::from_bits(state.history.quiet_since);
    !(gives_up && is_connected && quiet_ms > LAG_MS)
}

fn check(rule: Rule) {
    let (confirm, changes, faults) = (rule.confirm, rule.changes, rule.faults);
    let started = std::time::Instant::now();
    let checker = rule.checker().threads(2).spawn_bfs().join();
    println!(
        "confirm {confirm}, {changes} changes of the truth, {faults} faults: {} states, {} of them unique, depth {}, \
         {:.1} s",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth(),
        started.elapsed().as_secs_f64()
    );
    checker.assert_properties();
}

#[test]
fn the_rule_holds_in_every_interleaving() {
    check(Rule { confirm: true, changes: 1, faults: 2 });
    check(Rule { confirm: false, changes: 1, faults: 2 });
}

#[test]
#[ignore = "minutes: npm run test:thorough"]
fn the_rule_holds_with_more_changes_and_faults() {
    check(Rule { confirm: true, changes: 2, faults: 2 });
    check(Rule { confirm: false, changes: 3, faults: 2 });
    check(Rule { confirm: false, changes: 2, faults: 3 });
}
