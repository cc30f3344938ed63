//! One call: read → decide → write until it can answer. The rule of the contract's section 3, on one page.
//!
//! ```text
//!            ┌──────────────── wait (settling, backoff, Retry-After) ◄───────────────┐
//!            ▼                                                                       │
//!  token ─► READ ─ gone ────────────────────────────────► outcome                    │
//!            │ ├── unsettled, not listed ─────────────────────────────► settle ──────┤
//!            │ └── transient failure ─────────────────────────────────► retry ───────┤
//!            ▼ connected                                                             │
//!          WRITE ─ 2xx, already gone ───────────────────► outcome                    │
//!              ├── refused (409, 404, 400 cannot.disconnect.call) ────► settle ──────┤
//!              └── 429, 5xx, lost, timed out ─────────────────────────► retry ───────┘
//! ```
//!
//! A write follows only a read that saw a disconnectable state; the one exception is the repetition after a 401.

use super::{
    answer::{self, Answer, Meaning},
    backoff,
    dialect::DialectName,
    error::{Error, Reason, Transient},
    outcome::{Outcome, Verdict},
    participant::{Body, Kind, Sighting, Wanted},
    text::{cut, replaced},
    timeline::{Entry, Event, Failure, Operation, WaitReason},
};
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::hash::{Hash, Hasher};

/// What the caller chose; times in milliseconds.
#[derive(Clone, Debug)]
pub struct Settings {
    pub conversation_id: String,
    pub participant_id: String,
    pub dialect: DialectName,
    /// The name of the list of participants in the body of the read.
    pub participants: String,
    pub disconnectable_states: Vec<String>,
    /// The access token comes from a provider that can be asked for a fresh one.
    pub token_can_be_refreshed: bool,
    pub settle_ms: f64,
    pub timeout_ms: f64,
    pub request_timeout_ms: f64,
    pub max_retries: u32,
    pub max_response_bytes: usize,
    pub confirm: bool,
}

/// What happened.
#[derive(Debug)]
pub enum Input {
    Start,
    /// The access token asked for is there.
    Token,
    /// The provider gave no usable token.
    NoToken,
    /// The host waited as long as it was asked to.
    Woke,
    Answer(Answer),
    /// The request ended without an answer; `Timeout` where the time that the action gave ran out.
    NoAnswer(Failure),
    /// The access token did not come in the time that the action gave.
    OutOfTime,
}

/// What the host has to do next.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Get the access token, a fresh one after a 401; `OutOfTime` if it takes longer.
    Token {
        refresh: bool,
        timeout_ms: f64,
    },
    Send {
        operation: Operation,
        timeout_ms: f64,
    },
    Wait {
        ms: f64,
    },
    Finish(Result<Outcome, Error>),
}

/// A timer may fire a little early by another clock; so much is forgiven, in milliseconds.
const TIMER_SLACK_MS: f64 = 1.0;
/// Shorter secrets are not looked for in what the platform says: they would be found by chance.
const MIN_SECRET_BYTES: usize = 8;
/// A correlation id is 36 characters; a longer header is cut here, in characters.
const MAX_CORRELATION_ID_CHARS: usize = 128;

#[derive(Clone, Debug)]
pub struct Call {
    settings: Settings,
    wanted: Wanted,
    body: Body,
    secret: String,
    timeline: Vec<Entry>,
    requests: u32,
    /// The request that is under way, was last, or is next.
    operation: Operation,
    refreshed: bool,
    now: f64,
    random: f64,

    /// The last state seen.
    state: Option<String>,
    was_listed: bool,
    /// When the platform began to make up its mind, and the waits since.
    settling_since: Option<f64>,
    settle_polls: u32,
    a_write_was_refused: bool,
    /// Transient failures in a row, of any request and of writes alone: a read that works says nothing about writes.
    failures: u32,
    write_failures: u32,
    unknown_fate: bool,
    /// A write was refused after `settleMs` was over.
    refused_for_good: bool,
    /// `Some` once a write was accepted, with the correlation id of its answer, which may be missing.
    accepted: Option<Option<String>>,

    last: Heard,
    /// The last refusal of a write: what a conflict has to tell.
    refusal: Heard,
}

/// What one answer said, for the error that it may end in.
#[derive(Clone, Default, Debug)]
struct Heard {
    status: Option<u16>,
    platform_code: Option<String>,
    platform_message: Option<String>,
    correlation_id: Option<String>,
    retry_after_ms: Option<f64>,
}

