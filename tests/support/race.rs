//! Random races in virtual time: the protocol, or code written by hand (`bench`), against the simulator.

use super::response::{body, response};
use disconnect_if_connected::protocol::{
    call::{Action, Call, Input},
    error::DisconnectError,
    http::{Failure, Operation, Request as Asked, Response, RetryAfter},
    outcome::Outcome,
    result::DisconnectResult,
    selection::{Description, Selection},
    settings::{Api, Settings},
    timeline::Event,
};
use proptest::prelude::*;
use simulator::{Config, Conversation, Delivery, Exchange, Fault, Participant, Request, Simulator, Step, When};

pub const CONVERSATION: &str = "c-1";
pub const PARTICIPANT: &str = "p-1";

/// One race: what the platform does, and what fails on the way to it.
#[derive(Clone, Debug)]
pub struct Race {
    /// The dialect: `calls`, otherwise `voice`.
    pub uses_calls: bool,
    pub read_lag_ms: u16,
    pub effect_delay_ms: u16,
    /// The true states, each with the milliseconds since the one before; the first one is true from the beginning.
    pub states: Vec<(u16, State)>,
    pub faults: Vec<ScriptedFault>,
    /// The seed of latencies and jitter.
    pub seed: u64,
}

/// A true state of the participant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Connected,
    /// Reads show connected, writes are refused.
    Changing,
    Alerting,
    Queued,
    Unheard,
    NotListed,
    Disconnected,
    Terminated,
}

impl State {
    fn name(self) -> Option<&'static str> {
        match self {
            State::Connected | State::Changing => Some("connected"),
            State::Alerting => Some("alerting"),
            State::Queued => Some("queued"),
            State::Unheard => Some("unheardOf"),
            State::NotListed => None,
            State::Disconnected => Some("disconnected"),
            State::Terminated => Some("terminated"),
        }
    }

    fn is_gone(self) -> bool {
        matches!(self, State::Disconnected | State::Terminated)
    }
}

/// A fault of one request.
#[derive(Clone, Debug)]
pub struct ScriptedFault {
    /// It affects a write, otherwise a read.
    pub on_write: bool,
    /// So many requests of this kind are not affected before.
    pub skip: u8,
    pub kind: FaultKind,
}

/// What fails; `Before` and `After` the platform has handled the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    LostBefore,
    LostAfter,
    HangBefore,
    HangAfter,
    Unavailable,
    GatewayTimeoutAfter,
    RateLimited,
    CutShort,
    /// A page of a proxy with 200, in the place of the platform's answer to a write.
    PageBefore,
    PageAfter,
}

impl FaultKind {
    fn fault(self) -> Fault {
        match self {
            FaultKind::LostBefore => Fault { lost: Some(When::Before), ..Fault::default() },
            FaultKind::LostAfter => Fault { lost: Some(When::After), ..Fault::default() },
            FaultKind::HangBefore => Fault { hang: Some(When::Before), ..Fault::default() },
            FaultKind::HangAfter => Fault { hang: Some(When::After), ..Fault::default() },
            FaultKind::Unavailable => Fault { status: Some(503), ..Fault::default() },
            FaultKind::GatewayTimeoutAfter => Fault { status: Some(504), performed: true, ..Fault::default() },
            FaultKind::RateLimited => {
                Fault { status: Some(429), headers: vec![("Retry-After".into(), "1".into())], ..Fault::default() }
            }
            FaultKind::CutShort => Fault { cut_after_bytes: Some(40), ..Fault::default() },
            FaultKind::PageBefore => Fault { status: Some(200), html: true, ..Fault::default() },
            FaultKind::PageAfter => Fault { status: Some(200), html: true, performed: true, ..Fault::default() },
        }
    }
}

/// Random races: schedules that end within a second, lag up to 400 ms, and no more faults than a call retries.
pub fn races() -> impl Strategy<Value = Race> {
    use FaultKind::{
        CutShort, GatewayTimeoutAfter, HangAfter, HangBefore, LostAfter, LostBefore, PageAfter, PageBefore,
        RateLimited, Unavailable,
    };
    use State::{Alerting, Changing, Connected, Disconnected, NotListed, Queued, Terminated, Unheard};
    let state = prop::sample::select(vec![
        Connected,
        Connected,
        Connected,
        Changing,
        Alerting,
        Queued,
        Unheard,
        NotListed,
        Disconnected,
        Terminated,
    ]);
    let kind = prop::sample::select(vec![
        LostBefore,
        LostAfter,
        HangBefore,
        HangAfter,
        Unavailable,
        GatewayTimeoutAfter,
        RateLimited,
        CutShort,
        PageBefore,
        PageAfter,
    ]);
    let fault = (any::<bool>(), 0..3_u8, kind).prop_map(|(on_write, skip, kind)| {
        // A page in the place of a read is not a transient failure, so the call would rightly end.
        let kind = if !on_write && matches!(kind, PageBefore | PageAfter) { CutShort } else { kind };
        ScriptedFault { on_write, skip, kind }
    });
    let faults = prop_oneof![3 => Just(Vec::new()), 2 => prop::collection::vec(fault, 1..=2)];
    (any::<bool>(), 0..=400_u16, 0..=200_u16, prop::collection::vec((0..=300_u16, state), 1..=4), faults, any::<u64>())
        .prop_map(|(uses_calls, read_lag_ms, effect_delay_ms, mut states, faults, seed)| {
            // Gone is the last state.
            if let Some(gone) = states.iter().position(|(_, state)| state.is_gone()) {
                states.truncate(gone + 1);
            }
            Race { uses_calls, read_lag_ms, effect_delay_ms, states, faults, seed }
        })
}

