//! The driver of a flight: it performs the protocol's actions, once for all callers, and passes back the results. It
//! makes no decision of the rule.

use super::{
    abort::Abort,
    budget::{Grant, Pacer, Place, Turned},
    commons::Commons,
    events::Events,
    fetch::Connection,
    flight::{Ended, Key, Seat, SharedFlight},
    options::Options,
    time::{self, TimeLimit},
    token::SharedToken,
};
use crate::protocol::{
    budget::{Limits, Purpose},
    call::{Action, Input, requested_wait_ms},
    http::{Body, Operation, Request},
    selection::Selection,
};
use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    rc::Rc,
    task::Poll,
};
use wasm_bindgen::prelude::*;

/// One call without a client, from the caller's options to its result. The error is a `DisconnectError`, the reason of
/// the signal, or the error of the token provider.
pub async fn run(options: JsValue) -> Result<JsValue, JsValue> {
    const METHOD: &str = "disconnectIfConnected";
    let Options { settings, origin, access_token, signal, fetch, on_event } =
        Options::read(&options).map_err(|refusal| super::error::invalid_argument(METHOD, refusal))?;
    let abort = Abort::listen(signal)?;
    let key = Key { settings, origin, fetch, token: Rc::new(SharedToken::new(access_token)) };
    let flight = SharedFlight::new(key);
    let seat = flight.join(flight.key.settings.clone(), false, false);
    let mut driver = Driver::new(None, &flight, abort);
    let mailbox = Rc::clone(&seat.mailbox);
    driver.caller = Some((seat, Events::new(on_event)));
    driver.drive().await?;
    mailbox.ended.take().map_or(Ok(JsValue::UNDEFINED), |ended| ended.to_js(METHOD))
}

/// The driver of one flight.
pub struct Driver {
    /// Those of the client; without a client there is no budget and no observation.
    commons: Option<Rc<Commons>>,
    flight: Rc<SharedFlight>,
    /// What ends the work early.
    abort: Abort,
    connection: Connection,
    /// The number of the token in use.
    token_number: Option<u32>,
    /// The wait for the budget, where the flight is in its queue.
    turn: Option<Turn>,
    /// The grant of the last or of the next request.
    grant: Option<Grant>,
    /// The next request directly follows one of this flight.
    follows: bool,
    /// The only caller, of a call without a client; its events are emitted here.
    caller: Option<(Seat, Events)>,
}

/// A wait for the budget.
type Turn = Pin<Box<dyn Future<Output = Result<Turned, JsValue>>>>;

impl Driver {
    /// A driver that has not begun. `commons`: of a client. `abort`: what ends the flight early.
    pub fn new(commons: Option<Rc<Commons>>, flight: &Rc<SharedFlight>, abort: Abort) -> Self {
        let Key { origin, fetch, .. } = &flight.key;
        let connection = Connection::new(origin.clone(), fetch.clone(), commons.is_some());
        Driver {
            commons,
            flight: Rc::clone(flight),
            abort,
            connection,
            token_number: None,
            turn: None,
            grant: None,
            follows: false,
            caller: None,
        }
    }

    /// Runs until every caller has ended. The error is the reason of the signal.
    pub async fn drive(&mut self) -> Result<(), JsValue> {
        let mut input = self.observed().unwrap_or(Input::Start);
        loop {
            let cause = self.connection.last_failure();
            let action = self.flight.step(input, cause.as_ref());
            if let Some((seat, events)) = &mut self.caller {
                seat.show(events);
            }
            self.abort.check()?;
            // No request comes next: the place in the queue and the grant are given back.
            if !matches!(action, Some(Action::Take { .. } | Action::Send(_))) {
                (self.turn, self.grant, self.follows) = (None, None, false);
            }
            // An event has come meanwhile: it may change the action.
            if let Some(Action::Take { .. } | Action::Wait { .. }) = action
                && let Some(news) = self.news()
            {
                input = news;
                continue;
            }
            let next = match action {
                Some(Action::Token { refresh, timeout_ms }) => self.token(refresh, timeout_ms).await?,
                Some(Action::Take { operation, timeout_ms }) => self.take(operation, timeout_ms).await?,
                Some(Action::Send(request)) => Some(self.send(&request).await?),
                Some(Action::Wait { ms }) => Some(self.wait(ms).await?),
                Some(Action::Finish(_) | Action::List(_)) | None => None,
            };
            match next {
                Some(next) if !self.abort.is_over() => input = next,
                _ => return Ok(()),
            }
        }
    }

