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
};

/// A caller of a flight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CallerId(pub u32);

/// How a call of the flight ended.
#[derive(Clone, PartialEq, Debug)]
pub enum End {
    Finished(Result<DisconnectResult, Box<DisconnectError>>),
    Listed(Vec<Participant>, u32),
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
    /// For a token, for the budget or for a response.
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

    /// Somebody has joined, and the wait is over.
    pub fn ends_wait(&self) -> bool {
        self.stage == Stage::EndsWait
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
        let input = if self.stage == Stage::EndsWait { Input::Woke } else { input };
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
                Action::List(listed) => ended.push((caller.id, End::Listed(listed, caller.call.requests()))),
                action => {
                    wanted.push(action);
                    return true;
                }
            }
            false
        });
        if !wanted.iter().all(|action| matches!(action, Action::Wait { .. })) {
            // Somebody reads: who waits, reads too.
            for (caller, action) in self.callers.iter_mut().zip(&mut wanted) {
                if let Action::Wait { .. } = action {
                    *action = caller.call.next(Input::Woke, now - caller.started, random);
                }
            }
        }
        let action = wanted.into_iter().reduce(Action::shared);
        self.stage = if let Some(Action::Wait { .. }) = action { Stage::Waits } else { Stage::IsBusy };
        Step { action, ended }
    }
}

impl Input {
    /// The same for a call that started so much later.
    fn since(self, started: f64) -> Input {
        match self {
            Input::Observed(mut observed) => {
                observed.iter_mut().for_each(|one| one.at -= started);
                Input::Observed(observed)
            }
            input => input,
        }
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
        http::{Body, Operation, Response},
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
        for (input, expected) in [(Input::Start, "Token"), (Input::Token, "Take"), (Input::Taken, "Send")] {
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
        assert_eq!(step(&mut flight, Input::Taken, 40.0).0, "Send");
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
                Action::Take { .. } => Input::Taken,
                _ => read("queued"),
            };
        }
        assert_eq!(ended, [(CallerId(1), 400.0, Outcome::NotConnected)]);
        assert_eq!(now, 1_600.0);
        assert!(flight.is_empty());
    }

    #[test]
    fn who_joins_in_a_wait_ends_it_whatever_comes_first() {
        for input in [Input::Woke, observed("connected", 50.0)] {
            let mut flight = reading();
            assert_eq!(step(&mut flight, read("queued"), 0.0).0, "Wait");
            flight.join(CallerId(1), settings(), false, 50.0);
            let Step { action, .. } = flight.next(input, 60.0, 0.5);
            assert!(matches!(action, Some(Action::Take { operation: Operation::Read, .. })), "{action:?}");
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
        let Step { action, .. } = flight.next(Input::Taken, 2_031.0, 0.5);
        assert!(matches!(action, Some(Action::Take { operation: Operation::Read, .. })), "{action:?}");
        let Step { action, .. } = flight.next(Input::Taken, 9_000.0, 0.5);
        let Some(Action::Send(request)) = action else { panic!("{action:?}") };
        assert_eq!(request.operation, Operation::Read);
        // The write goes at once: its request was granted before.
        let Step { action, .. } = flight.next(read("connected"), 9_040.0, 0.5);
        let Some(Action::Send(request)) = action else { panic!("{action:?}") };
        assert_eq!(request.operation, Operation::Write);
        assert_eq!(step(&mut flight, response(409, Body::Unread), 9_080.0).0, "Wait");
        assert_eq!(step(&mut flight, Input::Woke, 9_200.0).0, "Take");
        assert_eq!(step(&mut flight, Input::Taken, 9_200.0).0, "Send");
        let (_, ended) = step(&mut flight, read("terminated"), 9_240.0);
        let outcomes: Vec<_> = ended.iter().map(|(_, end)| result(end).outcome).collect();
        assert_eq!(outcomes, [Outcome::AlreadyDisconnected; 2]);
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
            (Input::Taken, "Send"),
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
        step(&mut flight, Input::Taken, 40.0);
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
        step(&mut writing, Input::Taken, 10.0);
        assert_eq!(closed(&mut writing), (Code::Closed, true));
        assert!(!reading().leave(CallerId(9)) && reading().leave(CallerId(0)));
    }
}
