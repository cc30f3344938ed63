//! What does the protocol allocate for one removal? Exact counts, as `tests/crossings.test.mjs` has them for the boundary: a change here
//! has to be meant. Its own process, because the allocator is counted for all of it.

use disconnect_if_connected::protocol::{
    answer::Answer,
    call::{Action, Call, Input, Settings},
    dialect::Dialect,
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

struct Counted;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code, reason = "a global allocator has no other interface")]
// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        BYTES.fetch_add(layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

fn answer(status: u16) -> Input {
    Input::Answer(Answer {
        status,
        correlation_id: None,
        retry_after: None,
        retry_after_date_ms: f64::NAN,
        unix_ms: 0.0,
        body_failure: None,
    })
}

/// A whole call on a body of so many participants, the target last; allocations, and their bytes.
fn removal(participants: usize, padding: &str) -> (usize, usize) {
    let others: String =
        (1..participants).map(|n| format!(r#"{{"id":"p-{n}","state":"queued","attributes":{{"notes":"{padding}"}}}},"#)).collect();
    let body = format!(r#"{{"entities":[{others}{{"id":"p","state":"connected"}}]}}"#);
    let dialect = Dialect::voice();
    let settings = Settings {
        conversation_id: "c".to_owned(),
        participant_id: "p".to_owned(),
        dialect: dialect.name,
        participants: dialect.participants,
        disconnectable_states: vec!["connected".to_owned()],
        token_can_be_refreshed: false,
        settle_ms: 1_500.0,
        timeout_ms: 10_000.0,
        request_timeout_ms: 3_000.0,
        max_retries: 3,
        max_response_bytes: 8_388_608,
        confirm: false,
    };
    let before = (ALLOCATIONS.load(Relaxed), BYTES.load(Relaxed));
    let mut call = Call::new(settings);
    assert!(matches!(call.next(Input::Start, 0.0, 0.0), Action::Token { .. }));
    assert!(matches!(call.next(Input::Token, 0.0, 0.0), Action::Send { .. }));
    for chunk in body.as_bytes().chunks(16 * 1024) {
        assert!(call.body(chunk));
    }
    assert!(matches!(call.next(answer(200), 1.0, 0.0), Action::Send { .. }));
    assert!(matches!(call.next(answer(204), 2.0, 0.0), Action::Finish(Ok(_))));
    (ALLOCATIONS.load(Relaxed) - before.0, BYTES.load(Relaxed) - before.1)
}

/// One test only: another thread's allocations would be counted too.
#[test]
fn one_removal_allocates_so_often() {
    let (few, few_bytes) = removal(2, "");
    let (many, many_bytes) = removal(300, &"x".repeat(2_600));
    println!("{few} allocations of {few_bytes} bytes; with a body of 800 KB {many} of {many_bytes}");
    assert_eq!(few, 13);
    // Each other participant costs its state, because its id may follow; nothing of its attributes is kept.
    assert_eq!(many - few, 298);
    assert_eq!(many_bytes - few_bytes, 298 * "queued".len());
}