    /// The observations of the conversation, with times on the clock of the flight. `None` where there are none, and
    /// for a call about all participants.
    fn observed(&self) -> Option<Input> {
        let settings = &self.flight.key.settings;
        let mut observed = self.commons.as_ref()?.observed(&settings.conversation_id);
        observed.iter_mut().for_each(|one| one.at -= self.flight.started);
        (!observed.is_empty() && settings.target.selection != Selection::All).then_some(Input::Observed(observed))
    }

    /// The observations of the conversation, where an event has come since the last call.
    fn news(&self) -> Option<Input> {
        if self.flight.has_news.take() { self.observed() } else { None }
    }

    /// Gets the access token; `None` where the flight has ended because of it.
    async fn token(&mut self, refresh: bool, timeout_ms: f64) -> Result<Option<Input>, JsValue> {
        let used = self.token_number.filter(|_| refresh);
        let limit = &mut TimeLimit::new(self.limit_ms(timeout_ms));
        let given = self.abort.or_timeout(self.flight.key.token.get(used), limit).await?;
        Ok(match given {
            None => Some(Input::OutOfTime),
            Some(Ok(Ok((number, token)))) => {
                self.token_number = Some(number);
                self.flight.set_token(&token);
                self.connection.set_token(&token);
                Some(Input::Token)
            }
            Some(Ok(Err(_))) if refresh => Some(Input::NoToken),
            Some(Ok(Err(given))) => self.end_all(Ended::NoToken(given, self.flight.requests())),
            Some(Err(thrown)) => self.end_all(Ended::Threw(thrown, self.flight.requests())),
        })
    }

    /// The time limit of an action. None in a client's flight: each caller ends by its own deadline, and others may
    /// join later.
    fn limit_ms(&self, timeout_ms: f64) -> f64 {
        if self.commons.is_some() { f64::INFINITY } else { timeout_ms }
    }

    /// Ends the calls of all callers in the same way.
    fn end_all(&self, ended: Ended) -> Option<Input> {
        self.flight.end_all(&ended);
        None
    }

    /// Takes the next request from the budget. The wait is interrupted by events, and by callers that join, whose calls
    /// have to learn how long it takes.
    async fn take(&mut self, operation: Operation, timeout_ms: f64) -> Result<Option<Input>, JsValue> {
        let Some(commons) = &self.commons else { return Ok(Some(Input::Taken(Vec::new()))) };
        let is_queued = self.turn.is_some();
        let mut turn: Turn = match (self.turn.take(), commons.pacer.clone()) {
            (Some(turn), _) => turn,
            (None, Pacer::Foreign(budget)) => Box::pin(budget.granted(self.flight.has_priority(), self.follows)),
            (None, Pacer::Own(budget)) => {
                let last = self.grant.take();
                // Granted to a write whose observation has become too old: the call reads again.
                let is_again = last.as_ref().is_some_and(Grant::is_unused);
                let of_read = last.filter(|grant| operation == Operation::Write && !grant.is_unused());
                let place = match of_read.and_then(|grant| grant.for_write(false)) {
                    Some(grant) => Err(grant),
                    None => budget.enter(self.purpose(operation, is_again), self.flight.has_priority()).granted(),
                };
                match place {
                    Err(grant) => {
                        self.grant = Some(grant);
                        return Ok(Some(Input::Taken(Vec::new())));
                    }
                    Ok(place) => return Ok(Some(self.queue(place))),
                }
            }
        };
        // Not queued yet: a budget of the application, which can grant at once, but only by a promise.
        let limit_ms = if is_queued { self.limit_ms(timeout_ms) } else { 0.0 };
        self.flight.interrupt.reset();
        let turned = turn_or_news(turn.as_mut(), self.flight.interrupt.notified());
        let turned = self.abort.or_timeout(turned, &mut TimeLimit::new(limit_ms)).await?;
        Ok(match turned {
            Some(Some(Ok(Turned::Granted(grant)))) => {
                self.grant = grant;
                let observed = if let Some(Input::Observed(observed)) = self.news() { observed } else { Vec::new() };
                Some(Input::Taken(observed))
            }
            Some(Some(Ok(Turned::Waits(place)))) => Some(self.queue(place)),
            Some(Some(Err(thrown))) => self.end_all(Ended::Threw(thrown, self.flight.requests())),
            None if is_queued => Some(Input::OutOfTime),
            Some(None) | None => {
                self.turn = Some(turn);
                let wait_ms = self.flight.place.borrow().as_ref().and_then(|(budget, ticket)| budget.wait_ms(*ticket));
                Some(self.news().unwrap_or(Input::Queued(wait_ms)))
            }
        })
    }

