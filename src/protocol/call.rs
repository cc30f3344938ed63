//! One call: read -> decide -> write until it has an answer. The rule of docs/protocol.md on one page.
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
//!              ├── 429, 5xx, lost, timed out, a foreign 2xx ──────────► retry ───────┘
//!              └── another 4xx ─► READ ─ gone ─► outcome, else error
//! ```
//!
//! A write follows only a read, of a client also an event, that saw a disconnectable state; the one exception is the
//! repetition after a 401.

use super::{
    dialect::{Ids, JsonText},
    error::{DisconnectError, Reason, Transient},
    http::{Body, Expected, Failure, Operation, Request, Response},
    meaning::{self, Meaning},
    observation::Observed,
    outcome::Outcome,
    participant::Participant,
    result::DisconnectResult,
    schedule,
    selection::Whom,
    settings::Settings,
    target::{Kind, Listed, Seen},
    timeline::{Event, Source, WaitReason, tenths},
};
use std::hash::{Hash, Hasher};

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    Start,
    /// The access token is there.
    Token,
    /// The provider gave no usable token.
    NoToken,
    /// The wait is over.
    Woke,
    Response(Response),
    /// The request ended without a response; `Timeout` where the time of the request ran out. With what the host says
    /// of it.
    NoResponse(Failure, Option<String>),
    /// The access token, or the budget, did not come in the time that the action gave.
    OutOfTime,
    /// The budget grants the request; with what a client observed meanwhile.
    Taken(Vec<Observed>),
    /// The budget does not grant it yet; in how many milliseconds at the earliest, where that is known.
    Queued(Option<f64>),
    /// What a client observed, at the start of the call or while it waits, for the budget too.
    Observed(Vec<Observed>),
    /// The client was closed.
    Closed,
}

/// What the host has to do next.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Get the access token, a fresh one after a 401; `OutOfTime` if it takes longer.
    Token {
        refresh: bool,
        timeout_ms: f64,
    },
    /// Take the next request from the budget: `Taken`, or `Queued` and then `Taken` or `OutOfTime`. After `Queued` and
    /// `Observed` it may be for another operation: the place in the line stays.
    Take {
        operation: Operation,
        timeout_ms: f64,
    },
    Send(Request),
    /// Until then `Observed` may come in between.
    Wait {
        ms: f64,
    },
    Finish(Result<DisconnectResult, DisconnectError>),
    /// The end of a call about everyone.
    List(Vec<Participant>),
}

/// A timer may fire a little early by another clock; the tolerance.
pub const TIMER_SLACK_MS: f64 = 1.0;
/// Two waits for the budget that differ by less are the same: the platform reports whole seconds.
const SAME_WAIT_MS: f64 = 1_000.0;
/// A shorter token is not redacted: it would be found by chance.
const MIN_TOKEN_BYTES: usize = 8;
const REDACTED: &str = "***";
/// A correlation id is 36 characters; a longer header is truncated.
const MAX_CORRELATION_ID_CHARS: usize = 128;

#[derive(Clone, Debug)]
pub struct Call {
    settings: Settings,
    /// The access tokens of the call, the one before a refresh too.
    tokens: Vec<String>,
    timeline: Vec<Event>,
    requests: u32,
    /// The request that is under way, was last, or is next.
    operation: Operation,
    refreshed: bool,
    now: f64,
    random: f64,

