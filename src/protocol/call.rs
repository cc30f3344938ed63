//! One call: read -> decide -> write until it has an answer. The rule of docs/protocol.md as a state machine.
//!
//! ```text
//!            +----------- wait (settling, backoff, Retry-After) <-----------+
//!            v                                                              |
//!  token -> READ -- gone ---------------------------> outcome               |
//!            | +--- unsettled, not listed ---------------------> settle ----+
//!            | +--- transient failure -------------------------> retry -----+
//!            v connected                                                    |
//!          WRITE -- 2xx, already gone --------------> outcome               |
//!              +--- refused (409, 404, cannot.disconnect.call) > refused ---+
//!              +--- 429, 5xx, lost, timed out, foreign 2xx ----> retry -----+
//!              +--- another 4xx -> READ -- gone -> outcome, otherwise error
//! ```
//!
//! [`Call::next`] takes an input and returns the next action. The meaning of a response (meaning.rs) goes to `decide`,
//! which calls one of the functions below it. That section, "The rule", is the whole rule for a call without a client;
//! words in *italics* are the paragraphs of docs/protocol.md and of the contract.
//!
//! **Every write directly follows a read that saw a disconnectable state**, or, with a client, an event that did. These
//! are all the places that lead to a write:
//!
//! - `connected`, called by `decide` for a read and by `observe` for an event;
//! - `Input::Token`, which repeats the request after a 401 (the one exception), or begins with a write on an event;
//! - `taken`, for a write that waited for the budget, also one that `observe` put in the place of a read; where its
//!   observation has become older than `max_age_ms`, the call reads first.
//!
//! Words: a write is *accepted* by a 2xx, *refused* because of the participant's state, *rejected* for another reason,
//! and of *unknown effect* where its answer was lost or not the platform's.

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
    selection::Selection,
    settings::Settings,
    target::{Kind, Listed, Seen},
    timeline::{Event, Source, WaitReason, tenths},
};
use std::hash::{Hash, Hasher};

/// What happened. Times are in milliseconds.
#[derive(Clone, Debug)]
pub enum Input {
    /// The call begins, without observations.
    Start,
    /// The access token is available.
    Token,
    /// The provider returned no usable token when it was asked for a fresh one.
    NoToken,
    /// The wait is over.
    Woke,
    /// The request ended in a response.
    Response(Response),
    /// The request ended without a response; with the host's reason. `Timeout`: the time of the request ran out.
    NoResponse(Failure, Option<String>),
    /// The access token, or the grant of the budget, did not come within the time of the action.
    OutOfTime,
    /// The budget grants the request; with what a client observed meanwhile.
    Taken(Vec<Observed>),
    /// The budget does not grant it yet; in how many milliseconds at the earliest, where that is known.
    Queued(Option<f64>),
    /// What a client observed: at the start of the call, during a wait, or while the call waits for the budget.
    Observed(Vec<Observed>),
    /// The client was closed.
    Closed,
}

/// What the host has to do next. Times are in milliseconds.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Get the access token. Answer: `Token`, `NoToken` or `OutOfTime`.
    Token {
        /// A fresh one, after a 401.
        refresh: bool,
        /// How long it may take.
        timeout_ms: f64,
    },
    /// Take the next request from the budget. Answer: `Taken`; or `Queued`, and later `Taken` or `OutOfTime`. After
    /// `Queued` or `Observed` the operation may be another one: the place in the queue stays.
    Take {
        /// What the request will be.
        operation: Operation,
        /// How long it may take.
        timeout_ms: f64,
    },
    /// Send the request. Answer: `Response` or `NoResponse`.
    Send(Request),
    /// Wait. Answer: `Woke`; `Observed` may come before it.
    Wait {
        /// How long.
        ms: f64,
    },
    /// The call has ended.
    Finish(Result<DisconnectResult, DisconnectError>),
    /// A call about all participants has ended; their list.
    List(Vec<Participant>),
}

/// A timer may fire a little early by another clock: a period is over where less than this is left.
pub const TIMER_SLACK_MS: f64 = 1.0;
/// Two estimates for the budget that differ by less are the same: the platform reports whole seconds.
const SAME_WAIT_MS: f64 = 1_000.0;
/// A shorter token is not redacted: it would match parts of ordinary text.
const MIN_TOKEN_BYTES: usize = 8;
const REDACTED: &str = "***";
/// A correlation id is 36 characters; a longer header is truncated.
const MAX_CORRELATION_ID_CHARS: usize = 128;

