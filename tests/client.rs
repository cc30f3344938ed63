//! Many callers of one client in virtual time: every call ends exactly once and none starves, the budget is kept and
//! used, and every write rests on an observation that is young enough.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/fleet.rs"]
mod fleet;
#[path = "support/response.rs"]
mod response;

use disconnect_if_connected::protocol::{
    budget::{Budget, MAX_PRIORITY_IN_A_ROW, REQUESTS_PER_MINUTE},
    code::Code,
    flight::End,
    outcome::Outcome,
    selection::{Description, Selection},
    settings::Settings,
};
use fleet::{Fleet, settings};
use proptest::{
    prelude::*,
    test_runner::{Config as Cases, RngSeed, TestRunner},
};
use simulator::{Config, Conversation, Exchange, Fault, GONE, Participant, Simulator, Step, When};

const HOUR_MS: f64 = 3_600_000.0;

/// Conversations `c-{index}`, each with a connected participant `p-{index}`.
fn connected(count: usize) -> Vec<Conversation> {
    let schedule = || vec![Step { at: -1e6, state: Some("connected".to_owned()), changing: false }];
    let conversation = |index| Conversation {
        id: format!("c-{index}"),
        participants: vec![Participant::customer(&format!("p-{index}"), schedule())],
    };
    (0..count).map(conversation).collect()
}

/// A generator of random numbers in `[0, 1)`: splitmix64.
fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ mixed >> 31) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// How many calls ended with this outcome.
fn ended(fleet: &Fleet, outcome: Outcome) -> usize {
    let has = |end: &End| matches!(end, End::Finished(Ok(result)) if result.outcome == outcome);
    fleet.callers.iter().filter(|caller| caller.ended.iter().any(|(_, end)| has(end))).count()
}

/// 1,000 removals need 2,000 requests: six windows of 300 and the rest.
#[test]
fn a_thousand_removals_use_the_whole_budget() {
    let mut unit = random(1);
    for (already_used, with_limit) in [(0, 300), (0, 180), (250, 300), (300, 300)] {
        let config =
            Config { conversations: connected(1_000), requests_per_minute: Some(with_limit), ..Config::default() };
        let mut simulator = Simulator::new(config);
        // Another application with the same token used a part of the window.
        for _ in 0..already_used {
            let read = simulator::Request {
                method: "GET".to_owned(),
                path: "/api/v2/conversations/calls/c-1".to_owned(),
                body: String::new(),
                ..simulator::Request::default()
            };
            simulator.handle(&read, 0.0);
        }
        let latency = {
            let mut unit = random(u64::from(with_limit));
            move || 10.0 + 60.0 * unit()
        };
        let mut fleet = Fleet::new(simulator, Budget::new(REQUESTS_PER_MINUTE), latency);
        for index in 0..1_000 {
            let at = 1_000.0 * unit();
            fleet.call_at(at, settings(&format!("c-{index}"), &format!("p-{index}"), HOUR_MS), false);
        }
        fleet.run();
        assert_eq!(ended(&fleet, Outcome::Disconnected), 1_000);
        assert_eq!(fleet.violations, Vec::<String>::new());

        let limits = fleet.statuses.iter().filter(|(_, status)| *status == 429).count();
        assert!(limits <= 4, "{limits} times 429: {:?}", &fleet.statuses[..20]);
        let last_limit = fleet.statuses.iter().rposition(|(_, status)| *status == 429).unwrap_or(0);
        assert!(last_limit < 4, "a 429 after the first four requests");

        let sent = fleet.statuses.len() - limits;
        let windows = (2_000 + already_used - 1) / with_limit as usize;
        let least_ms = windows as f64 * 60_000.0;
        let last_at = fleet.statuses.last().expect("a request").0;
        println!(
            "{with_limit} a minute, {already_used} used: {sent} requests, {last_at:.0} ms, at least {least_ms} ms"
        );
        assert!(last_at <= least_ms * 1.05 + 1_500.0, "{last_at} ms instead of {least_ms} ms");
        // A read with the last slot of a window is too old for its write in the next one, so it is repeated.
        assert!(sent <= 2_060, "{sent} requests");
    }
}

