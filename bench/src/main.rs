//! A comparison on the same random races, in virtual time: `npm run races -- [RACES] [SEED]`.
//!
//! The package and three ways of removing a participant that people write by hand. Then a comparison of settling
//! schedules.

#[path = "../../tests/support/race.rs"]
#[allow(dead_code, reason = "shared with the test, which uses more")]
mod race;
#[path = "../../tests/support/response.rs"]
mod response;

use disconnect_if_connected::protocol::{
    dialect::{CALLS, Ids, JsonText, VOICE},
    http::{Operation, Request},
    schedule,
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, RngSeed, TestRng, TestRunner},
};
use race::{CONVERSATION, Exchanged, PARTICIPANT, Race, Random, World, ours, races, settings};

/// What code written by hand reports to its caller.
enum Report {
    Removed,
    /// The read did not show the participant connected.
    NotActive,
    /// An error, with its status where there was one.
    Failed(Option<u16>),
}

/// The time limit of a request.
const TIMEOUT_MS: f64 = 1_000.0;
/// Tries of the retry loop.
const LOOP_TRIES: u32 = 5;
/// The pause between two tries.
const LOOP_PAUSE_MS: f64 = 500.0;

/// A read or a disconnect by hand, in the dialect of the race.
fn request(race: &Race, operation: Operation) -> Request {
    let ids = Ids { conversation_id: CONVERSATION, participant_id: PARTICIPANT, user_id: "" };
    let dialect = if race.uses_calls { CALLS } else { VOICE };
    let (method, path, body) = match operation {
        Operation::Read => ("GET", dialect.read.path, None),
        Operation::Write => (&*dialect.write.method, dialect.write.path, dialect.write.body),
    };
    Request {
        operation,
        method: method.to_owned(),
        path: ids.in_path(&path),
        body: body.map(|JsonText(text)| ids.in_body(&text)),
        described: false,
        timeout_ms: TIMEOUT_MS,
    }
}

/// The disconnect alone.
fn post(world: &mut World, race: &Race) -> Report {
    match world.exchange(&request(race, Operation::Write)) {
        Exchanged::Answer { status: 200..300, .. } => Report::Removed,
        Exchanged::Answer { status, .. } => Report::Failed(Some(status)),
        Exchanged::Nothing(_) => Report::Failed(None),
    }
}

/// A read, then the disconnect if it shows the participant connected.
fn check_then_post(world: &mut World, race: &Race) -> Report {
    let Exchanged::Answer { status, body, .. } = world.exchange(&request(race, Operation::Read)) else {
        return Report::Failed(None);
    };
    let Ok(body) = serde_json::from_str::<serde_json::Value>(&body) else { return Report::Failed(Some(status)) };
    let list = body.get("entities").or_else(|| body.get("participants")).and_then(|list| list.as_array());
    let Some(list) = list else { return Report::Failed(Some(status)) };
    let found = list.iter().find(|participant| participant.get("id").is_some_and(|id| id == PARTICIPANT));
    if found.and_then(|participant| participant.get("state")).is_some_and(|state| state == "connected") {
        post(world, race)
    } else {
        Report::NotActive
    }
}

/// The same, until it reports that the participant is removed.
fn check_then_post_in_a_loop(world: &mut World, race: &Race) -> Report {
    let mut report = check_then_post(world, race);
    for _ in 1..LOOP_TRIES {
        if matches!(report, Report::Removed) {
            break;
        }
        world.now += LOOP_PAUSE_MS;
        report = check_then_post(world, race);
    }
    report
}

/// The counts of one way over all races.
#[derive(Default)]
struct Tally {
    /// Participants that could be removed and were.
    removed: u32,
    /// Reports that are not true.
    false_reports: u32,
    /// Reports with a 409.
    conflicts: u32,
    /// HTTP requests sent.
    requests: u64,
}