    /// Begins to wait in the queue of the package's own budget.
    fn queue(&mut self, place: Place) -> Input {
        let wait_ms = place.wait_ms();
        self.flight.place.replace(Some(place.ticket()));
        self.turn = Some(Box::pin(place.turn()));
        Input::Queued(wait_ms)
    }

    /// What the next request is for; `is_again`: a read that is repeated before its write.
    fn purpose(&self, operation: Operation, is_again: bool) -> Purpose {
        match operation {
            _ if is_again => Purpose::Pair,
            _ if self.follows => Purpose::Next,
            Operation::Read if self.flight.key.settings.target.selection != Selection::All => Purpose::Read,
            _ => Purpose::Single,
        }
    }

    /// Sends the request, and reports its response to the budget and the observations.
    async fn send(&mut self, request: &Request) -> Result<Input, JsValue> {
        self.follows = true;
        // A write that is due directly after its read did not take a request from the budget.
        self.grant = match self.grant.take() {
            Some(grant) if !grant.is_unused() => grant.for_write(true),
            grant => grant,
        };
        if let Some(grant) = &mut self.grant {
            grant.send();
        }
        let settings = &self.flight.key.settings;
        if let Some(commons) = self.commons.as_ref().filter(|_| request.operation == Operation::Write) {
            commons.mark_used(&settings.conversation_id, &self.flight.participant_id());
        }
        let (read, max_bytes) = (&settings.dialect.read, settings.max_response_bytes);
        let timeout_ms = if self.commons.is_some() { self.flight.request_timeout_ms() } else { request.timeout_ms };
        let sent_at = time::now();
        let request = Request { timeout_ms, ..request.clone() };
        let mut input = self.connection.perform(&request, read, max_bytes, &self.abort).await?;
        if let Some(commons) = &self.commons {
            match &mut input {
                Input::Response(response) => {
                    let limits = self.connection.last_limits().unwrap_or_default();
                    let retry_after_ms = requested_wait_ms(response).filter(|_| limits.is_exceeded);
                    let limits = Limits { retry_after_ms, ..limits };
                    commons.report(self.grant.as_mut(), &limits);
                    if let Body::Participants(participants) = &mut response.body {
                        commons.keep_gone(&settings.conversation_id, participants);
                        commons.refresh(&settings.conversation_id, participants, sent_at);
                    }
                }
                _ => {
                    self.grant = None;
                    if let Pacer::Foreign(budget) = &commons.pacer {
                        budget.report_limits(&Limits::default());
                    }
                }
            }
        }
        Ok(input)
    }

    /// Waits; events and callers that join end the wait.
    async fn wait(&mut self, ms: f64) -> Result<Input, JsValue> {
        self.flight.interrupt.reset();
        self.abort.or_timeout(self.flight.interrupt.notified(), &mut TimeLimit::new(ms)).await?;
        Ok(self.news().unwrap_or(Input::Woke))
    }
}

/// The result of `turn`, or `None` where `news` ends before it.
async fn turn_or_news(
    mut turn: Pin<&mut dyn Future<Output = Result<Turned, JsValue>>>,
    news: impl Future<Output = ()>,
) -> Option<Result<Turned, JsValue>> {
    let mut news = pin!(news);
    poll_fn(|context| match turn.as_mut().poll(context) {
        Poll::Ready(turned) => Poll::Ready(Some(turned)),
        Poll::Pending => news.as_mut().poll(context).map(|()| None),
    })
    .await
}