/// Without the headers of the limits, `requestsPerMinute` counts.
#[test]
fn without_headers_no_more_is_sent_in_a_minute_than_was_allowed() {
    let simulator = Simulator::new(Config { conversations: connected(200), ..Config::default() });
    let mut fleet = Fleet::new(simulator, Budget::new(50.0), || 20.0);
    for index in 0..200 {
        fleet.call_at(0.0, settings(&format!("c-{index}"), &format!("p-{index}"), HOUR_MS), false);
    }
    fleet.run();
    assert_eq!(ended(&fleet, Outcome::Disconnected), 200);
    assert_eq!(fleet.violations, Vec::<String>::new());
    let times: Vec<f64> = fleet.statuses.iter().map(|(at, _)| *at).collect();
    assert!(times.iter().take(4).all(|at| *at == 20.0) && times[4] > 20.0, "{:?}", &times[..6]);
    for (index, at) in times.iter().enumerate() {
        let in_a_minute = times[index..].iter().filter(|later| **later < at + 59_900.0).count();
        assert!(in_a_minute <= 50, "{in_a_minute} requests in the minute from {at} ms on");
    }
}

#[test]
fn priority_goes_first_and_no_call_starves() {
    let config = Config { conversations: connected(1_200), requests_per_minute: Some(60), ..Config::default() };
    let mut fleet = Fleet::new(Simulator::new(config), Budget::new(60.0), || 20.0);
    let call = |index: usize| settings(&format!("c-{index}"), &format!("p-{index}"), HOUR_MS);
    for index in 0..100 {
        fleet.call_at(0.0, call(index), false);
    }
    let urgent = fleet.call_at(100.0, call(1_000), true);
    // Then, for a long time, more calls with priority than the budget allows.
    for index in 0..900 {
        fleet.call_at(61_000.0 + 100.0 * index as f64, call(100 + index), true);
    }
    fleet.run();
    let ended_at = |caller: usize| fleet.callers[caller].ended.first().map_or(f64::INFINITY, |(at, _)| *at);
    let before = (0..100).filter(|caller| ended_at(*caller) < ended_at(urgent)).count();
    assert!(before <= 30, "the urgent one came after {before} others, in the second window");
    assert!(ended_at(urgent) < 62_000.0, "{}", ended_at(urgent));
    // Of every MAX_PRIORITY_IN_A_ROW + 1 calls that begin, one is without priority.
    let last = (0..100).map(ended_at).fold(0.0, f64::max);
    let begun = 30.0 * (last / 60_000.0).ceil();
    assert!(70.0 * f64::from(MAX_PRIORITY_IN_A_ROW + 1) >= begun - 60.0, "the last one came after {last} ms");
    assert_eq!(ended(&fleet, Outcome::Disconnected), 1_001);
}

/// A wait for the budget that cannot end in time is not started.
#[test]
fn a_call_that_cannot_wait_for_the_budget_fails_at_once() {
    let config = Config { conversations: connected(100), requests_per_minute: Some(20), ..Config::default() };
    let mut fleet = Fleet::new(Simulator::new(config), Budget::new(20.0), || 5.0);
    for index in 0..100 {
        fleet.call_at(0.0, settings(&format!("c-{index}"), &format!("p-{index}"), 10_000.0), false);
    }
    fleet.run();
    assert_eq!(ended(&fleet, Outcome::Disconnected), 10);
    for caller in &fleet.callers {
        let [(at, end)] = caller.ended.as_slice() else { panic!("{:?}", caller.ended) };
        if let End::Finished(Err(error)) = end {
            assert_eq!(error.code, Code::RateLimited, "{}", error.message);
            assert!(error.retry_after_ms.is_some_and(|ms| ms > 10_000.0), "{error:?}");
            assert!(*at < 200.0, "it failed after {at} ms");
        }
    }
}

// ---- Random fleets ----