/// Runs one race by code written by hand.
fn by_hand(tally: &mut Tally, race: &Race, code: fn(&mut World, &Race) -> Report) {
    let mut world = World::new(race);
    let report = code(&mut world, race);
    let (accepted, connected) = (world.writes_accepted() > 0, world.state().as_deref() == Some("connected"));
    let is_false = match report {
        Report::Removed => !accepted,
        Report::NotActive => accepted || (connected && race.is_removable()),
        Report::Failed(_) => accepted,
    };
    tally.removed += u32::from(race.is_removable() && accepted);
    tally.false_reports += u32::from(is_false);
    tally.conflicts += u32::from(matches!(report, Report::Failed(Some(409))));
    tally.requests += world.simulator.log().len() as u64;
}

/// Runs one race by the package.
fn by_us(tally: &mut Tally, race: &Race) {
    let mut world = World::new(race);
    let (end, _) = ours(&mut world, settings(race));
    let judged = race.judge(&world, &end);
    tally.removed += u32::from(judged.removable && judged.removed_by_us);
    tally.false_reports += u32::from(judged.false_report.is_some());
    tally.conflicts += u32::from(end.is_err_and(|error| error.status == Some(409)));
    tally.requests += world.simulator.log().len() as u64;
}

/// Prints, for several schedules of reads while settling: the time from the moment at which reads show the participant
/// connected, a random one within `settleMs`, to the read that sees it; and the number of reads.
fn settling(random: &mut Random) {
    const SETTLE_MS: f64 = 1_500.0;
    const TRIES: usize = 100_000;
    type Schedule = fn(u32, f64) -> f64;
    let schedules: [(&str, Schedule); 4] = [
        ("120 ms, then 1.25 times the last, ± 20 % (ours)", schedule::settle_ms),
        ("every 100 ms", |_, _| 100.0),
        ("every 250 ms", |_, _| 250.0),
        ("every 500 ms", |_, _| 500.0),
    ];
    println!("\n| reads while settling | median delay | 90 % | reads |\n| --- | ---: | ---: | ---: |");
    for (name, schedule) in schedules {
        let (mut delays, mut reads) = (Vec::with_capacity(TRIES), 0_u64);
        for _ in 0..TRIES {
            let connected_at = SETTLE_MS * random.unit();
            let (mut now, mut polls) = (0.0, 0);
            while now < connected_at {
                now = (now + schedule(polls, random.unit())).min(SETTLE_MS);
                polls += 1;
            }
            delays.push(now - connected_at);
            reads += u64::from(polls) + 1;
        }
        delays.sort_by(f64::total_cmp);
        let at = |share: usize| delays.get(TRIES * share / 100).copied().unwrap_or_default();
        println!("| {name} | {:.0} ms | {:.0} ms | {:.2} |", at(50), at(90), reads as f64 / TRIES as f64);
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let count = arguments.next().and_then(Result::ok).unwrap_or(100_000);
    let seed = arguments.next().and_then(Result::ok).unwrap_or(1);
    let config = Config { rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[&seed.to_le_bytes()[..], &[0; 24]].concat());
    let mut runner = TestRunner::new_with_rng(config, rng);
    let strategy = races();
    let mut removable = 0_u32;
    let mut tallies: [(&str, Tally); 4] = [
        ("the plain POST", Tally::default()),
        ("read, check, POST", Tally::default()),
        ("the same in a retry loop", Tally::default()),
        ("disconnectIfConnected", Tally::default()),
    ];
    for _ in 0..count {
        let Ok(tree) = strategy.new_tree(&mut runner) else { continue };
        let race = tree.current();
        removable += u32::from(race.is_removable());
        let [plain, checked, looped, own] = &mut tallies;
        by_hand(&mut plain.1, &race, post);
        by_hand(&mut checked.1, &race, check_then_post);
        by_hand(&mut looped.1, &race, check_then_post_in_a_loop);
        by_us(&mut own.1, &race);
    }
    println!(
        "{count} races, seed {seed}; {removable} participants could be removed: connected at the end, within a \
         second.\n"
    );
    println!("| | removed of removable | false reports | 409 to the caller | requests a race |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (name, tally) in &tallies {
        let removed = 100.0 * f64::from(tally.removed) / f64::from(removable.max(1));
        let requests = tally.requests as f64 / count.max(1) as f64;
        println!("| {name} | {removed:.1} % | {} | {} | {requests:.2} |", tally.false_reports, tally.conflicts);
    }
    settling(&mut Random::new(seed));
}