    /// The id that the caller gave, or that was found; the first write settles it.
    participant_id: Option<String>,
    /// The last state seen, and the last one since the last write.
    state: Option<String>,
    result_state: Option<String>,
    /// When the participant was last seen, by a read or in a state that can be disconnected; and when the last write
    /// ended: what was observed before says no more.
    seen_at: f64,
    write_ended_at: f64,
    /// A request that the budget granted and that is not sent yet: that of a write whose observation had become too
    /// old. It is kept for the write, so that no wait comes between the read and it.
    holds_grant: bool,
    pending: Pending,
    /// The participant was listed; a read of the conversation worked.
    was_listed: bool,
    was_read: bool,
    /// The start of the settling period, and the waits since.
    settling_since: Option<f64>,
    settle_polls: u32,
    a_write_was_refused: bool,
    /// Transient failures in a row, of any request and of writes alone: a read that works says nothing about writes.
    failures: u32,
    write_failures: u32,
    unknown_effect: bool,
    /// A write was refused after `settleMs` was over.
    refused_for_good: bool,
    /// A write was refused in a way that one more read has to check.
    rejection: Option<(Reason, Details)>,
    /// A write was accepted; with the correlation id of its response, which may be missing.
    accepted: Option<Option<String>>,

    last: Details,
    /// The last refusal of a write: what a conflict has to report.
    refusal: Details,
}

/// What the call waits for.
#[derive(Clone, Copy, Debug)]
enum Pending {
    /// A token or a response; or the call has not begun.
    Answer,
    /// The end of a wait.
    Wait { reason: WaitReason, until: f64, transient: Option<Transient> },
    /// The budget: until when, where it has said that it takes a while; infinite where it does not know.
    Budget { until: Option<f64> },
}

/// What a response said, for the error that it may end in.
#[derive(Clone, Default, Debug)]
struct Details {
    status: Option<u16>,
    platform_code: Option<String>,
    platform_message: Option<String>,
    correlation_id: Option<String>,
    retry_after_ms: Option<f64>,
    /// What the host says of a lost connection.
    detail: Option<String>,
}

impl Call {
    pub fn new(settings: Settings) -> Self {
        Call {
            participant_id: match &settings.target.whom {
                Whom::Id(id) => Some(id.clone()),
                Whom::Described(_) | Whom::Everyone => None,
            },
            settings,
            tokens: Vec::new(),
            timeline: Vec::new(),
            requests: 0,
            operation: Operation::Read,
            refreshed: false,
            now: 0.0,
            random: 0.0,
            state: None,
            result_state: None,
            seen_at: f64::NEG_INFINITY,
            write_ended_at: f64::NEG_INFINITY,
            holds_grant: false,
            pending: Pending::Answer,
            was_listed: false,
            was_read: false,
            settling_since: None,
            settle_polls: 0,
            a_write_was_refused: false,
            failures: 0,
            write_failures: 0,
            unknown_effect: false,
            refused_for_good: false,
            rejection: None,
            accepted: None,
            last: Details::default(),
            refusal: Details::default(),
        }
    }

    /// Takes what happened, `now` milliseconds after the start of the call, and gives what to do next. `random` is in
    /// `[0, 1)`.
    pub fn next(&mut self, input: Input, now: f64, random: f64) -> Action {
        (self.now, self.random) = (now, random);
        let pending = core::mem::replace(&mut self.pending, Pending::Answer);
        match input {
            Input::Start => self.get_token(false),
            Input::Token => self.send(self.operation),
            Input::NoToken => self.fail(&Reason::NoFreshToken),
            Input::Woke => self.send(Operation::Read),
            Input::Response(response) => match (self.receive(&response), response.body) {
                (Meaning::Seen(_), Body::Participants(listed)) if self.settings.target.whom == Whom::Everyone => {
                    Action::List(listed)
                }
                (meaning, _) => self.decide(meaning),
            },
            Input::NoResponse(failure, detail) => self.no_response(failure, detail),
            Input::OutOfTime => self.interrupt(&Reason::Deadline),
            Input::Taken(observed) => self.taken(&observed, pending),
            Input::Queued(ms) => self.queued(ms, pending),
            Input::Observed(observed) => self.observe(&observed, pending),
            Input::Closed => self.interrupt(&Reason::Closed),
        }
    }