impl Call {
    pub fn new(settings: Settings) -> Self {
        Call {
            wanted: Wanted {
                list: settings.participants.clone(),
                participant_id: settings.participant_id.clone(),
                disconnectable: settings.disconnectable_states.clone(),
            },
            settings,
            body: Body::default(),
            secret: String::new(),
            timeline: Vec::new(),
            requests: 0,
            operation: Operation::Read,
            refreshed: false,
            now: 0.0,
            random: 0.0,
            state: None,
            was_listed: false,
            settling_since: None,
            settle_polls: 0,
            a_write_was_refused: false,
            failures: 0,
            write_failures: 0,
            unknown_fate: false,
            refused_for_good: false,
            accepted: None,
            last: Heard::default(),
            refusal: Heard::default(),
        }
    }

    /// Takes what happened, `now` milliseconds after the start of the call, and says what to do next. `random` is in `[0, 1)`.
    pub fn next(&mut self, input: Input, now: f64, random: f64) -> Action {
        (self.now, self.random) = (now, random);
        match input {
            Input::Start => self.token(false),
            Input::Token => self.send(self.operation),
            Input::NoToken => self.fail(Reason::NoFreshToken),
            Input::Woke => self.send(Operation::Read),
            Input::Answer(answer) => {
                let meaning = self.receive(&answer);
                self.decide(meaning)
            }
            Input::NoAnswer(failure) => self.no_answer(failure),
            Input::OutOfTime => self.fail(Reason::Deadline),
        }
    }

    /// Does the body of an answer with this status have to be read?
    pub fn needs_body(&self, status: u16) -> bool {
        answer::needs_body(self.operation, status)
    }

    /// Takes the next bytes of the answer's body; false where reading on is of no use.
    pub fn body(&mut self, chunk: &[u8]) -> bool {
        self.body.push(chunk, self.settings.max_response_bytes, &self.wanted)
    }

