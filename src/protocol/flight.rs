//! Single flight: overlapping calls for the same participant share one set of requests.
//!
//! Each caller has a [`Call`] of its own, with its own deadline, settling and retries. All of them are given the same
//! inputs, so that all ask for the same request, which is sent once; who ends, leaves. Of several waits the shortest
//! counts, and a caller that joins during a wait ends it.

use super::{
    call::{Action, Call, Input},
    error::DisconnectError,
    participant::Participant,
    result::DisconnectResult,
    settings::Settings,
    timeline::Event,
};

/// A caller of a flight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CallerId(pub u32);

/// How a call of the flight ended.
#[derive(Clone, PartialEq, Debug)]
pub enum End {
    Finished(Result<DisconnectResult, Box<DisconnectError>>),
    /// Of a call about everyone; with the record of the call.
    Listed(Vec<Participant>, Vec<Event>),
}

#[derive(Clone, Hash, Debug)]
pub struct Flight {
    callers: Vec<Caller>,
    stage: Stage,
}

#[derive(Clone, Debug)]
struct Caller {
    id: CallerId,
    call: Call,
    /// On the clock of the flight.
    started: f64,
    priority: bool,
}

impl std::hash::Hash for Caller {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        (self.id, &self.call, self.started.to_bits(), self.priority).hash(hasher);
    }
}

/// What the flight does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Stage {
    New,
    Waits,
    /// Somebody joined while the state settles: the wait ends. What the platform asked to wait for is waited for.
    EndsWait,
    /// It waits for the budget.
    Takes,
    /// It waits for a token or for a response.
    IsBusy,
}

/// What the host has to do next, and who has ended.
#[derive(Debug)]
pub struct Step {
    /// `None` where nobody is left.
    pub action: Option<Action>,
    pub ended: Vec<(CallerId, End)>,
}

impl Default for Flight {
    fn default() -> Self {
        Flight { callers: Vec::new(), stage: Stage::New }
    }
}

impl Flight {
    /// Takes a caller on; its end, where it needs no request any more. `now` is the clock of the flight, in
    /// milliseconds. Where the flight waits, its wait is over.
    pub fn join(&mut self, id: CallerId, settings: Settings, priority: bool, now: f64) -> Option<End> {
        let call = match self.callers.first() {
            Some(other) if self.stage != Stage::New => Call::joining(settings, &other.call, now - other.started),
            _ => Call::new(settings),
        };
        let mut caller = Caller { id, call, started: now, priority };
        match caller.call.joined() {
            Some(Action::Finish(end)) => Some(End::of(end)),
            _ => {
                let settles = self.callers.first().is_some_and(|caller| caller.call.settles());
                self.callers.push(caller);
                if self.stage == Stage::Waits && settles {
                    self.stage = Stage::EndsWait;
                }
                None
            }
        }
    }

    /// A caller leaves without an end; whether it was the last one.
    pub fn leave(&mut self, id: CallerId) -> bool {
        self.callers.retain(|caller| caller.id != id);
        self.callers.is_empty()
    }

    /// Somebody has joined, and the wait is over: `Woke` is due.
    pub fn ends_wait(&self) -> bool {
        self.stage == Stage::EndsWait
    }

    /// It waits for the budget: `Queued` is due once more where somebody joins, who does not know for how long.
    pub fn takes(&self) -> bool {
        self.stage == Stage::Takes
    }

    pub fn is_empty(&self) -> bool {
        self.callers.is_empty()
    }

    pub fn has_priority(&self) -> bool {
        self.callers.iter().any(|caller| caller.priority)
    }

    /// The participant that is meant, once it is known.
    pub fn participant_id(&self) -> Option<&str> {
        self.callers.first()?.call.participant_id()
    }

    /// The call of a caller that is still there.
    pub fn call(&self, id: CallerId) -> Option<&Call> {
        self.callers.iter().find(|caller| caller.id == id).map(|caller| &caller.call)
    }

    /// How long a request may take: as long as the most patient caller allows.
    pub fn request_timeout_ms(&self) -> f64 {
        self.callers.iter().map(|caller| caller.call.settings().request_timeout_ms).fold(0.0, f64::max)
    }

    /// HTTP requests sent.
    pub fn requests(&self) -> u32 {
        self.callers.iter().map(|caller| caller.call.requests()).max().unwrap_or_default()
    }

    /// The access token now in use.
    pub fn set_token(&mut self, token: &str) {
        self.callers.iter_mut().for_each(|caller| caller.call.set_token(token));
    }

    /// Ends the caller, whose time is over.
    pub fn expire(&mut self, id: CallerId, now: f64) -> Vec<(CallerId, End)> {
        self.end_those(now, Input::OutOfTime, |caller| caller.id == id)
    }

    /// Ends all.
    pub fn close(&mut self, now: f64) -> Vec<(CallerId, End)> {
        self.end_those(now, Input::Closed, |_| true)
    }