    /// A call that joins `other`, which is under way for the same participant, `started` milliseconds after that one:
    /// what is known of the platform is shared; settling, retries and the deadline are its own. What was recorded
    /// before is at its start.
    pub fn joining(settings: Settings, other: &Call, started: f64) -> Call {
        let settings = Settings { target: other.settings.target.clone(), ..settings };
        Call {
            tokens: other.tokens.clone(),
            timeline: other.timeline.iter().map(|event| event.shifted(started)).collect(),
            requests: other.requests,
            operation: other.operation,
            refreshed: other.refreshed,
            participant_id: other.participant_id.clone(),
            state: other.state.clone(),
            result_state: other.result_state.clone(),
            seen_at: other.seen_at - started,
            write_ended_at: other.write_ended_at - started,
            holds_grant: other.holds_grant,
            pending: match other.pending {
                Pending::Wait { reason, until, transient } => {
                    Pending::Wait { reason, until: until - started, transient }
                }
                Pending::Budget { .. } => Pending::Budget { until: None },
                Pending::Answer => Pending::Answer,
            },
            was_listed: other.was_listed,
            was_read: other.was_read,
            unknown_effect: other.unknown_effect,
            rejection: other.rejection.clone(),
            accepted: other.accepted.clone(),
            last: other.last.clone(),
            refusal: other.refusal.clone(),
            ..Call::new(settings)
        }
    }

    /// A call that joined another: it ends where a write was accepted before and the caller wants to know no more, and
    /// where the wait that is under way is too long for it.
    pub fn joined(&mut self) -> Option<Action> {
        if self.accepted.is_some() {
            self.start_settling();
            return (!self.settings.confirm).then(|| self.finish(Outcome::Disconnected, false));
        }
        match self.pending {
            Pending::Wait { reason, until, transient } if !self.settles() && until >= self.settings.timeout_ms => {
                let requested = reason == WaitReason::RetryAfter;
                self.last.retry_after_ms = requested.then_some(until.ceil());
                Some(self.fail(&Reason::NoTimeToWait { transient, wait_ms: until, requested }))
            }
            _ => None,
        }
    }

    /// It waits for the state to settle, and for nothing else.
    pub fn settles(&self) -> bool {
        matches!(self.pending, Pending::Wait { reason: WaitReason::Settling, .. })
    }

    /// HTTP requests sent.
    pub fn requests(&self) -> u32 {
        self.requests
    }

    /// The participant that is meant, once it is known.
    pub fn participant_id(&self) -> Option<&str> {
        self.participant_id.as_deref()
    }

    /// What to read of the body of a response with this status.
    pub fn expects(&self, status: u16) -> Expected {
        self.operation.expects(status, self.needs_identities())
    }

    fn needs_identities(&self) -> bool {
        !matches!(self.settings.target.whom, Whom::Id(_))
    }