/// The state of one call. Times are in milliseconds since its start.
#[derive(Clone, Debug)]
pub struct Call {
    settings: Settings,
    /// The access tokens of the call, also those before a refresh.
    tokens: Vec<String>,
    timeline: Vec<Event>,
    /// HTTP requests sent.
    requests: u32,
    /// The request that is under way, was last, or is next.
    operation: Operation,
    /// The token was refreshed after a 401, which happens once.
    refreshed: bool,
    /// Of the input that is being handled.
    now: f64,
    random: f64,
    /// What the call waits for.
    pending: Pending,

    // ---- What is known of the participant ----
    /// The id that the caller gave, or that was found; it does not change after the first write.
    participant_id: Option<String>,
    /// The last state seen; for errors.
    state: Option<String>,
    /// The last state seen after the last write; for the result.
    result_state: Option<String>,
    /// It was listed, by a read or an event.
    was_listed: bool,
    /// A read of the conversation succeeded.
    was_read: bool,

    // ---- Settling and refusals ----
    /// The start of the settling period.
    settling_since: Option<f64>,
    /// Waits since then.
    settle_polls: u32,
    a_write_was_refused: bool,
    /// A write was refused after `settleMs` was over: the read that follows decides.
    refused_after_settling: bool,
    /// The last refusal of a write, for `CONFLICT`.
    refusal: Details,
    /// A write was rejected, and one more read checks whether the participant is gone.
    rejection: Option<(Reason, Details)>,

    // ---- Transient failures ----
    /// In a row, of any request.
    failures: u32,
    /// In a row, of writes, whatever the reads between them ended in.
    write_failures: u32,

    // ---- What the writes did ----
    /// A write of unknown effect was sent.
    unknown_effect: bool,
    /// A write was accepted; with the correlation id of its response, which may be missing.
    accepted: Option<Option<String>>,

    /// The last response.
    last: Details,

    // ---- With a client ----
    /// When the last observation was made that a write may rest on: a read, or an event with a disconnectable state.
    seen_at: f64,
    /// When the last write ended: earlier observations do not count any more.
    write_ended_at: f64,
    /// The budget has granted a request that is not sent yet: it was for a write whose observation had become too old.
    /// It is kept for the write, so that the write can follow its read at once.
    holds_grant: bool,
}

/// What the call waits for.
#[derive(Clone, Copy, Debug)]
enum Pending {
    /// A token or a response; or the call has not begun.
    Answer,
    /// The end of a wait; `transient`: the failure that it follows.
    Wait { reason: WaitReason, until: f64, transient: Option<Transient> },
    /// The budget; `until` is its last estimate: `None` before the first one, infinite where it has none.
    Budget { until: Option<f64> },
}

/// The parts of a response that an error reports.
#[derive(Clone, Default, Debug)]
struct Details {
    status: Option<u16>,
    platform_code: Option<String>,
    platform_message: Option<String>,
    correlation_id: Option<String>,
    /// The wait that the response requested, or that the budget needs.
    retry_after_ms: Option<f64>,
    /// The host's reason for a lost connection.
    detail: Option<String>,
}

