//! Single flight: overlapping calls for the same participant share one set of requests.
//!
//! Each caller has a [`Call`] of its own, with its own deadline, settling and retries. All calls of a flight receive
//! the same inputs, so that all ask for the same request, which is sent once; a call that ends leaves the flight. Of
//! several waits the shortest counts, and a caller that joins during a settling wait ends it.
//!
//! Times are in milliseconds: those of the flight on the clock of the host, those of each call since its own start.

use super::{
    call::{Action, Call, Input},
    error::DisconnectError,
    participant::Participant,
    result::DisconnectResult,
    settings::Settings,
    timeline::Event,
};

/// The number of a caller, unique in its flight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CallerId(
    /// Chosen by the host.
    pub u32,
);

/// How a call of the flight ended.
#[derive(Clone, PartialEq, Debug)]
pub enum End {
    /// With an outcome or an error.
    Finished(Result<DisconnectResult, Box<DisconnectError>>),
    /// A call about all participants: their list, and the timeline of the call.
    Listed(Vec<Participant>, Vec<Event>),
}

/// Overlapping calls for the same participant, by the same routes, with the same token.
#[derive(Clone, Hash, Debug)]
pub struct Flight {
    callers: Vec<Caller>,
    stage: Stage,
}

#[derive(Clone, Debug)]
struct Caller {
    id: CallerId,
    call: Call,
    /// When it joined, on the clock of the flight.
    started: f64,
    /// Its requests go before those without priority.
    priority: bool,
}

impl std::hash::Hash for Caller {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        (self.id, &self.call, self.started.to_bits(), self.priority).hash(hasher);
    }
}

/// What the flight is doing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Stage {
    /// Nothing: the first input has not come.
    New,
    /// A wait.
    Waiting,
    /// A settling wait that a caller ended by joining. Other waits (backoff, `Retry-After`) go on.
    WaitEnded,
    /// It waits for the budget.
    InQueue,
    /// It waits for a token or for a response.
    Busy,
}

/// The result of an input.
#[derive(Debug)]
pub struct Step {
    /// What the host has to do next; `None` where no caller is left.
    pub action: Option<Action>,
    /// The callers whose calls have ended; they have left the flight.
    pub ended: Vec<(CallerId, End)>,
}

impl Default for Flight {
    fn default() -> Self {
        Flight { callers: Vec::new(), stage: Stage::New }
    }
}

impl Flight {
    /// Adds a caller. Returns its end, where it needs no request any more; it does not join then. The host has to pass
    /// `Woke` where [`is_wait_over`](Flight::is_wait_over), `Queued` where [`is_in_queue`](Flight::is_in_queue).
    pub fn join(&mut self, id: CallerId, settings: Settings, priority: bool, now: f64) -> Option<End> {
        let call = match self.callers.first() {
            Some(other) if self.stage != Stage::New => Call::joining(settings, &other.call, now - other.started),
            _ => Call::new(settings),
        };
        let mut caller = Caller { id, call, started: now, priority };
        match caller.call.end_at_joining() {
            Some(Action::Finish(end)) => Some(End::of(end)),
            _ => {
                let is_settling = self.callers.first().is_some_and(|caller| caller.call.is_settling());
                self.callers.push(caller);
                if self.stage == Stage::Waiting && is_settling {
                    self.stage = Stage::WaitEnded;
                }
                None
            }
        }
    }

    /// Removes a caller without an end. Whether it was the last one.
    pub fn leave(&mut self, id: CallerId) -> bool {
        self.callers.retain(|caller| caller.id != id);
        self.callers.is_empty()
    }

    /// Whether a caller has ended the settling wait by joining: `Woke` is due.
    pub fn is_wait_over(&self) -> bool {
        self.stage == Stage::WaitEnded
    }

    /// Whether it waits for the budget. Where a caller joins, `Queued` is due once more, so that its call learns how
    /// long the wait takes.
    pub fn is_in_queue(&self) -> bool {
        self.stage == Stage::InQueue
    }

    /// Whether no caller is left.
    pub fn is_empty(&self) -> bool {
        self.callers.is_empty()
    }

    /// Whether any of the callers has priority.
    pub fn has_priority(&self) -> bool {
        self.callers.iter().any(|caller| caller.priority)
    }

    /// The participant that the calls are about, once its id is known.
    pub fn participant_id(&self) -> Option<&str> {
        self.callers.first()?.call.participant_id()
    }

    /// The call of a caller that has not left.
    pub fn call(&self, id: CallerId) -> Option<&Call> {
        self.callers.iter().find(|caller| caller.id == id).map(|caller| &caller.call)
    }