    /// The access token now in use: where the platform repeats it, it is redacted.
    pub fn set_token(&mut self, token: &str) {
        if token.len() >= MIN_TOKEN_BYTES {
            self.tokens.push(token.to_owned());
        }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn timeline(&self) -> &[Event] {
        &self.timeline
    }

    // ---- The rule ----

    fn decide(&mut self, meaning: Meaning) -> Action {
        if let Meaning::Seen(_) = meaning {
            self.failures = 0;
        }
        match meaning {
            Meaning::Seen(Seen::Listed(Listed { kind: Kind::Gone, .. })) | Meaning::AlreadyGone => self.gone(),
            // The conversation is over, and the participant was in it.
            Meaning::NotFound if self.was_listed && self.was_read => self.gone(),
            Meaning::Unauthorized if self.settings.token_can_be_refreshed && !self.refreshed => {
                self.refreshed = true;
                self.get_token(true)
            }
            _ if self.rejection.is_some() => self.reject(),
            Meaning::Seen(Seen::Listed(Listed { kind: Kind::Disconnectable, .. })) if self.accepted.is_none() => {
                self.connected()
            }
            Meaning::Seen(Seen::Ambiguous(listed)) => self.fail(&Reason::Ambiguous(listed)),
            Meaning::Seen(seen) => self.settle(seen != Seen::NotListed),
            Meaning::Accepted => self.accept(),
            Meaning::Refused => self.refused(),
            Meaning::Transient(transient) => self.retry(transient),
            Meaning::Unauthorized => self.fail(&Reason::Unauthorized { refreshed: self.refreshed }),
            // A missing permission has nothing to do with the participant's state.
            Meaning::Forbidden { is_about_permissions: true } => {
                self.fail(&Reason::Forbidden { is_about_permissions: true })
            }
            Meaning::Forbidden { .. } => self.rejected(Reason::Forbidden { is_about_permissions: false }),
            Meaning::NotAUser => self.rejected(Reason::NotAUser),
            Meaning::NotFound if self.was_read => self.fail(&Reason::NeverListed),
            Meaning::NotFound => self.fail(&Reason::ReadNotFound),
            Meaning::Malformed(malformed) => self.fail(&Reason::Malformed(malformed)),
            Meaning::NotFollowed => self.fail(&Reason::NotFollowed),
            Meaning::ServerFailed => self.fail(&Reason::ServerFailed),
            Meaning::Rejected => self.rejected(Reason::Rejected),
        }
    }

    /// What was observed stands for a read: for the first one, for one that waits for the budget, and for one that a
    /// wait would end in. Gone is final, whatever comes later; connected is written to where nothing but the state was
    /// waited for. A description is matched against whole reads, because an event may lack a participant: of an event
    /// it takes the one that is live, and believes no end.
    fn observe(&mut self, observed: &[Observed], pending: Pending) -> Action {
        let waits_for_time = matches!(pending, Pending::Wait { reason, .. } if reason != WaitReason::Settling);
        let is_free = !waits_for_time && self.accepted.is_none() && self.rejection.is_none();
        let is_exact = matches!(self.settings.target.whom, Whom::Id(_));
        let seen = self.settings.target.seen_in(observed.iter().map(|one| &one.participant));
        if let Seen::Listed(listed) = &seen {
            let observed = observed.iter().find(|one| one.participant.id.0.as_ref() == Some(&listed.id));
            let (at, source) = observed.map_or((f64::NEG_INFINITY, Source::Event), |one| (one.at, one.source));
            let is_fresh = self.now - at < self.settings.max_age_ms;
            let is_free = is_free && at >= self.write_ended_at;
            let is_new = listed.state != self.state;
            let is_due = matches!(pending, Pending::Budget { .. }) && self.operation == Operation::Write;
            match (listed.kind, pending) {
                _ if !is_fresh => {}
                (Kind::Gone, _) if is_exact => {
                    self.see(&seen, source);
                    return self.gone();
                }
                (Kind::Disconnectable, _) if is_free => {
                    if is_new || !is_due {
                        self.see(&seen, source);
                    }
                    self.seen_at = if is_due { self.seen_at.max(at) } else { at };
                    return match pending {
                        Pending::Wait { .. } => self.connected(),
                        Pending::Budget { .. } if self.refused_for_good => self.connected(),
                        Pending::Budget { .. } => self.keep_place(Operation::Write, pending),
                        Pending::Answer => {
                            self.operation = Operation::Write;
                            self.get_token(false)
                        }
                    };
                }
                (Kind::Unsettled, Pending::Budget { .. }) if is_free && is_exact && at > self.seen_at => {
                    if is_new {
                        self.see(&seen, source);
                    }
                    return self.keep_place(Operation::Read, pending);
                }
                (Kind::Unsettled, Pending::Wait { .. }) if is_free && is_exact && is_new => self.see(&seen, source),
                _ => {}
            }
        }
        match pending {
            Pending::Wait { until, .. } => {
                self.pending = pending;
                Action::Wait { ms: (until - self.now).max(0.0) }
            }
            Pending::Budget { .. } => self.keep_place(self.operation, pending),
            Pending::Answer => self.get_token(false),
        }
    }

    /// Waits on for the budget, for this operation.
    fn keep_place(&mut self, operation: Operation, pending: Pending) -> Action {
        (self.operation, self.pending) = (operation, pending);
        Action::Take { operation, timeout_ms: self.time_left_ms().max(0.0) }
    }

    /// Connected: write at once, unless writes were refused for all of `settleMs` and once more after it.
    fn connected(&mut self) -> Action {
        if !self.refused_for_good {
            return self.send(Operation::Write);
        }
        self.last = core::mem::take(&mut self.refusal);
        self.fail(&Reason::Conflict)
    }

    /// Gone: by this call, if one of its writes can have done it.
    fn gone(&mut self) -> Action {
        let by_us = self.unknown_effect || self.accepted.is_some();
        self.finish(if by_us { Outcome::Disconnected } else { Outcome::AlreadyDisconnected }, true)
    }

    /// Neither gone nor to be disconnected: read again, until `settleMs` is over. Who was listed and no longer is by
    /// then is gone; before, that may be a stale read.
    fn settle(&mut self, is_listed: bool) -> Action {
        let since = *self.settling_since.get_or_insert(self.now);
        if !self.is_over(since) {
            self.wait_to_settle(since)
        } else if self.was_listed && !is_listed {
            self.gone()
        } else if self.accepted.is_some() {
            self.finish(Outcome::Disconnected, false)
        } else if self.was_listed {
            self.finish(Outcome::NotConnected, false)
        } else {
            self.fail(&Reason::NeverListed)
        }
    }

    /// Refused for another reason than the participant's state: one more read of a participant whose write was refused,
    /// because it may be gone.
    fn rejected(&mut self, reason: Reason) -> Action {
        if self.operation == Operation::Read || self.time_left_ms() <= TIMER_SLACK_MS {
            return self.fail(&reason);
        }
        self.rejection = Some((reason, core::mem::take(&mut self.last)));
        self.send(Operation::Read)
    }

    /// It is not gone: the refusal stands.
    fn reject(&mut self) -> Action {
        let Some((reason, details)) = self.rejection.take() else { return self.fail(&Reason::Rejected) };
        (self.last, self.operation) = (details, Operation::Write);
        self.fail(&reason)
    }

    /// Refused: read again. The first refusal starts `settleMs` again, so that a conflict is one for all of it.
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

    /// A transient failure: wait, then read; never straight to another write.
    fn retry(&mut self, transient: Transient) -> Action {
        if self.time_left_ms() <= TIMER_SLACK_MS {
            return self.fail(&Reason::Deadline);
        }
        // Time passes: what was refused before may be accepted after.
        self.refused_for_good = false;
        self.failures += 1;
        if self.operation == Operation::Write {
            self.write_failures += 1;
        }
        let in_a_row = self.failures.max(self.write_failures);
        if in_a_row > self.settings.max_retries {
            return self.fail(&Reason::Transient(transient));
        }
        match self.last.retry_after_ms {
            Some(ms) => self.wait(ms, WaitReason::RetryAfter, Some(transient)),
            None => self.wait(schedule::backoff_ms(in_a_row, self.random), WaitReason::Backoff, Some(transient)),
        }
    }

    /// Accepted: the answer, unless the caller wants to see the participant gone.
    fn accept(&mut self) -> Action {
        self.accepted = Some(self.last.correlation_id.clone());
        if !self.settings.confirm {
            return self.finish(Outcome::Disconnected, false);
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
        let ms = schedule::settle_ms(self.settle_polls, self.random).min(left_ms);
        self.settle_polls += 1;
        self.wait(ms, WaitReason::Settling, None)
    }

    /// A wait that cannot end in time is not started.
    fn wait(&mut self, ms: f64, reason: WaitReason, transient: Option<Transient>) -> Action {
        if self.now + ms >= self.settings.timeout_ms {
            return self.fail(&Reason::NoTimeToWait {
                transient,
                wait_ms: ms,
                requested: reason == WaitReason::RetryAfter,
            });
        }
        let end_of_confirm = self
            .accepted
            .is_some()
            .then_some(self.settling_since)
            .flatten()
            .map(|since| since + self.settings.settle_ms);
        if end_of_confirm.is_some_and(|end| self.now + ms > end + TIMER_SLACK_MS) {
            return self.finish(Outcome::Disconnected, false);
        }
        self.timeline.push(Event::Wait { at: tenths(self.now), ms: tenths(ms), reason });
        self.pending = Pending::Wait { reason, until: self.now + ms, transient };
        self.holds_grant = false;
        Action::Wait { ms }
    }

    /// The budget grants no request yet. A budget of the caller's own does not say for how long: at most until the
    /// deadline.
    fn queued(&mut self, ms: Option<f64>, pending: Pending) -> Action {
        let left_ms = self.time_left_ms().max(0.0);
        if let Some(wait_ms) = ms.filter(|&ms| ms >= left_ms) {
            self.last = Details { retry_after_ms: Some(wait_ms.ceil()), ..Details::default() };
            let transient = Some(Transient::RateLimited);
            return self.fail(&Reason::NoTimeToWait { transient, wait_ms, requested: false });
        }
        let told = if let Pending::Budget { until } = pending { until } else { None };
        let until = ms.map_or(f64::INFINITY, |ms| self.now + ms);
        let is_known = told.is_some_and(|told| ms.is_none() || (until - told).abs() < SAME_WAIT_MS);
        if !is_known {
            let (at, ms) = (tenths(self.now), tenths(ms.unwrap_or(left_ms)));
            self.timeline.push(Event::Wait { at, ms, reason: WaitReason::RateLimit });
        }
        let until = told.filter(|_| is_known).or(Some(until));
        self.keep_place(self.operation, Pending::Budget { until })
    }

    /// The budget granted the request. A write whose observation has become too old since needs a read before it, and
    /// a second request.
    fn taken(&mut self, observed: &[Observed], pending: Pending) -> Action {
        if self.time_left_ms() <= 0.0 {
            return self.fail(&Reason::Deadline);
        }
        if !observed.is_empty() {
            match self.observe(observed, pending) {
                Action::Take { .. } => self.pending = Pending::Answer,
                end => return end,
            }
        }
        let age_ms = self.now - self.seen_at;
        if self.operation == Operation::Write && age_ms > self.settings.max_age_ms.max(TIMER_SLACK_MS) {
            self.holds_grant = true;
            return self.take(Operation::Read);
        }
        self.send_now()
    }

    fn take(&mut self, operation: Operation) -> Action {
        self.keep_place(operation, Pending::Budget { until: None })
    }

    fn time_left_ms(&self) -> f64 {
        self.settings.timeout_ms - self.now
    }

    // ---- Requests and responses ----

    fn get_token(&mut self, refresh: bool) -> Action {
        self.holds_grant = false;
        Action::Token { refresh, timeout_ms: self.time_left_ms().max(0.0) }
    }

    fn send(&mut self, operation: Operation) -> Action {
        if self.time_left_ms() <= 0.0 {
            return self.fail(&Reason::Deadline);
        }
        self.operation = operation;
        if self.settings.is_paced && !(operation == Operation::Write && self.holds_grant) {
            return self.take(operation);
        }
        self.send_now()
    }

    fn send_now(&mut self) -> Action {
        self.requests += 1;
        self.last = Details::default();
        if self.operation == Operation::Write {
            (self.result_state, self.holds_grant) = (None, false);
            self.settle_whom();
        }
        let request = self.request(self.operation);
        let (method, path) = (request.method.clone(), request.path.clone());
        self.timeline.push(Event::Request { at: tenths(self.now), method, path });
        Action::Send(request)
    }

    /// From the first write on, the call is about the participant that it was sent for.
    fn settle_whom(&mut self) {
        if let Some(id) = &self.participant_id {
            self.settings.target.whom = Whom::Id(id.clone());
        }
    }

    fn request(&self, operation: Operation) -> Request {
        let Settings { conversation_id, user_id, dialect, path_prefix, .. } = &self.settings;
        let participant_id = self.participant_id.as_deref().unwrap_or_default();
        let ids = Ids { conversation_id, participant_id, user_id: user_id.as_deref().unwrap_or_default() };
        let (method, path, body) = match operation {
            Operation::Read => ("GET", &dialect.read.path, None),
            Operation::Write => (&*dialect.write.method, &dialect.write.path, dialect.write.body.as_ref()),
        };
        Request {
            operation,
            method: method.to_owned(),
            path: format!("{path_prefix}{}", ids.in_path(path)),
            body: body.map(|JsonText(text)| ids.in_body(text)),
            described: self.needs_identities(),
            timeout_ms: self.settings.request_timeout_ms.min(self.time_left_ms()),
        }
    }

    fn receive(&mut self, response: &Response) -> Meaning {
        let (code, message) = response.platform_error();
        let correlation_id = response.correlation_id.as_deref().map(|id| self.redacted(id));
        self.last = Details {
            status: Some(response.status).filter(|&status| status > 0),
            platform_code: code.map(|code| self.redacted(code)),
            platform_message: message.map(|message| self.redacted(message)),
            correlation_id: correlation_id.map(|id| id.chars().take(MAX_CORRELATION_ID_CHARS).collect()),
            retry_after_ms: requested_wait_ms(response),
            detail: None,
        };
        if self.operation == Operation::Write {
            self.write_ended_at = self.now;
        }
        let meaning = meaning::meaning(self.operation, response, &self.settings.target);
        self.timeline.push(Event::Response {
            at: tenths(self.now),
            status: Some(response.status),
            correlation_id: self.last.correlation_id.clone(),
            platform_code: self.last.platform_code.clone(),
            failure: response.body_failure(),
        });
        if let Meaning::Seen(seen) = &meaning
            && self.settings.target.whom != Whom::Everyone
        {
            self.was_read = true;
            self.seen_at = self.now;
            self.see(seen, Source::Read);
        }
        if self.operation == Operation::Write && meaning::has_unknown_effect(response) {
            self.note_unknown_effect();
        }
        meaning
    }

    fn see(&mut self, seen: &Seen, source: Source) {
        let mut state = None;
        if let Seen::Listed(listed) = seen {
            state = listed.state.as_deref().map(|state| self.redacted(state));
            self.was_listed = true;
            self.participant_id = Some(listed.id.clone());
            self.result_state.clone_from(&state);
            self.state.clone_from(&state);
        }
        self.timeline.push(Event::State { at: tenths(self.now), state, source });
    }

    fn no_response(&mut self, failure: Failure, detail: Option<String>) -> Action {
        self.timeline.push(Event::Response {
            at: tenths(self.now),
            status: None,
            correlation_id: None,
            platform_code: None,
            failure: Some(failure),
        });
        self.last.detail = detail.map(|detail| self.redacted(&detail));
        if self.operation == Operation::Write {
            self.write_ended_at = self.now;
            self.note_unknown_effect();
        }
        self.decide(Meaning::Transient(Transient::Lost(failure)))
    }

    /// After a write of unknown effect, `not-connected` has to rest on `settleMs` of reads made since.
    fn note_unknown_effect(&mut self) {
        self.unknown_effect = true;
        if self.settling_since.is_some() {
            self.start_settling();
        }
    }

    fn redacted(&self, text: &str) -> String {
        self.tokens.iter().fold(text.to_owned(), |text, token| replaced(&text, token, REDACTED))
    }

    // ---- Ends ----

    fn finish(&mut self, outcome: Outcome, confirmed: bool) -> Action {
        self.timeline.push(Event::Outcome { at: tenths(self.now), outcome: Some(outcome), code: None });
        let acknowledged = self.accepted.is_some();
        let correlation_id = match self.accepted.take() {
            Some(of_the_write) if !confirmed => of_the_write,
            _ => self.last.correlation_id.take(),
        };
        Action::Finish(Ok(DisconnectResult {
            outcome,
            conversation_id: self.settings.conversation_id.clone(),
            participant_id: self.participant_id.clone().unwrap_or_default(),
            state: self.result_state.clone(),
            acknowledged,
            confirmed,
            requests: self.requests,
            elapsed_ms: tenths(self.now),
            correlation_id,
            timeline: self.timeline.clone(),
        }))
    }

    /// Ends from outside. A write that is under way may work.
    fn interrupt(&mut self, reason: &Reason) -> Action {
        let is_under_way = matches!(self.timeline.last(), Some(Event::Request { .. }));
        self.unknown_effect |= is_under_way && self.operation == Operation::Write;
        self.fail(reason)
    }

    /// Ends without an outcome, unless a write was accepted before: that stays the answer, whatever the reads after it
    /// met.
    fn fail(&mut self, reason: &Reason) -> Action {
        if self.accepted.is_some() {
            return self.finish(Outcome::Disconnected, false);
        }
        let code = reason.code();
        self.timeline.push(Event::Outcome { at: tenths(self.now), outcome: None, code: Some(code) });
        let Details { status, platform_code, platform_message, correlation_id, retry_after_ms, detail } =
            self.last.clone();
        Action::Finish(Err(DisconnectError {
            code,
            message: self.redacted(&reason.message(
                &self.settings,
                self.operation,
                status,
                platform_message.as_deref(),
                detail.as_deref(),
                self.unknown_effect,
            )),
            status,
            platform_code,
            correlation_id,
            retry_after_ms,
            state: self.state.clone(),
            option: None,
            may_have_disconnected: self.unknown_effect,
            timeline: self.timeline.clone(),
        }))
    }
}

/// As `str::replace`, which links std's search in long texts: 4 KB of the download.
fn replaced(text: &str, wanted: &str, replacement: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text.chars();
    loop {
        if let Some(after) = rest.as_str().strip_prefix(wanted) {
            result.push_str(replacement);
            rest = after.chars();
        } else if let Some(char) = rest.next() {
            result.push(char);
        } else {
            return result;
        }
    }
}

/// The wait that the platform requested: in the header, or in the message of a 429.
pub fn requested_wait_ms(response: &Response) -> Option<f64> {
    let (_, message) = response.platform_error();
    let in_message = message.filter(|_| response.status == 429);
    let in_header = response.retry_after.as_ref().filter(|_| response.status >= 400);
    in_header.and_then(schedule::retry_after_ms).or_else(|| in_message.and_then(schedule::retry_in_message_ms))
}

/// Of everything that decides what comes next, so that a model checker can tell two calls apart. What only records (the
/// timeline, what an answer said) is left out; every field is named, so that a new one has to be thought about.
impl Hash for Call {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        #[rustfmt::skip]
        let Call {
            operation, refreshed, now, participant_id, state, result_state, seen_at, write_ended_at, holds_grant,
            pending, was_listed, was_read, settling_since, settle_polls, a_write_was_refused, failures, write_failures,
            unknown_effect, refused_for_good, rejection, accepted, settings,
            tokens: _, timeline: _, requests: _, random: _, last: _, refusal: _,
        } = self;
        (operation, refreshed, participant_id, state, result_state, was_listed, was_read, settle_polls).hash(hasher);
        (a_write_was_refused, failures, write_failures, unknown_effect, refused_for_good).hash(hasher);
        (rejection.is_some(), accepted.is_some()).hash(hasher);
        (now.to_bits(), settling_since.map(f64::to_bits)).hash(hasher);
        // Only in a client does anything depend on these.
        if settings.is_paced {
            (seen_at.to_bits(), write_ended_at.to_bits(), holds_grant).hash(hasher);
            match pending {
                Pending::Answer => 0.hash(hasher),
                Pending::Wait { reason, until, transient: _ } => (1, reason, until.to_bits()).hash(hasher),
                Pending::Budget { until } => (2, until.map(f64::to_bits)).hash(hasher),
            }
        }
    }
}