/// A generator of random numbers for latencies and jitter: splitmix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// The next number, in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ mixed >> 31) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The result of an HTTP exchange.
pub enum Exchanged {
    /// A response; `whole`: its body did not break off.
    Answer { status: u16, body: String, retry_after: Option<String>, whole: bool },
    /// No response.
    Nothing(Failure),
}

/// The platform, the network and the clock of one race.
pub struct World {
    pub simulator: Simulator,
    pub now: f64,
    pub random: Random,
    /// For each write: whether the request directly before it was a read that showed connected.
    pub writes_after_connected: Vec<bool>,
    last_read_showed_connected: bool,
}

impl World {
    pub fn new(race: &Race) -> Self {
        let mut at = 0.0;
        let schedule = race
            .states
            .iter()
            .enumerate()
            .map(|(index, (after, state))| {
                at += if index == 0 { 0.0 } else { f64::from(*after) };
                // The first state began long ago, so that lagging reads show it too.
                Step {
                    at: if index == 0 { -1e6 } else { at },
                    state: state.name().map(str::to_owned),
                    changing: *state == State::Changing,
                }
            })
            .collect();
        let participant = Participant::customer(PARTICIPANT, schedule);
        let config = Config {
            conversations: vec![Conversation { id: CONVERSATION.to_owned(), participants: vec![participant] }],
            read_lag_ms: f64::from(race.read_lag_ms),
            effect_delay_ms: f64::from(race.effect_delay_ms),
            faults: race
                .faults
                .iter()
                .map(|fault| Fault {
                    on: Some(if fault.on_write { Exchange::Write } else { Exchange::Read }),
                    skip: u32::from(fault.skip),
                    ..fault.kind.fault()
                })
                .collect(),
            ..Config::default()
        };
        World {
            simulator: Simulator::new(config),
            now: 0.0,
            random: Random::new(race.seed),
            writes_after_connected: Vec::new(),
            last_read_showed_connected: false,
        }
    }

    /// The true state now; `None` where the participant is not listed.
    pub fn state(&self) -> Option<String> {
        self.simulator.state(CONVERSATION, PARTICIPANT, self.now)
    }

    /// Whether the participant is gone, or not listed, in the end.
    pub fn is_gone(&self) -> bool {
        // Long after the call, when every accepted write has taken effect.
        let state = self.simulator.state(CONVERSATION, PARTICIPANT, self.now + 1e6);
        state.is_none_or(|state| simulator::GONE.contains(&state.as_str()))
    }

    /// How many writes the platform has accepted.
    pub fn writes_accepted(&self) -> usize {
        self.simulator.log().iter().filter(|entry| entry.accepted).count()
    }

    /// One HTTP exchange: to the platform and back, 5 to 60 ms each way.
    pub fn exchange(&mut self, request: &Asked) -> Exchanged {
        let Asked { operation, method, path, body, timeout_ms, .. } = request;
        let (operation, timeout_ms, started) = (*operation, *timeout_ms, self.now);
        let body = body.clone().unwrap_or_default();
        let request = Request { method: method.clone(), path: path.clone(), body, ..Request::default() };
        if operation == Operation::Write {
            self.writes_after_connected.push(std::mem::take(&mut self.last_read_showed_connected));
        }
        self.now += 5.0 + 55.0 * self.random.unit();
        let shown = self.simulator.shown_state(CONVERSATION, PARTICIPANT, self.now);
        let reply = self.simulator.handle(&request, self.now);
        self.now += 5.0 + 55.0 * self.random.unit();
        let nothing = match reply.delivery {
            Delivery::Lost => Some(Failure::Network),
            Delivery::Hang => Some(Failure::Timeout),
            _ if self.now - started > timeout_ms => Some(Failure::Timeout),
            _ => None,
        };
        if let Some(failure) = nothing {
            if failure == Failure::Timeout {
                self.now = started + timeout_ms;
            }
            if operation == Operation::Read {
                self.last_read_showed_connected = false;
            }
            return Exchanged::Nothing(failure);
        }
        let cut = if let Delivery::Cut { bytes } = reply.delivery { Some(bytes.min(reply.body.len())) } else { None };
        let whole = cut.is_none_or(|bytes| bytes == reply.body.len());
        if operation == Operation::Read {
            self.last_read_showed_connected = whole && reply.status == 200 && shown.as_deref() == Some("connected");
        }
        let retry_after = reply.headers.iter().find(|(name, _)| name == "Retry-After").map(|(_, value)| value.clone());
        let body = reply.body.get(..cut.unwrap_or(reply.body.len())).unwrap_or_default().to_owned();
        Exchanged::Answer { status: reply.status, body, retry_after, whole }
    }
}