    /// How long a request may take: the longest `requestTimeoutMs` of the callers.
    pub fn request_timeout_ms(&self) -> f64 {
        self.callers.iter().map(|caller| caller.call.settings().request_timeout_ms).fold(0.0, f64::max)
    }

    /// HTTP requests sent.
    pub fn requests(&self) -> u32 {
        self.callers.iter().map(|caller| caller.call.requests()).max().unwrap_or_default()
    }

    /// Sets the access token now in use, for redaction.
    pub fn set_token(&mut self, token: &str) {
        self.callers.iter_mut().for_each(|caller| caller.call.set_token(token));
    }

    /// Ends a caller whose deadline has passed.
    pub fn expire(&mut self, id: CallerId, now: f64) -> Vec<(CallerId, End)> {
        self.end_matching(now, Input::OutOfTime, |caller| caller.id == id)
    }

    /// Ends all callers, because the client was closed.
    pub fn close(&mut self, now: f64) -> Vec<(CallerId, End)> {
        self.end_matching(now, Input::Closed, |_| true)
    }

    fn end_matching(&mut self, now: f64, input: Input, is_match: impl Fn(&Caller) -> bool) -> Vec<(CallerId, End)> {
        let mut ended = Vec::new();
        self.callers.retain_mut(|caller| {
            if !is_match(caller) {
                return true;
            }
            if let Action::Finish(end) = caller.call.next(input.clone(), now - caller.started, 0.0) {
                ended.push((caller.id, End::of(end)));
            }
            false
        });
        ended
    }

    /// Takes what happened, and returns what to do next. `now` is on the clock of the flight, `random` in `[0, 1)`.
    pub fn next(&mut self, input: Input, now: f64, random: f64) -> Step {
        let mut ended = Vec::new();
        let mut wanted: Vec<Action> = Vec::with_capacity(self.callers.len());
        let mut input = Some(input);
        let mut left = self.callers.len();
        self.callers.retain_mut(|caller| {
            left -= 1;
            let input = if left > 0 { input.clone() } else { input.take() };
            let Some(input) = input.map(|input| input.since(caller.started)) else { return true };
            match caller.call.next(input, now - caller.started, random) {
                Action::Finish(end) => ended.push((caller.id, End::of(end))),
                Action::List(listed) => ended.push((caller.id, End::Listed(listed, caller.call.timeline().to_vec()))),
                action => {
                    wanted.push(action);
                    return true;
                }
            }
            false
        });
        let is_over = self.stage == Stage::WaitEnded;
        if is_over || !wanted.iter().all(|action| matches!(action, Action::Wait { .. })) {
            // One call reads, so the calls that wait share that read.
            for (caller, action) in self.callers.iter_mut().zip(&mut wanted) {
                if let Action::Wait { .. } = action {
                    *action = caller.call.next(Input::Woke, now - caller.started, random);
                }
            }
        }
        let action = wanted.into_iter().reduce(Action::shared);
        self.stage = match action {
            Some(Action::Wait { .. }) => Stage::Waiting,
            Some(Action::Take { .. }) => Stage::InQueue,
            _ => Stage::Busy,
        };
        Step { action, ended }
    }
}

impl Input {
    /// The same input for a call that started so much later.
    fn since(self, started: f64) -> Input {
        let mut input = self;
        if let Input::Observed(observed) | Input::Taken(observed) = &mut input {
            observed.iter_mut().for_each(|one| one.at -= started);
        }
        input
    }
}

impl Action {
    /// One action for two callers: the longer one of two time limits, the shorter one of two waits.
    fn shared(self, other: Action) -> Action {
        match (self, other) {
            (Action::Wait { ms }, Action::Wait { ms: other }) => Action::Wait { ms: ms.min(other) },
            (Action::Send(mut request), Action::Send(other)) => {
                request.timeout_ms = request.timeout_ms.max(other.timeout_ms);
                Action::Send(request)
            }
            (Action::Token { refresh, timeout_ms }, Action::Token { timeout_ms: other, .. }) => {
                Action::Token { refresh, timeout_ms: timeout_ms.max(other) }
            }
            (Action::Take { operation, timeout_ms }, Action::Take { timeout_ms: other, .. }) => {
                Action::Take { operation, timeout_ms: timeout_ms.max(other) }
            }
            (action, _) => action,
        }
    }
}

