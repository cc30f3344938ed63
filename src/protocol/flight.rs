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
    /// Somebody joined during the wait: it ends.
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
                self.callers.push(caller);
                if self.stage == Stage::Waits {
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
