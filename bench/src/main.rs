//! Side by side on the same random races, in virtual time: `npm run races -- [RACES] [SEED]`.

#[path = "../../tests/support/race.rs"]
#[allow(dead_code, reason = "shared with the test, which looks at more")]
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

/// What a person's own code tells its caller.
enum Told {
    Removed,
    NotActive,
    /// An error, with its status where there was one.
    Failed(Option<u16>),
}

const TIMEOUT_MS: f64 = 1_000.0;
const LOOP_TRIES: u32 = 5;
const LOOP_PAUSE_MS: f64 = 500.0;

/// The request that everybody sends, in the dialect of the race.
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

fn post(world: &mut World, race: &Race) -> Told {
    match world.exchange(&request(race, Operation::Write)) {
        Exchanged::Answer { status: 200..300, .. } => Told::Removed,
        Exchanged::Answer { status, .. } => Told::Failed(Some(status)),
        Exchanged::Nothing(_) => Told::Failed(None),
    }
}

fn check_then_post(world: &mut World, race: &Race) -> Told {
    let Exchanged::Answer { status, body, .. } = world.exchange(&request(race, Operation::Read)) else {
        return Told::Failed(None);
    };
    let Ok(body) = serde_json::from_str::<serde_json::Value>(&body) else { return Told::Failed(Some(status)) };
    let list = body.get("entities").or_else(|| body.get("participants")).and_then(|list| list.as_array());
    let Some(list) = list else { return Told::Failed(Some(status)) };
    let found = list.iter().find(|participant| participant.get("id").is_some_and(|id| id == PARTICIPANT));
    if found.and_then(|participant| participant.get("state")).is_some_and(|state| state == "connected") {
        post(world, race)
    } else {
        Told::NotActive
    }
}

fn check_then_post_in_a_loop(world: &mut World, race: &Race) -> Told {
    let mut told = check_then_post(world, race);
    for _ in 1..LOOP_TRIES {
        if matches!(told, Told::Removed) {
            break;
        }
        world.now += LOOP_PAUSE_MS;
        told = check_then_post(world, race);
    }
    told
}

#[derive(Default)]
struct Tally {
    removed: u32,
    false_reports: u32,
    conflicts: u32,
    requests: u64,
}

fn by_hand(tally: &mut Tally, race: &Race, code: fn(&mut World, &Race) -> Told) {
    let mut world = World::new(race);
    let told = code(&mut world, race);
    let (accepted, connected) = (world.writes_accepted() > 0, world.state().as_deref() == Some("connected"));
    let is_false = match told {
        Told::Removed => !accepted,
        Told::NotActive => accepted || (connected && race.is_removable()),
        Told::Failed(_) => accepted,
    };
    tally.removed += u32::from(race.is_removable() && accepted);
    tally.false_reports += u32::from(is_false);
    tally.conflicts += u32::from(matches!(told, Told::Failed(Some(409))));
    tally.requests += world.simulator.log().len() as u64;
}

fn by_us(tally: &mut Tally, race: &Race) {
    let mut world = World::new(race);
    let (end, _) = ours(&mut world, settings(race));
    let judged = race.judge(&world, &end);
    tally.removed += u32::from(judged.removable && judged.removed_by_us);
    tally.false_reports += u32::from(judged.false_report.is_some());
    tally.conflicts += u32::from(end.is_err_and(|error| error.status == Some(409)));
    tally.requests += world.simulator.log().len() as u64;
}

/// How long after a participant shows as connected is it read, and for how many reads? It becomes so at a random moment
/// of `settleMs`.
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
        "{count} races, seed {seed}; {removable} participants could be removed: connected at the end, within a second.\n"
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
