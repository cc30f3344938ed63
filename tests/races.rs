//! Random races in virtual time: every participant that can be removed is removed, and every report
//! is true.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/race.rs"]
mod race;
#[path = "support/response.rs"]
mod response;

use proptest::test_runner::{Config, RngSeed, TestRunner};
use race::{World, ours, races, settings};

/// How many races; the environment variable `RACES` overrides it (`npm run test:thorough`: 100,000).
const RACES: u32 = 20_000;

#[test]
fn every_removable_participant_is_removed_and_every_report_is_true() {
    let races_to_run = std::env::var("RACES").ok().and_then(|count| count.parse().ok()).unwrap_or(RACES);
    // A new seed for each run; `RACES_SEED` repeats one. proptest prints the smallest race that fails.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |now| now.as_nanos() as u64);
    let seed = std::env::var("RACES_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(now);
    println!("RACES_SEED={seed}");
    let rng_seed = RngSeed::Fixed(seed);
    let mut runner = TestRunner::new(Config {
        cases: races_to_run,
        failure_persistence: None,
        rng_seed,
        max_shrink_iters: 10_000,
        ..Config::default()
    });
    let counted = std::cell::Cell::new(0_u32);
    let result = runner.run(&races(), |race| {
        let mut world = World::new(&race);
        let (end, timeline) = ours(&mut world, settings(&race));
        let judged = race.judge(&world, &end);
        let story = || format!("{end:?}\n{:#?}\n{:#?}", timeline, world.simulator.log());
        proptest::prop_assert!(judged.false_report.is_none(), "{:?}: {}", judged.false_report, story());
        proptest::prop_assert!(!judged.removable || judged.removed_by_us, "not removed: {}", story());
        proptest::prop_assert!(
            world.writes_after_connected.iter().all(|after| *after),
            "a write without a connected read before it: {}",
            story()
        );
        proptest::prop_assert!(world.now <= 10_000.0 + 1_000.0, "over the deadline: {}", story());
        counted.set(counted.get() + u32::from(judged.removable));
        Ok(())
    });
    let removable = counted.get();
    if let Err(failure) = result {
        panic!("RACES_SEED={seed}: {failure}");
    }
    println!("{races_to_run} races, {removable} of them removable and removed");
    assert!(removable > races_to_run / 10, "the races test too little: {removable} removable");
}