/// The settings of a race; in every second one the participant is described.
pub fn settings(race: &Race) -> Settings {
    let api = if race.uses_calls { Api::Calls } else { Api::Voice };
    let mut settings = Settings::new(CONVERSATION, PARTICIPANT, api);
    if race.seed % 2 == 1 {
        let purpose = Some(vec!["customer".to_owned()]);
        settings.target.selection = Selection::Described(Description { purpose, ..Description::default() });
    }
    Settings { token_can_be_refreshed: false, request_timeout_ms: 1_000.0, ..settings }
}

/// Runs a call of the protocol. Returns its end and its timeline.
pub fn ours(world: &mut World, settings: Settings) -> (Result<DisconnectResult, DisconnectError>, Vec<Event>) {
    let list = settings.dialect.read.participants.clone();
    let mut call = Call::new(settings);
    let mut input = Input::Start;
    loop {
        let random = world.random.unit();
        input = match call.next(input, world.now, random) {
            Action::Token { .. } => Input::Token,
            Action::Wait { ms } => {
                world.now += ms;
                Input::Woke
            }
            Action::Send(request) => match world.exchange(&request) {
                Exchanged::Nothing(failure) => Input::NoResponse(failure, None),
                Exchanged::Answer { status, body: text, retry_after, whole } => {
                    let failure = (!whole).then_some(Failure::Network);
                    let header = |value| RetryAfter { value, date_ms: None, sent_ms: None, received_ms: 0.0 };
                    Input::Response(Response {
                        retry_after: retry_after.map(header),
                        ..response(status, body(call.expects(status), &list, &text, failure))
                    })
                }
            },
            Action::Finish(end) => return (end, call.timeline().to_vec()),
            Action::Take { .. } => Input::Taken(Vec::new()),
            Action::List(_) => return (Err(DisconnectError::closed("nobody asked for a list")), Vec::new()),
        };
    }
}

/// The verdict on how a race ended.
pub struct Judged {
    /// The participant could be removed.
    pub removable: bool,
    /// The platform accepted a write.
    pub removed_by_us: bool,
    /// Why the report is not true.
    pub false_report: Option<String>,
}

impl Race {
    /// Whether the participant is connected at the end: a call that tries long enough can remove it.
    pub fn is_removable(&self) -> bool {
        self.states.last().is_some_and(|(_, state)| *state == State::Connected)
    }

    /// Compares what a call of the protocol reports with the truth.
    pub fn judge(&self, world: &World, end: &Result<DisconnectResult, DisconnectError>) -> Judged {
        let (accepted, gone) = (world.writes_accepted() > 0, world.is_gone());
        let false_report = match end {
            Ok(result) if result.acknowledged && !accepted => Some("acknowledged, but the platform accepted nothing"),
            Ok(result) => match result.outcome {
                Outcome::Disconnected if !gone => Some("disconnected, but it is still there"),
                Outcome::Disconnected if !accepted && !self.faults.iter().any(|fault| fault.on_write) => {
                    Some("disconnected, but not by us")
                }
                Outcome::AlreadyDisconnected if accepted => Some("already-disconnected, but it was us"),
                Outcome::AlreadyDisconnected if !gone => Some("already-disconnected, but it is still there"),
                Outcome::NotConnected if accepted => Some("not-connected, but we disconnected it"),
                Outcome::NotConnected if world.state().as_deref() == Some("connected") && self.is_removable() => {
                    Some("not-connected, but it is")
                }
                _ => None,
            },
            Err(error) if accepted && !error.may_have_disconnected => {
                Some("an error that does not mention our disconnect")
            }
            Err(_) => None,
        };
        Judged {
            removable: self.is_removable(),
            removed_by_us: accepted,
            false_report: false_report.map(str::to_owned),
        }
    }
}