/// What happens to a random fleet.
#[derive(Clone, Debug)]
struct Plan {
    /// For each conversation, the states of its customer and its agent, each with the milliseconds since the one
    /// before.
    conversations: Vec<[Vec<(u16, &'static str)>; 2]>,
    calls: Vec<Order>,
    /// When it arrives, its conversation, its age in milliseconds, and whether it has both participants.
    events: Vec<(u16, u8, u16, bool)>,
    /// Whether on a write, how many requests to skip, and the kind.
    faults: Vec<(bool, u8, u8)>,
    read_lag_ms: u16,
    effect_delay_ms: u16,
    requests_per_minute: Option<u32>,
    seed: u64,
}

/// One call.
#[derive(Clone, Debug)]
struct Order {
    at: u16,
    conversation: u8,
    participant: u8,
    /// By its purpose, otherwise by its id.
    is_described: bool,
    priority: bool,
    confirm: bool,
    /// It is aborted after so many milliseconds.
    leaves_after: Option<u16>,
    /// Its deadline comes soon.
    short: bool,
}

/// Random plans.
fn plans() -> impl Strategy<Value = Plan> {
    let state =
        prop::sample::select(vec!["connected", "connected", "alerting", "queued", "disconnected", "terminated"]);
    let schedule = prop::collection::vec((0..400_u16, state), 1..=3).prop_map(|mut states| {
        if let Some(gone) = states.iter().position(|(_, state)| GONE.contains(state)) {
            states.truncate(gone + 1);
        }
        states
    });
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.2));
    let order = (0..800_u16, 0..3_u8, 0..2_u8, flags, prop::option::weighted(0.2, 0..500_u16)).prop_map(
        |(at, conversation, participant, (is_described, priority, confirm, short), leaves_after)| Order {
            at,
            conversation,
            participant,
            is_described,
            priority,
            confirm,
            leaves_after,
            short,
        },
    );
    (
        prop::collection::vec([schedule.clone(), schedule], 3),
        prop::collection::vec(order, 1..12),
        prop::collection::vec((0..1_500_u16, 0..3_u8, 0..600_u16, any::<bool>()), 0..10),
        prop::collection::vec((any::<bool>(), 0..6_u8, 0..5_u8), 0..3),
        0..300_u16,
        0..200_u16,
        prop::option::of(5..40_u32),
        any::<u64>(),
    )
        .prop_map(
            |(conversations, calls, events, faults, read_lag_ms, effect_delay_ms, requests_per_minute, seed)| Plan {
                conversations,
                calls,
                events,
                faults,
                read_lag_ms,
                effect_delay_ms,
                requests_per_minute,
                seed,
            },
        )
}

impl Plan {
    /// Runs a fleet until all calls have ended.
    fn run(&self) -> Fleet {
        let participant = |conversation: usize, index: usize, states: &[(u16, &str)]| {
            let mut at = 0.0;
            let schedule = states.iter().enumerate().map(|(step, (after, state))| {
                at += if step == 0 { 0.0 } else { f64::from(*after) };
                Step { at: if step == 0 { -1e6 } else { at }, state: Some((*state).to_owned()), changing: false }
            });
            let mut one = Participant::customer(&format!("p-{conversation}-{index}"), schedule.collect());
            one.purpose = ["customer", "agent"][index].to_owned();
            one
        };
        let conversations = self.conversations.iter().enumerate().map(|(conversation, both)| Conversation {
            id: format!("c-{conversation}"),
            participants: both
                .iter()
                .enumerate()
                .map(|(index, states)| participant(conversation, index, states))
                .collect(),
        });
        let faults = self.faults.iter().map(|(on_write, skip, kind)| {
            let what = match kind {
                0 => Fault { lost: Some(When::Before), ..Fault::default() },
                1 => Fault { lost: Some(When::After), ..Fault::default() },
                2 => Fault { status: Some(503), ..Fault::default() },
                3 if *on_write => Fault { status: Some(409), ..Fault::default() },
                _ => Fault { hang: Some(When::After), ..Fault::default() },
            };
            Fault { on: Some(if *on_write { Exchange::Write } else { Exchange::Read }), skip: u32::from(*skip), ..what }
        });
        let config = Config {
            conversations: conversations.collect(),
            read_lag_ms: f64::from(self.read_lag_ms),
            effect_delay_ms: f64::from(self.effect_delay_ms),
            requests_per_minute: self.requests_per_minute,
            faults: faults.collect(),
            ..Config::default()
        };
        let mut unit = random(self.seed);
        let latency = move || 5.0 + 55.0 * unit();
        let mut fleet = Fleet::new(Simulator::new(config), Budget::new(REQUESTS_PER_MINUTE), latency);
        for order in &self.calls {
            let (conversation, index) = (order.conversation, usize::from(order.participant));
            let timeout_ms = if order.short { 250.0 } else { 200_000.0 };
            let mut call = settings(&format!("c-{conversation}"), &format!("p-{conversation}-{index}"), timeout_ms);
            if order.is_described {
                let purpose = Some(vec![["customer", "agent"][index].to_owned()]);
                call.target.selection = Selection::Described(Description { purpose, ..Description::default() });
            }
            let call = Settings { confirm: order.confirm, ..call };
            let caller = fleet.call_at(f64::from(order.at), call, order.priority);
            if let Some(after) = order.leaves_after {
                fleet.leave_at(f64::from(order.at + after), caller);
            }
        }
        for (at, conversation, age, is_whole) in &self.events {
            let without = (!is_whole).then(|| format!("p-{conversation}-0"));
            fleet.event_at(f64::from(*at), &format!("c-{conversation}"), f64::from(*at) - f64::from(*age), without);
        }
        fleet.run();
        fleet
    }