impl Call {
    /// A call that has not begun; its first input is `Start`, or `Observed` where a client has observations.
    pub fn new(settings: Settings) -> Self {
        Call {
            participant_id: match &settings.target.selection {
                Selection::Id(id) => Some(id.clone()),
                Selection::Described(_) | Selection::All => None,
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
            refused_after_settling: false,
            rejection: None,
            accepted: None,
            last: Details::default(),
            refusal: Details::default(),
        }
    }

    /// Takes what happened, and returns what to do next. `now` is milliseconds since the start of the call, `random` is
    /// in `[0, 1)`.
    pub fn next(&mut self, input: Input, now: f64, random: f64) -> Action {
        (self.now, self.random) = (now, random);
        let pending = core::mem::replace(&mut self.pending, Pending::Answer);
        match input {
            Input::Start => self.get_token(false),
            Input::Token => self.send(self.operation),
            Input::NoToken => self.fail(&Reason::NoFreshToken),
            Input::Woke => self.send(Operation::Read),
            Input::Response(response) => match (self.receive(&response), response.body) {
                (Meaning::Seen(_), Body::Participants(listed)) if self.settings.target.selection == Selection::All => {
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

    /// As the caller gave them; once a write was sent, the selection is the id of its participant.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Requests, responses, states and waits so far.
    pub fn timeline(&self) -> &[Event] {
        &self.timeline
    }

    /// HTTP requests sent so far.
    pub fn requests(&self) -> u32 {
        self.requests
    }

    /// The participant that the call is about, once its id is known.
    pub fn participant_id(&self) -> Option<&str> {
        self.participant_id.as_deref()
    }

    /// What to read from the body of a response with this status to the request under way.
    pub fn expects(&self, status: u16) -> Expected {
        self.operation.expects(status, self.needs_identities())
    }

    /// The access token now in use: where a response repeats it, it is redacted.
    pub fn set_token(&mut self, token: &str) {
        if token.len() >= MIN_TOKEN_BYTES {
            self.tokens.push(token.to_owned());
        }
    }

    /// Whether the call is in a settling wait.
    pub fn is_settling(&self) -> bool {
        matches!(self.pending, Pending::Wait { reason: WaitReason::Settling, .. })
    }

    // ---- The rule ----

    /// What the call does about a response, or about a request without one. The first arm that matches decides.
    fn decide(&mut self, meaning: Meaning) -> Action {
        if let Meaning::Seen(_) = meaning {
            self.failures = 0;
        }
        match meaning {
            // Gone, by a read or by the answer to a write.
            Meaning::Seen(Seen::Listed(Listed { kind: Kind::Gone, .. })) | Meaning::AlreadyGone => self.gone(),
            // The conversation is over, and the participant was in it. `was_read` too, because an event may have listed
            // it: a 404 of the first read is an error all the same.
            Meaning::NotFound if self.was_listed && self.was_read => self.gone(),

            // The first 401: the same request again, with a fresh token.
            Meaning::Unauthorized if self.settings.token_can_be_refreshed && !self.refreshed => {
                self.refreshed = true;
                self.get_token(true)
            }

            // The read after a rejected write, whatever else it ended in.
            _ if self.rejection.is_some() => self.confirm_rejection(),

            // A read.
            Meaning::Seen(Seen::Listed(Listed { kind: Kind::Disconnectable, .. })) if self.accepted.is_none() => {
                self.connected()
            }
            Meaning::Seen(Seen::Ambiguous(listed)) => self.fail(&Reason::Ambiguous(listed)),
            // Unsettled or not listed; after an accepted write (`confirm`) also disconnectable.
            Meaning::Seen(seen) => self.settle(seen != Seen::NotListed),
            Meaning::NotFound if self.was_read => self.fail(&Reason::NeverListed),
            Meaning::NotFound => self.fail(&Reason::ReadNotFound),
            Meaning::Malformed(malformed) => self.fail(&Reason::Malformed(malformed)),
            Meaning::ServerFailed => self.fail(&Reason::ServerFailed),

            // A write.
            Meaning::Accepted => self.accept(),
            Meaning::Refused => self.refused(),

            // Either.
            Meaning::Transient(transient) => self.retry(transient),
            Meaning::Unauthorized => self.fail(&Reason::Unauthorized { refreshed: self.refreshed }),
            Meaning::NotFollowed => self.fail(&Reason::NotFollowed),
            // Final for a write too: a missing permission does not depend on the participant's state.
            Meaning::Forbidden { is_about_permissions: true } => {
                self.fail(&Reason::Forbidden { is_about_permissions: true })
            }
            Meaning::Forbidden { .. } => self.check_rejection(Reason::Forbidden { is_about_permissions: false }),
            Meaning::NotAUser => self.check_rejection(Reason::NotAUser),
            Meaning::Rejected => self.check_rejection(Reason::Rejected),
        }
    }

    /// A disconnectable state: write at once; `CONFLICT` where writes were refused for all of `settleMs` and a read
    /// after it still shows the state.
    fn connected(&mut self) -> Action {
        if !self.refused_after_settling {
            return self.send(Operation::Write);
        }
        self.last = core::mem::take(&mut self.refusal);
        self.fail(&Reason::Conflict)
    }

    /// The participant is gone: `disconnected` where a write of this call can have done it, otherwise
    /// `already-disconnected`.
    fn gone(&mut self) -> Action {
        let by_us = self.unknown_effect || self.accepted.is_some();
        self.finish(if by_us { Outcome::Disconnected } else { Outcome::AlreadyDisconnected }, true)
    }

    /// *Settling* and *absence*. The state is neither gone nor disconnectable, or the participant is not listed; with
    /// `confirm`, also a participant that is not gone yet. Read again until `settleMs` is over, then decide by the last
    /// read.
    ///
    /// A participant that was listed before and is not listed by the last read is gone; before the end, that may be a
    /// stale read.
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

    /// A write was refused because of the participant's state: read again until `settleMs` is over. The first refusal
    /// starts the period again, so that a `CONFLICT` is one for all of `settleMs`.
    ///
    /// A write that is refused after the end of the period is followed by one more read, which decides: `connected`
    /// fails where it would write.
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
        self.refused_after_settling = true;
        self.send(Operation::Read)
    }

    /// *Transient failures*: wait, then read; never straight to another write. Failures of writes are also counted on
    /// their own, because the reads between them succeed.
    fn retry(&mut self, transient: Transient) -> Action {
        if self.time_left_ms() <= TIMER_SLACK_MS {
            return self.fail(&Reason::Deadline);
        }
        // A wait follows, so a write may be accepted after the next read.
        self.refused_after_settling = false;
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

    /// A write was accepted: finish, or with `confirm` keep reading within a new settling period.
    fn accept(&mut self) -> Action {
        self.accepted = Some(self.last.correlation_id.clone());
        if !self.settings.confirm {
            return self.finish(Outcome::Disconnected, false);
        }
        self.failures = 0;
        self.start_settling();
        self.wait_to_settle(self.now)
    }

    /// *Other refusals of a write*: one more read, because the participant may be gone. The rejection of a read is
    /// final, and that of a write where no time is left.
    fn check_rejection(&mut self, reason: Reason) -> Action {
        if self.operation == Operation::Read || self.time_left_ms() <= TIMER_SLACK_MS {
            return self.fail(&reason);
        }
        self.rejection = Some((reason, core::mem::take(&mut self.last)));
        self.send(Operation::Read)
    }

    /// The read after a rejected write did not show the participant gone: the rejection is the error.
    fn confirm_rejection(&mut self) -> Action {
        let Some((reason, details)) = self.rejection.take() else { return self.fail(&Reason::Rejected) };
        (self.last, self.operation) = (details, Operation::Write);
        self.fail(&reason)
    }

    // ---- Time ----

    /// Starts a settling period, or starts it again.
    fn start_settling(&mut self) {
        self.settling_since = Some(self.now);
        self.settle_polls = 0;
    }

    /// Whether the settling period that began at `since` is over.
    fn is_over(&self, since: f64) -> bool {
        self.now + TIMER_SLACK_MS >= since + self.settings.settle_ms
    }

    /// Waits for the next read of the settling period. The last wait is shortened to its end.
    fn wait_to_settle(&mut self, since: f64) -> Action {
        let left_ms = since + self.settings.settle_ms - self.now;
        let ms = schedule::settle_ms(self.settle_polls, self.random).min(left_ms);
        self.settle_polls += 1;
        self.wait(ms, WaitReason::Settling, None)
    }

    /// Starts a wait, unless it would end after the deadline. With `confirm` after an accepted write, one that would
    /// end after the settling period is not started either: the call finishes unconfirmed. `transient` is the failure
    /// that it follows.
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

    /// Milliseconds until the deadline; negative after it.
    fn time_left_ms(&self) -> f64 {
        self.settings.timeout_ms - self.now
    }

    // ---- Requests and responses ----

    /// Asks for the access token. A grant of the budget is not kept meanwhile.
    fn get_token(&mut self, refresh: bool) -> Action {
        self.holds_grant = false;
        Action::Token { refresh, timeout_ms: self.time_left_ms().max(0.0) }
    }

    /// Sends a request, with a client after the budget has granted it. A write that holds a grant goes at once.
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

    /// Sends the request `operation`, which is granted.
    fn send_now(&mut self) -> Action {
        self.requests += 1;
        self.last = Details::default();
        if self.operation == Operation::Write {
            (self.result_state, self.holds_grant) = (None, false);
            self.fix_participant();
        }
        let request = self.request(self.operation);
        let (method, path) = (request.method.clone(), request.path.clone());
        self.timeline.push(Event::Request { at: tenths(self.now), method, path });
        Action::Send(request)
    }

    /// The request in the dialect of the call.
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

    /// Whether the read has to provide what a description is matched against.
    fn needs_identities(&self) -> bool {
        !matches!(self.settings.target.selection, Selection::Id(_))
    }

    /// From the first write on, the call is about the participant of that write.
    fn fix_participant(&mut self) {
        if let Some(id) = &self.participant_id {
            self.settings.target.selection = Selection::Id(id.clone());
        }
    }

    /// Records a response, and returns what it means.
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
            && self.settings.target.selection != Selection::All
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

    /// Records what a read or an event shows of the participant.
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

    /// A request ended without a response. A write may have worked.
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

    /// *Unknown effect*: a write may have worked. A settling period starts again, so that `not-connected` rests on
    /// reads made after that write.
    fn note_unknown_effect(&mut self) {
        self.unknown_effect = true;
        if self.settling_since.is_some() {
            self.start_settling();
        }
    }

    /// The text with the access tokens of the call replaced.
    fn redacted(&self, text: &str) -> String {
        self.tokens.iter().fold(text.to_owned(), |text, token| replaced(&text, token, REDACTED))
    }

    // ---- Ends ----

    /// Ends with an outcome. `confirmed`: a read, an event or the answer to a write showed the participant gone.
    ///
    /// The deciding response is that of the accepted write, or the last one where it confirmed.
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

    /// Ends with an error. Where a write was accepted before, it ends with `disconnected`: the reads after the write
    /// cannot change that.
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

    /// Ends from outside: by the deadline or by closing the client. A write that is under way may work.
    fn interrupt(&mut self, reason: &Reason) -> Action {
        let is_under_way = matches!(self.timeline.last(), Some(Event::Request { .. }));
        self.unknown_effect |= is_under_way && self.operation == Operation::Write;
        self.fail(reason)
    }

    // ---- With a client: the budget ----

    /// Takes a new place in the queue of the budget.
    fn take(&mut self, operation: Operation) -> Action {
        self.keep_place(operation, Pending::Budget { until: None })
    }

    /// Keeps waiting for the budget, for this operation from now on.
    fn keep_place(&mut self, operation: Operation, pending: Pending) -> Action {
        (self.operation, self.pending) = (operation, pending);
        Action::Take { operation, timeout_ms: self.time_left_ms().max(0.0) }
    }

    /// The budget does not grant the request yet; `ms` is its estimate, `None` where it has none. A wait that cannot
    /// end before the deadline ends the call. A new estimate is recorded where it differs from the one before.
    fn queued(&mut self, ms: Option<f64>, pending: Pending) -> Action {
        let left_ms = self.time_left_ms().max(0.0);
        if let Some(wait_ms) = ms.filter(|&ms| ms >= left_ms) {
            self.last = Details { retry_after_ms: Some(wait_ms.ceil()), ..Details::default() };
            let transient = Some(Transient::RateLimited);
            return self.fail(&Reason::NoTimeToWait { transient, wait_ms, requested: false });
        }
        let recorded = if let Pending::Budget { until } = pending { until } else { None };
        let until = ms.map_or(f64::INFINITY, |ms| self.now + ms);
        let is_known = recorded.is_some_and(|recorded| ms.is_none() || (until - recorded).abs() < SAME_WAIT_MS);
        if !is_known {
            let (at, ms) = (tenths(self.now), tenths(ms.unwrap_or(left_ms)));
            self.timeline.push(Event::Wait { at, ms, reason: WaitReason::RateLimit });
        }
        let until = recorded.filter(|_| is_known).or(Some(until));
        self.keep_place(self.operation, Pending::Budget { until })
    }

    /// The budget grants the request; `observed` is what arrived meanwhile. A write whose observation has become too
    /// old needs a read before it, and a second request: the grant is kept for the write, the read takes another.
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

    // ---- With a client: events ----

    /// What a client observed replaces a read: the first one, one that waits for the budget, and the one after a
    /// settling wait. Gone is final at any time. A disconnectable state is written to, unless the call waits for time
    /// (backoff, `Retry-After`), was accepted, or checks a refusal.
    ///
    /// A description is matched against whole reads, because an event may lack a participant: of an event it takes only
    /// the one live match, and no end.
    fn observe(&mut self, observed: &[Observed], pending: Pending) -> Action {
        let waits_for_time = matches!(pending, Pending::Wait { reason, .. } if reason != WaitReason::Settling);
        let may_write = !waits_for_time && self.accepted.is_none() && self.rejection.is_none();
        let is_exact = matches!(self.settings.target.selection, Selection::Id(_));
        let seen = self.settings.target.seen_in(observed.iter().map(|one| &one.participant));
        if let Seen::Listed(listed) = &seen {
            let observed = observed.iter().find(|one| one.participant.id.0.as_ref() == Some(&listed.id));
            let (at, source) = observed.map_or((f64::NEG_INFINITY, Source::Event), |one| (one.at, one.source));
            let is_fresh = self.now - at < self.settings.max_age_ms;
            let may_write = may_write && at >= self.write_ended_at;
            let is_new = listed.state != self.state;
            // A write waits for the budget already.
            let is_write_queued = matches!(pending, Pending::Budget { .. }) && self.operation == Operation::Write;
            match (listed.kind, pending) {
                _ if !is_fresh => {}
                (Kind::Gone, _) if is_exact => {
                    self.see(&seen, source);
                    return self.gone();
                }
                (Kind::Disconnectable, _) if may_write => {
                    if is_new || !is_write_queued {
                        self.see(&seen, source);
                    }
                    self.seen_at = if is_write_queued { self.seen_at.max(at) } else { at };
                    return match pending {
                        Pending::Wait { .. } => self.connected(),
                        Pending::Budget { .. } if self.refused_after_settling => self.connected(),
                        Pending::Budget { .. } => self.keep_place(Operation::Write, pending),
                        Pending::Answer => {
                            self.operation = Operation::Write;
                            self.get_token(false)
                        }
                    };
                }
                // The write that waits for the budget becomes a read.
                (Kind::Unsettled, Pending::Budget { .. }) if may_write && is_exact && at > self.seen_at => {
                    if is_new {
                        self.see(&seen, source);
                    }
                    return self.keep_place(Operation::Read, pending);
                }
                (Kind::Unsettled, Pending::Wait { .. }) if may_write && is_exact && is_new => self.see(&seen, source),
                _ => {}
            }
        }
        // Nothing that the call acts on: it goes on as before.
        match pending {
            Pending::Wait { until, .. } => {
                self.pending = pending;
                Action::Wait { ms: (until - self.now).max(0.0) }
            }
            Pending::Budget { .. } => self.keep_place(self.operation, pending),
            Pending::Answer => self.get_token(false),
        }
    }

    // ---- With a client: calls that join ----

    /// A call that joins `other`, which is under way for the same participant, `started` milliseconds after `other`
    /// started. It shares what `other` knows of the platform; settling, retries and the deadline are its own. What was
    /// recorded before is at 0.
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

    /// The end of a call that has just joined another, where it has one: a write was accepted already and the caller
    /// does not ask to confirm it, or the wait that is under way, other than settling, ends after its deadline.
    pub fn end_at_joining(&mut self) -> Option<Action> {
        if self.accepted.is_some() {
            self.start_settling();
            return (!self.settings.confirm).then(|| self.finish(Outcome::Disconnected, false));
        }
        match self.pending {
            Pending::Wait { reason, until, transient } if !self.is_settling() && until >= self.settings.timeout_ms => {
                let requested = reason == WaitReason::RetryAfter;
                self.last.retry_after_ms = requested.then_some(until.ceil());
                Some(self.fail(&Reason::NoTimeToWait { transient, wait_ms: until, requested }))
            }
            _ => None,
        }
    }
}

/// As `str::replace`, which would link std's search for long texts: 4 KB of the download.
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

/// The wait that a response with status >= 400 requests, in milliseconds: by its `Retry-After`, or by the message of a
/// 429.
pub fn requested_wait_ms(response: &Response) -> Option<f64> {
    let (_, message) = response.platform_error();
    let in_message = message.filter(|_| response.status == 429);
    let in_header = response.retry_after.as_ref().filter(|_| response.status >= 400);
    in_header.and_then(schedule::retry_after_ms).or_else(|| in_message.and_then(schedule::retry_in_message_ms))
}

/// Hashes everything that influences later actions, so that a model checker can tell two calls apart. Fields that only
/// record (the timeline, the last response) are left out. Every field is named, so that a new one is not forgotten.
impl Hash for Call {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        #[rustfmt::skip]
        let Call {
            operation, refreshed, now, participant_id, state, result_state, seen_at, write_ended_at, holds_grant,
            pending, was_listed, was_read, settling_since, settle_polls, a_write_was_refused, failures, write_failures,
            unknown_effect, refused_after_settling, rejection, accepted, settings,
            tokens: _, timeline: _, requests: _, random: _, last: _, refusal: _,
        } = self;
        (operation, refreshed, participant_id, state, result_state, was_listed, was_read, settle_polls).hash(hasher);
        (a_write_was_refused, failures, write_failures, unknown_effect, refused_after_settling).hash(hasher);
        (rejection.is_some(), accepted.is_some()).hash(hasher);
        (now.to_bits(), settling_since.map(f64::to_bits)).hash(hasher);
        // Without a client nothing depends on these.
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