    /// The access token now in use: where the platform repeats it, it is cut out of what the call passes on.
    pub fn hide(&mut self, secret: &str) {
        self.secret.clear();
        if secret.len() >= MIN_SECRET_BYTES {
            self.secret.push_str(secret);
        }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The last state seen.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// HTTP requests sent.
    pub fn requests(&self) -> u32 {
        self.requests
    }

    pub fn timeline(&self) -> &[Entry] {
        &self.timeline
    }

    // ---- The rule ----

    fn decide(&mut self, meaning: Meaning) -> Action {
        match meaning {
            Meaning::Seen(sighting) => {
                self.failures = 0;
                match sighting {
                    Sighting::Listed(Kind::Gone, _) => self.gone(),
                    Sighting::Listed(Kind::Disconnectable, _) if self.accepted.is_none() => self.connected(),
                    _ => self.settle(),
                }
            }
            Meaning::Accepted => self.accept(),
            Meaning::AlreadyGone => self.gone(),
            Meaning::Refused => self.refused(),
            Meaning::Transient(transient) => self.retry(transient),
            Meaning::Unauthorized if self.settings.token_can_be_refreshed && !self.refreshed => {
                self.refreshed = true;
                self.token(true)
            }
            Meaning::Unauthorized => self.fail(Reason::Unauthorized { refreshed: self.refreshed }),
            Meaning::Forbidden => self.fail(Reason::Forbidden),
            Meaning::NotAUser => self.fail(Reason::NotAUser),
            Meaning::NotFound => self.fail(Reason::ReadNotFound),
            Meaning::Malformed(malformed) => self.fail(Reason::Malformed(malformed)),
            Meaning::NotFollowed => self.fail(Reason::NotFollowed),
            Meaning::ServerFailed => self.fail(Reason::ServerFailed),
            Meaning::Rejected => self.fail(Reason::Rejected),
        }
    }

    /// Connected: write at once, unless writes were refused for all of `settleMs` and once more after it.
    fn connected(&mut self) -> Action {
        if !self.refused_for_good {
            return self.send(Operation::Write);
        }
        self.last = core::mem::take(&mut self.refusal);
        self.fail(Reason::Conflict)
    }

    /// Gone: by us, if a write of this call can have done it.
    fn gone(&mut self) -> Action {
        let by_us = self.unknown_fate || self.accepted.is_some();
        let verdict = if by_us { Verdict::Disconnected } else { Verdict::AlreadyDisconnected };
        self.finish(verdict, true)
    }

    /// Neither gone nor to be disconnected: read again, until `settleMs` is over.
    fn settle(&mut self) -> Action {
        let since = *self.settling_since.get_or_insert(self.now);
        if !self.is_over(since) {
            self.wait_to_settle(since)
        } else if self.accepted.is_some() {
            self.finish(Verdict::Disconnected, false)
        } else if self.was_listed {
            self.finish(Verdict::NotConnected, false)
        } else {
            self.fail(Reason::NeverListed)
        }
    }

    /// Refused: read again. The first refusal starts `settleMs` anew, so that a conflict is one for all of it.
    fn refused(&mut self) -> Action {
        (self.failures, self.write_failures) = (0, 0);
        self.refusal.clone_from(&self.last);
        if !self.a_write_was_refused {
            self.a_write_was_refused = true;
            self.start_settling();
        }
        let since = *self.settling_since.get_or_insert(self.now);
        if !self.is_over(since) {
            return self.wait_to_settle(since);
        }
        self.refused_for_good = true;
        self.send(Operation::Read)
    }

    /// Something failed that may pass: wait, then read; never straight to another write.
    fn retry(&mut self, transient: Transient) -> Action {
        if self.time_left_ms() <= TIMER_SLACK_MS {
            return self.fail(Reason::Deadline);
        }
        // Time passes: what was refused before may be accepted after.
        self.refused_for_good = false;
        self.failures += 1;
        if self.operation == Operation::Write {
            self.write_failures += 1;
        }
        let in_a_row = self.failures.max(self.write_failures);
        if in_a_row > self.settings.max_retries {
            return self.fail(Reason::Transient(transient));
        }
        match self.last.retry_after_ms {
            Some(ms) => self.wait(ms, WaitReason::RetryAfter, Some(transient)),
            None => self.wait(backoff::backoff_ms(in_a_row, self.random), WaitReason::Backoff, Some(transient)),
        }
    }

    /// Accepted: that is an answer, unless the caller wants to see the participant gone.
    fn accept(&mut self) -> Action {
        self.accepted = Some(self.last.correlation_id.clone());
        if !self.settings.confirm {
            return self.finish(Verdict::Disconnected, false);
        }
        self.failures = 0;
        self.start_settling();
        self.wait_to_settle(self.now)
    }

    // ---- Time ----

    fn start_settling(&mut self) {
        self.settling_since = Some(self.now);
        self.settle_polls = 0;
    }

    fn is_over(&self, since: f64) -> bool {
        self.now + TIMER_SLACK_MS >= since + self.settings.settle_ms
    }

    /// Waits for the next read; the last one comes when `settleMs` ends.
    fn wait_to_settle(&mut self, since: f64) -> Action {
        let left_ms = since + self.settings.settle_ms - self.now;
        let ms = backoff::settle_ms(self.settle_polls, self.random).min(left_ms);
        self.settle_polls += 1;
        self.wait(ms, WaitReason::Settling, None)
    }

    /// A wait that cannot end in time is not begun.
    fn wait(&mut self, ms: f64, reason: WaitReason, transient: Option<Transient>) -> Action {
        if self.now + ms >= self.settings.timeout_ms {
            return self.fail(Reason::NoTimeToWait { transient, wait_ms: ms, asked: reason == WaitReason::RetryAfter });
        }
        let end_of_confirm = self.accepted.is_some().then_some(self.settling_since).flatten().map(|since| since + self.settings.settle_ms);
        if end_of_confirm.is_some_and(|end| self.now + ms > end + TIMER_SLACK_MS) {
            return self.finish(Verdict::Disconnected, false);
        }
        self.record(Event::Wait { ms, reason });
        Action::Wait { ms }
    }

    fn time_left_ms(&self) -> f64 {
        self.settings.timeout_ms - self.now
    }

    // ---- Requests and answers ----

    fn token(&mut self, refresh: bool) -> Action {
        Action::Token { refresh, timeout_ms: self.time_left_ms().max(0.0) }
    }

    fn send(&mut self, operation: Operation) -> Action {
        if self.time_left_ms() <= 0.0 {
            return self.fail(Reason::Deadline);
        }
        self.operation = operation;
        self.requests += 1;
        self.body.reset();
        self.last = Heard::default();
        self.record(Event::Request(operation));
        Action::Send { operation, timeout_ms: self.settings.request_timeout_ms.min(self.time_left_ms()) }
    }

    fn receive(&mut self, answer: &Answer) -> Meaning {
        let error = self.body.platform_error();
        self.last.status = Some(answer.status);
        self.last.correlation_id = answer.correlation_id.as_deref().map(|id| cut(&self.cleaned(id), MAX_CORRELATION_ID_CHARS).to_owned());
        if answer.status >= 400 {
            self.last.platform_code = error.code.as_deref().map(|code| self.cleaned(code));
            self.last.platform_message = error.message.as_deref().map(|message| self.cleaned(message));
            let asked_in_header = answer
                .retry_after
                .as_deref()
                .and_then(|header| backoff::retry_after_ms(header, answer.retry_after_date_ms, answer.unix_ms));
            let message = error.message.as_deref().filter(|_| answer.status == 429);
            self.last.retry_after_ms = asked_in_header.or_else(|| message.and_then(backoff::retry_in_message_ms));
        }
        let body = &mut self.body;
        let meaning = answer::meaning(self.operation, answer, self.last.platform_code.as_deref(), || body.sighting());
        self.record(Event::Response {
            status: Some(answer.status),
            correlation_id: self.last.correlation_id.clone(),
            platform_code: self.last.platform_code.clone(),
            failure: answer.body_failure,
        });
        if let Meaning::Seen(sighting) = &meaning {
            self.see(sighting);
        }
        if self.operation == Operation::Write && answer::leaves_fate_unknown(answer.status) {
            self.lose_sight();
        }
        meaning
    }

    fn see(&mut self, sighting: &Sighting) {
        let mut state = None;
        if let Sighting::Listed(_, listed) = sighting {
            state = listed.as_deref().map(|state| self.cleaned(state));
            self.was_listed = true;
            self.state.clone_from(&state);
        }
        self.record(Event::State(state));
    }

    fn no_answer(&mut self, failure: Failure) -> Action {
        self.record(Event::Response { status: None, correlation_id: None, platform_code: None, failure: Some(failure) });
        if self.operation == Operation::Write {
            self.lose_sight();
        }
        self.decide(Meaning::Transient(Transient::Lost(failure)))
    }

    /// A write of unknown fate: what reads show is the last word only when `settleMs` has passed since.
    fn lose_sight(&mut self) {
        self.unknown_fate = true;
        if self.settling_since.is_some() {
            self.start_settling();
        }
    }

    fn cleaned(&self, text: &str) -> String {
        if self.secret.is_empty() { text.to_owned() } else { replaced(text, &self.secret, "***") }
    }

    // ---- Ends ----

    fn finish(&mut self, verdict: Verdict, confirmed: bool) -> Action {
        self.record(Event::Outcome(Ok(verdict)));
        let accepted = self.accepted.take();
        let correlation_id = match accepted {
            Some(of_the_write) if !confirmed => of_the_write,
            _ => self.last.correlation_id.take(),
        };
        Action::Finish(Ok(Outcome { verdict, confirmed, correlation_id }))
    }

    /// Ends without an answer, unless a write was accepted before: that stays an answer, whatever the reads after it met.
    fn fail(&mut self, reason: Reason) -> Action {
        if self.accepted.is_some() {
            return self.finish(Verdict::Disconnected, false);
        }
        let code = reason.code();
        self.record(Event::Outcome(Err(code)));
        Action::Finish(Err(Error {
            code,
            message: reason.message(&self.settings, self.operation, self.last.status, self.last.platform_message.as_deref()),
            status: self.last.status,
            platform_code: self.last.platform_code.take(),
            correlation_id: self.last.correlation_id.take(),
            retry_after_ms: self.last.retry_after_ms,
            state: self.state.take(),
            may_have_disconnected: self.unknown_fate,
        }))
    }

    fn record(&mut self, event: Event) {
        self.timeline.push(Entry { at_ms: self.now, event });
    }
}

/// Of everything that decides what comes next, so that a model checker can tell two calls apart. What only records (the timeline, what
/// an answer said) is left out; every field is named, so that a new one has to be thought about.
impl Hash for Call {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        #[rustfmt::skip]
        let Call {
            operation, refreshed, now, state, was_listed, settling_since, settle_polls, a_write_was_refused, failures, write_failures,
            unknown_fate, refused_for_good, accepted,
            settings: _, wanted: _, body: _, secret: _, timeline: _, requests: _, random: _, last: _, refusal: _,
        } = self;
        (operation, refreshed, state, was_listed, settle_polls, a_write_was_refused).hash(hasher);
        (failures, write_failures, unknown_fate, refused_for_good, accepted.is_some()).hash(hasher);
        (now.to_bits(), settling_since.map(f64::to_bits)).hash(hasher);
    }
}