    /// Whether every call ended exactly once, with a report that is true; otherwise why not.
    fn judge(&self, fleet: &Fleet) -> Result<(), String> {
        if let Some(violation) = fleet.violations.first() {
            return Err(violation.clone());
        }
        for (index, (caller, order)) in fleet.callers.iter().zip(&self.calls).enumerate() {
            let end = match (caller.has_left, caller.ended.as_slice()) {
                (true, []) => continue,
                (false, [(_, end)]) => end,
                (left, ends) => return Err(format!("caller {index}, left: {left}, was answered {} times", ends.len())),
            };
            let (conversation, participant) =
                (format!("c-{}", order.conversation), format!("p-{}-{}", order.conversation, order.participant));
            let state = fleet.simulator.state(&conversation, &participant, fleet.now + 1e6).expect("it is listed");
            let is_gone = GONE.contains(&state.as_str());
            let path_end = format!("/{participant}");
            let accepted = fleet.simulator.log().iter().any(|one| one.accepted && one.path.ends_with(&path_end));
            match end {
                End::Finished(Ok(result)) => {
                    let is_true = match result.outcome {
                        Outcome::Disconnected => is_gone && (accepted || !result.acknowledged),
                        Outcome::AlreadyDisconnected => is_gone,
                        Outcome::NotConnected => true,
                    };
                    if !is_true || result.participant_id != participant {
                        return Err(format!("caller {index}: {result:?}, but it is {state}"));
                    }
                    let ends_connected = self.conversations[usize::from(order.conversation)]
                        [usize::from(order.participant)]
                    .last()
                    .is_some_and(|(_, state)| *state == "connected");
                    if result.outcome == Outcome::NotConnected && ends_connected && !order.short {
                        return Err(format!("caller {index} gave up on somebody who is connected: {result:?}"));
                    }
                }
                End::Finished(Err(error)) => {
                    // A call with enough time fails only because of the faults and the limit.
                    let is_expected = order.short
                        || matches!(error.code, Code::RateLimited | Code::ServerError | Code::Network | Code::Conflict);
                    if !is_expected {
                        return Err(format!("caller {index}: {error:?}"));
                    }
                }
                End::Listed(..) => return Err("a list".to_owned()),
            }
        }
        Ok(())
    }
}

/// How many fleets; the environment variable `FLEETS` overrides it (`npm run test:thorough`: 20,000).
const FLEETS: u32 = 5_000;

#[test]
fn random_fleets() {
    let count = std::env::var("FLEETS").ok().and_then(|count| count.parse().ok()).unwrap_or(FLEETS);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |now| now.as_nanos() as u64);
    let seed = std::env::var("FLEETS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(now);
    println!("FLEETS_SEED={seed}");
    let mut runner = TestRunner::new(Cases {
        cases: count,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 20_000,
        ..Cases::default()
    });
    let totals = std::cell::Cell::new((0, 0, 0));
    let result = runner.run(&plans(), |plan| {
        let fleet = plan.run();
        let (callers, requests, zero) = totals.get();
        let without_request = |(_, end): &(f64, End)| matches!(end, End::Finished(Ok(result)) if result.requests == 0);
        let more = fleet.callers.iter().filter(|caller| caller.ended.iter().any(without_request)).count();
        totals.set((callers + fleet.callers.len(), requests + fleet.statuses.len(), zero + more));
        plan.judge(&fleet).map_err(|why| {
            let ends: Vec<_> = fleet.callers.iter().map(|caller| &caller.ended).collect();
            TestCaseError::fail(format!("{why}\n{ends:#?}\n{:#?}", fleet.simulator.log()))
        })
    });
    if let Err(failure) = result {
        panic!("FLEETS_SEED={seed}: {failure}");
    }
    let (callers, requests, zero) = totals.get();
    println!("{count} fleets, {callers} callers, {requests} requests, {zero} answers without a request");
    assert!(zero > 0 && requests > callers, "the fleets test too little");
}