impl End {
    fn of(end: Result<DisconnectResult, DisconnectError>) -> End {
        End::Finished(end.map_err(Box::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{
        code::Code,
        http::{Body, Operation, Response, RetryAfter},
        observation::Observed,
        outcome::Outcome,
        settings::Api,
        timeline::{Event, Source},
    };
    use serde_json::json;

    fn settings() -> Settings {
        Settings { is_paced: true, max_age_ms: 2_000.0, ..Settings::new("c", "p", Api::Calls) }
    }

    fn listed(state: &str) -> Vec<Participant> {
        serde_json::from_value(json!([{"id": "p", "state": state}])).unwrap()
    }

    fn response(status: u16, body: Body) -> Input {
        Input::Response(Response { status, correlation_id: None, retry_after: None, body })
    }

    fn read(state: &str) -> Input {
        response(200, Body::Participants(listed(state)))
    }

    fn observed(state: &str, at: f64) -> Input {
        let participant = listed(state).remove(0);
        Input::Observed(vec![Observed { participant, at, source: Source::Event }])
    }

    /// A flight with one caller, whose read is under way.
    fn reading() -> Flight {
        let mut flight = Flight::default();
        assert_eq!(flight.join(CallerId(0), settings(), false, 0.0), None);
        for (input, expected) in [(Input::Start, "Token"), (Input::Token, "Take"), (Input::Taken(vec![]), "Send")] {
            assert_eq!(step(&mut flight, input, 0.0).0, expected);
        }
        flight
    }

    /// The name of the action, and the callers that have ended.
    fn step(flight: &mut Flight, input: Input, now: f64) -> (String, Vec<(CallerId, End)>) {
        let Step { action, ended } = flight.next(input, now, 0.5);
        let action = format!("{action:?}");
        (action.trim_start_matches("Some(").split([' ', '(', ')']).next().unwrap().to_owned(), ended)
    }

    fn result(end: &End) -> &DisconnectResult {
        let End::Finished(Ok(result)) = end else { panic!("{end:?}") };
        result
    }

    #[test]
    fn two_callers_are_answered_by_one_pair_of_requests() {
        let mut flight = reading();
        flight.join(CallerId(1), settings(), true, 30.0);
        assert!(flight.has_priority());
        assert_eq!(step(&mut flight, read("connected"), 40.0).0, "Take");
        assert_eq!(step(&mut flight, Input::Taken(vec![]), 40.0).0, "Send");
        assert_eq!(flight.participant_id(), Some("p"));
        let (action, ended) = step(&mut flight, response(202, Body::Unread), 80.0);
        assert_eq!((action.as_str(), ended.len(), flight.is_empty()), ("None", 2, true));
        let (first, second) = (result(&ended[0].1), result(&ended[1].1));
        for (result, elapsed_ms) in [(first, 80.0), (second, 50.0)] {
            assert_eq!((result.outcome, result.acknowledged, result.requests), (Outcome::Disconnected, true, 2));
            assert_eq!(result.elapsed_ms, elapsed_ms);
        }
        let times = |result: &DisconnectResult| -> Vec<f64> {
            result.timeline.iter().map(|event| serde_json::to_value(event).unwrap()["at"].as_f64().unwrap()).collect()
        };
        assert_eq!(times(first), [0.0, 40.0, 40.0, 40.0, 80.0, 80.0]);
        // What happened before it joined is recorded at 0.
        assert_eq!(times(second), [0.0, 10.0, 10.0, 10.0, 50.0, 50.0]);
    }

    #[test]
    fn each_caller_has_its_own_time() {
        let mut flight = reading();
        flight.join(CallerId(1), Settings { settle_ms: 300.0, ..settings() }, false, 0.0);
        flight.join(CallerId(2), Settings { timeout_ms: 50.0, ..settings() }, false, 10.0);
        let ended = flight.expire(CallerId(2), 60.0);
        let [(CallerId(2), End::Finished(Err(error)))] = ended.as_slice() else { panic!("{ended:?}") };
        assert_eq!((error.code, error.may_have_disconnected), (Code::Timeout, false));
        let mut ended = Vec::new();
        let mut now = 100.0;
        let mut input = read("queued");
        while let Step { action: Some(action), ended: more } = flight.next(input, now, 0.5) {
            ended.extend(more.into_iter().map(|(id, end)| (id, now, result(&end).outcome)));
            input = match action {
                Action::Wait { ms } => {
                    now += ms;
                    Input::Woke
                }
                Action::Take { .. } => Input::Taken(vec![]),
                _ => read("queued"),
            };
        }
        assert_eq!(ended, [(CallerId(1), 400.0, Outcome::NotConnected)]);
        assert_eq!(now, 1_600.0);
        assert!(flight.is_empty());
    }

    #[test]
    fn a_caller_that_joins_ends_the_settling_wait_whatever_input_comes_first() {
        for (input, expected) in [
            (Input::Woke, Operation::Read),
            (observed("queued", 50.0), Operation::Read),
            (observed("connected", 50.0), Operation::Write),
        ] {
            let mut flight = reading();
            assert_eq!(step(&mut flight, read("queued"), 0.0).0, "Wait");
            flight.join(CallerId(1), settings(), false, 50.0);
            let Step { action, .. } = flight.next(input, 60.0, 0.5);
            assert!(matches!(action, Some(Action::Take { operation, .. }) if operation == expected), "{action:?}");
        }
    }

    #[test]
    fn an_event_ends_a_wait_for_all() {
        let mut flight = reading();
        flight.join(CallerId(1), settings(), false, 0.0);
        step(&mut flight, read("queued"), 0.0);
        // An event without a new state: the wait goes on.
        let Step { action, .. } = flight.next(observed("queued", 20.0), 20.0, 0.5);
        assert_eq!(action, Some(Action::Wait { ms: 100.0 }));
        let Step { action, .. } = flight.next(observed("connected", 30.0), 30.0, 0.5);
        assert!(matches!(action, Some(Action::Take { operation: Operation::Write, .. })), "{action:?}");
        // Too old when the budget grants it: a read before it, which needs a second request.
        let Step { action, .. } = flight.next(Input::Taken(vec![]), 2_031.0, 0.5);
        assert!(matches!(action, Some(Action::Take { operation: Operation::Read, .. })), "{action:?}");
        let Step { action, .. } = flight.next(Input::Taken(vec![]), 9_000.0, 0.5);
        let Some(Action::Send(request)) = action else { panic!("{action:?}") };
        assert_eq!(request.operation, Operation::Read);
        // The write goes at once: its request was granted before.
        let Step { action, .. } = flight.next(read("connected"), 9_040.0, 0.5);
        let Some(Action::Send(request)) = action else { panic!("{action:?}") };
        assert_eq!(request.operation, Operation::Write);
        assert_eq!(step(&mut flight, response(409, Body::Unread), 9_080.0).0, "Wait");
        assert_eq!(step(&mut flight, Input::Woke, 9_200.0).0, "Take");
        assert_eq!(step(&mut flight, Input::Taken(vec![]), 9_200.0).0, "Send");
        let (_, ended) = step(&mut flight, read("terminated"), 9_240.0);
        let outcomes: Vec<_> = ended.iter().map(|(_, end)| result(end).outcome).collect();
        assert_eq!(outcomes, [Outcome::AlreadyDisconnected; 2]);
    }

    #[test]
    fn an_event_counts_while_the_budget_is_waited_for() {
        let queued = || {
            let mut flight = Flight::default();
            flight.join(CallerId(0), settings(), false, 0.0);
            step(&mut flight, Input::Start, 0.0);
            step(&mut flight, Input::Token, 0.0);
            assert_eq!(step(&mut flight, Input::Queued(Some(5_000.0)), 0.0).0, "Take");
            flight
        };
        let operation = |flight: &mut Flight, input, now| match flight.next(input, now, 0.5).action {
            Some(Action::Take { operation, .. }) => operation,
            Some(Action::Send(request)) => request.operation,
            action => panic!("{action:?}"),
        };
        let (_, ended) = step(&mut queued(), observed("terminated", 100.0), 100.0);
        assert_eq!((result(&ended[0].1).outcome, result(&ended[0].1).requests), (Outcome::AlreadyDisconnected, 0));

        let mut flight = queued();
        assert_eq!(operation(&mut flight, observed("connected", 4_900.0), 4_900.0), Operation::Write);
        assert_eq!(operation(&mut flight, observed("queued", 4_950.0), 4_950.0), Operation::Read);
        assert_eq!(operation(&mut flight, observed("connected", 4_990.0), 4_990.0), Operation::Write);
        assert_eq!(operation(&mut flight, Input::Taken(vec![]), 5_000.0), Operation::Write);
        // An event from before the refusal of the write does not count; a later one leads to another write.
        step(&mut flight, response(409, Body::Unread), 5_040.0);
        assert_eq!(step(&mut flight, observed("connected", 5_030.0), 5_041.0).0, "Wait");
        assert_eq!(operation(&mut flight, observed("connected", 5_050.0), 5_050.0), Operation::Write);
        // Observed together with the grant.
        let Input::Observed(late) = observed("terminated", 5_060.0) else { panic!() };
        let (_, ended) = step(&mut flight, Input::Taken(late), 5_061.0);
        assert_eq!(result(&ended[0].1).outcome, Outcome::AlreadyDisconnected);
    }

    #[test]
    fn a_caller_that_joins_a_wait_longer_than_its_deadline_ends_at_once() {
        let code = |end: &End| {
            let End::Finished(Err(error)) = end else { panic!("{end:?}") };
            (error.code, error.retry_after_ms)
        };
        let short = || Settings { timeout_ms: 1_000.0, ..settings() };
        let mut flight = reading();
        let limited = Response {
            status: 429,
            correlation_id: None,
            retry_after: Some(RetryAfter { value: "4".to_owned(), date_ms: None, sent_ms: None, received_ms: 0.0 }),
            body: Body::Unread,
        };
        assert_eq!(step(&mut flight, Input::Response(limited), 0.0).0, "Wait");
        let end = flight.join(CallerId(1), short(), false, 500.0).expect("an end");
        assert_eq!(code(&end), (Code::RateLimited, Some(3_500.0)));
        assert_eq!(flight.join(CallerId(2), settings(), false, 500.0), None);

        // It learns of the wait for the budget by the next `Queued`; the others do not record the same wait again.
        step(&mut flight, Input::Woke, 4_000.0);
        step(&mut flight, Input::Queued(Some(5_000.0)), 4_000.0);
        assert!(flight.is_in_queue());
        assert_eq!(flight.join(CallerId(3), short(), false, 4_500.0), None);
        let (action, ended) = step(&mut flight, Input::Queued(Some(4_500.0)), 4_500.0);
        assert_eq!((action.as_str(), ended.len(), code(&ended[0].1)), ("Take", 1, (Code::RateLimited, Some(4_500.0))));
        let waits = |id| {
            let is_wait = |event: &&Event| matches!(event, Event::Wait { .. });
            flight.call(CallerId(id)).expect("it is there").timeline().iter().filter(is_wait).count()
        };
        assert_eq!((waits(0), waits(2)), (2, 2));
    }

    #[test]
    fn a_request_may_take_the_longest_request_timeout() {
        let mut flight = reading();
        assert_eq!(flight.request_timeout_ms(), 3_000.0);
        flight.join(CallerId(1), Settings { request_timeout_ms: 5_000.0, ..settings() }, false, 0.0);
        assert_eq!(flight.request_timeout_ms(), 5_000.0);
    }

    #[test]
    fn an_observed_end_needs_no_request() {
        let mut flight = Flight::default();
        flight.join(CallerId(0), settings(), false, 0.0);
        let (_, ended) = step(&mut flight, observed("disconnected", -10.0), 0.0);
        let result = result(&ended[0].1);
        assert_eq!((result.outcome, result.requests, result.confirmed), (Outcome::AlreadyDisconnected, 0, true));
        let [Event::State { source, .. }, Event::Outcome { .. }] = result.timeline.as_slice() else { panic!() };
        assert_eq!(*source, Source::Event);
    }

    #[test]
    fn an_accepted_write_is_the_answer_for_later_callers() {
        let mut flight = Flight::default();
        flight.join(CallerId(0), Settings { confirm: true, ..settings() }, false, 0.0);
        let script = [
            (observed("connected", 0.0), "Token"),
            (Input::Token, "Take"),
            (Input::Taken(vec![]), "Send"),
            (response(202, Body::Unread), "Wait"),
        ];
        for (input, expected) in script {
            assert_eq!(step(&mut flight, input, 10.0).0, expected);
        }
        let end = flight.join(CallerId(1), settings(), false, 20.0).expect("an end");
        assert_eq!((result(&end).outcome, result(&end).acknowledged), (Outcome::Disconnected, true));
        // With `confirm`, the call keeps reading.
        assert_eq!(flight.join(CallerId(2), Settings { confirm: true, ..settings() }, false, 30.0), None);
        step(&mut flight, Input::Woke, 40.0);
        step(&mut flight, Input::Taken(vec![]), 40.0);
        let (_, ended) = step(&mut flight, read("terminated"), 50.0);
        assert!(ended.len() == 2 && ended.iter().all(|(_, end)| result(end).confirmed));
    }

    #[test]
    fn closing_ends_all_and_reports_a_write_under_way() {
        let closed = |flight: &mut Flight| {
            let ended = flight.close(50.0);
            assert!(flight.is_empty());
            let [(CallerId(0), End::Finished(Err(error)))] = ended.as_slice() else { panic!("{ended:?}") };
            (error.code, error.may_have_disconnected)
        };
        assert_eq!(closed(&mut reading()), (Code::Closed, false));
        let mut writing = reading();
        step(&mut writing, read("connected"), 10.0);
        step(&mut writing, Input::Taken(vec![]), 10.0);
        assert_eq!(closed(&mut writing), (Code::Closed, true));
        assert!(!reading().leave(CallerId(9)) && reading().leave(CallerId(0)));
    }
}