    fn end_those(&mut self, now: f64, input: Input, are_meant: impl Fn(&Caller) -> bool) -> Vec<(CallerId, End)> {
        let mut ended = Vec::new();
        self.callers.retain_mut(|caller| {
            if !are_meant(caller) {
                return true;
            }
            if let Action::Finish(end) = caller.call.next(input.clone(), now - caller.started, 0.0) {
                ended.push((caller.id, End::of(end)));
            }
            false
        });
        ended
    }

    /// Takes what happened, and gives what to do next. `now` is the clock of the flight, `random` is in `[0, 1)`.
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
        let is_over = self.stage == Stage::EndsWait;
        if is_over || !wanted.iter().all(|action| matches!(action, Action::Wait { .. })) {
            // Somebody reads: who waits, reads too.
            for (caller, action) in self.callers.iter_mut().zip(&mut wanted) {
                if let Action::Wait { .. } = action {
                    *action = caller.call.next(Input::Woke, now - caller.started, random);
                }
            }
        }
        let action = wanted.into_iter().reduce(Action::shared);
        self.stage = match action {
            Some(Action::Wait { .. }) => Stage::Waits,
            Some(Action::Take { .. }) => Stage::Takes,
            _ => Stage::IsBusy,
        };
        Step { action, ended }
    }
}

impl Input {
    /// The same for a call that started so much later.
    fn since(self, started: f64) -> Input {
        let mut input = self;
        if let Input::Observed(observed) | Input::Taken(observed) = &mut input {
            observed.iter_mut().for_each(|one| one.at -= started);
        }
        input
    }
}

impl Action {
    /// One action for two callers: for as long as the longer one takes it, but the shorter one of two waits.
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

    /// A flight with one caller, which has been granted its read.
    fn reading() -> Flight {
        let mut flight = Flight::default();
        assert_eq!(flight.join(CallerId(0), settings(), false, 0.0), None);
        for (input, expected) in [(Input::Start, "Token"), (Input::Token, "Take"), (Input::Taken(vec![]), "Send")] {
            assert_eq!(step(&mut flight, input, 0.0).0, expected);
        }
        flight
    }

    /// The name of the action, and who has ended.
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
        // What was before it came is at its start.
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
    fn who_joins_in_a_wait_ends_it_whatever_comes_first() {
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
        // Late, or of no news: the wait goes on as it was.
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
        // Before the write was refused: of no use. Later: it is written to again.
        step(&mut flight, response(409, Body::Unread), 5_040.0);
        assert_eq!(step(&mut flight, observed("connected", 5_030.0), 5_041.0).0, "Wait");
        assert_eq!(operation(&mut flight, observed("connected", 5_050.0), 5_050.0), Operation::Write);
        // With the grant itself.
        let Input::Observed(late) = observed("terminated", 5_060.0) else { panic!() };
        let (_, ended) = step(&mut flight, Input::Taken(late), 5_061.0);
        assert_eq!(result(&ended[0].1).outcome, Outcome::AlreadyDisconnected);
    }

    #[test]
    fn who_joins_a_wait_that_is_too_long_ends_at_once() {
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

        // Of the budget it hears when the host asks again; who was told before, is not told again.
        step(&mut flight, Input::Woke, 4_000.0);
        step(&mut flight, Input::Queued(Some(5_000.0)), 4_000.0);
        assert!(flight.takes());
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
    fn a_request_may_take_as_long_as_the_most_patient_caller_allows() {
        let mut flight = reading();
        assert_eq!(flight.request_timeout_ms(), 3_000.0);
        flight.join(CallerId(1), Settings { request_timeout_ms: 5_000.0, ..settings() }, false, 0.0);
        assert_eq!(flight.request_timeout_ms(), 5_000.0);
    }

    #[test]
    fn what_is_gone_needs_no_request() {
        let mut flight = Flight::default();
        flight.join(CallerId(0), settings(), false, 0.0);
        let (_, ended) = step(&mut flight, observed("disconnected", -10.0), 0.0);
        let result = result(&ended[0].1);
        assert_eq!((result.outcome, result.requests, result.confirmed), (Outcome::AlreadyDisconnected, 0, true));
        let [Event::State { source, .. }, Event::Outcome { .. }] = result.timeline.as_slice() else { panic!() };
        assert_eq!(*source, Source::Event);
    }

    #[test]
    fn an_accepted_write_answers_who_joins_later() {
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
        // Who wants to see it gone, waits on.
        assert_eq!(flight.join(CallerId(2), Settings { confirm: true, ..settings() }, false, 30.0), None);
        step(&mut flight, Input::Woke, 40.0);
        step(&mut flight, Input::Taken(vec![]), 40.0);
        let (_, ended) = step(&mut flight, read("terminated"), 50.0);
        assert!(ended.len() == 2 && ended.iter().all(|(_, end)| result(end).confirmed));
    }

    #[test]
    fn closing_ends_all_and_says_what_may_have_happened() {
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
