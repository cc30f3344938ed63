//! Descriptions of participants: compared with an independent implementation on random lists of participants.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/response.rs"]
mod response;

use disconnect_if_connected::protocol::{
    http::{Body, Expected},
    selection::{Description, Selection},
    target::{Kind, Listed, Seen, Target},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use response::body;
use serde_json::{Value, json};

/// What a read with these participants shows of the described one.
fn seen(description: &Value, participants: &[Value]) -> Seen {
    let mut description = description.clone();
    // The host accepts a purpose without an array, serde_json does not.
    if let Some(purpose) = description.get("purpose").filter(|purpose| purpose.is_string()).cloned() {
        description["purpose"] = json!([purpose]);
    }
    let description: Description = serde_json::from_value(description).expect("a description");
    let target = Target { selection: Selection::Described(description), ..Target::new("") };
    let text = json!({ "participants": participants }).to_string();
    match body(Expected::Participants { described: true }, "participants", &text, None) {
        Body::Participants(participants) => target.seen_in(&participants),
        other => panic!("{other:?}"),
    }
}

/// The ids in a `Seen`, and whether they are live.
fn meant(seen: Seen) -> (Vec<String>, bool) {
    match seen {
        Seen::NotListed => (Vec::new(), false),
        Seen::Listed(Listed { id, kind, .. }) => (vec![id], kind != Kind::Gone),
        Seen::Ambiguous(several) => (several.into_iter().map(|one| one.id).collect(), true),
    }
}

/// The text at a JSON pointer.
fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path).and_then(Value::as_str)
}

/// The expected result, computed in another way from untyped JSON: the ids of the live participants that match, each
/// once; without any, the one that ended last.
fn reference(description: &Value, participants: &[Value]) -> (Vec<String>, bool) {
    let digits = |address: &str| -> String { address.chars().filter(char::is_ascii_digit).collect() };
    let is_telephone = |address: &str| !address.contains("ada");
    let listens = |one: &Value| {
        one.as_object()
            .is_some_and(|one| one.iter().any(|(key, value)| key.ends_with("edParticipantId") && value.is_string()))
    };
    let matches = |one: &&Value| {
        description.as_object().into_iter().flatten().all(|(field, wanted)| {
            let any = |given: Option<&str>| match wanted {
                Value::Array(several) => several.iter().any(|wanted| wanted.as_str() == given && given.is_some()),
                one => one.as_str() == given && given.is_some(),
            };
            match field.as_str() {
                "id" => any(text(one, "/id")),
                "userId" => any(text(one, "/userId")) || any(text(one, "/user/id")),
                _ if listens(one) => false,
                "address" => match (wanted.as_str(), text(one, "/address")) {
                    (Some(wanted), Some(given)) if is_telephone(wanted) && is_telephone(given) => {
                        digits(wanted) == digits(given)
                    }
                    (wanted, given) => wanted == given,
                },
                other => any(text(one, &format!("/{other}"))),
            }
        })
    };
    let is_gone = |one: &&&Value| matches!(text(one, "/state"), Some("disconnected" | "terminated"));
    let matching: Vec<&Value> = participants.iter().filter(matches).filter(|one| text(one, "/id").is_some()).collect();
    let mut live: Vec<&str> = Vec::new();
    // An id that is listed twice counts once, where it was listed first.
    for one in &matching {
        let id = text(one, "/id").unwrap_or_default();
        let lives = matching.iter().any(|other| text(other, "/id") == Some(id) && !is_gone(&other));
        if lives && !live.contains(&id) {
            live.push(id);
        }
    }
    if !live.is_empty() {
        return (live.into_iter().map(str::to_owned).collect(), true);
    }
    // Seconds and milliseconds: the rest of all times in this test is the same.
    let ended = |one: &Value| {
        text(one, "/endTime").map(|time| (time[17..19].to_owned(), time.get(20..23).unwrap_or("000").to_owned()))
    };
    let mut last: Option<&Value> = None;
    let mut known = Vec::new();
    for one in matching {
        let id = text(one, "/id");
        if !known.contains(&id) && last.is_none_or(|last| ended(one) >= ended(last)) {
            last = Some(one);
        }
        known.push(id);
    }
    (last.and_then(|one| text(one, "/id")).map(str::to_owned).into_iter().collect(), false)
}

const PURPOSES: [&str; 3] = ["customer", "agent", "external"];
const ADDRESSES: [&str; 6] = [
    "tel:+13175550142",
    "sip:+13175550142@edge.example;user=phone",
    "+1 (317) 555-0142",
    "tel:+13175550143",
    "sip:ada@x.example",
    "ada",
];

/// Random participants, as JSON.
fn participant() -> impl Strategy<Value = Value> {
    let who = (
        option::of(select(&["p-1", "p-2", "p-3"][..])),
        option::of(select(&PURPOSES[..])),
        option::of(select(&["u-1", "u-2"][..])),
        option::of(select(&["u-1", "u-2"][..])),
        option::of(select(&ADDRESSES[..])),
        option::of(select(&["Ada", "Grace"][..])),
    );
    let what = (
        option::of(select(&["connected", "alerting", "disconnected", "terminated"][..])),
        option::of(select(&["2026-11-25T10:00:00Z", "2026-11-25T10:00:00.500Z", "2026-11-25T10:00:01Z"][..])),
        option::weighted(0.2, select(&["monitoredParticipantId", "coachedParticipantId", "bargedParticipantId"][..])),
    );
    (who, what).prop_map(|((id, purpose, user_id, user, address, name), (state, end_time, listens))| {
        let mut one = json!({
            "id": id, "purpose": purpose, "address": address, "name": name, "state": state, "endTime": end_time,
        });
        if let Some(listens) = listens {
            one[listens] = json!("p-9");
        }
        one["userId"] = json!(user_id);
        one["user"] = json!({ "id": user });
        one
    })
}

/// Random descriptions, as JSON.
fn description() -> impl Strategy<Value = Value> {
    let purposes = prop_oneof![
        select(&PURPOSES[..]).prop_map(|one| json!(one)),
        vec(select(&PURPOSES[..]), 1..3).prop_map(|several| json!(several)),
    ];
    (
        option::weighted(0.5, purposes),
        option::weighted(0.3, select(&["u-1", "u-2"][..])),
        option::weighted(0.3, select(&ADDRESSES[..])),
        option::weighted(0.2, select(&["Ada", "Grace"][..])),
        option::weighted(0.2, select(&["p-1", "p-2"][..])),
    )
        .prop_map(|(purpose, user_id, address, name, id)| {
            let all = json!({ "purpose": purpose, "userId": user_id, "address": address, "name": name, "id": id });
            Value::Object(
                all.as_object()
                    .into_iter()
                    .flatten()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect(),
            )
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_an_independent_implementation(
        description in description(),
        participants in vec(participant(), 0..6),
    ) {
        prop_assert_eq!(meant(seen(&description, &participants)), reference(&description, &participants));
    }

    #[test]
    fn the_order_of_the_list_does_not_matter_for_live_participants(
        description in description(),
        participants in vec(participant(), 0..6),
        turn in 0_usize..6,
    ) {
        let mut turned = participants.clone();
        turned.rotate_left(turn % participants.len().max(1));
        let sorted = |(mut ids, live): (Vec<String>, bool)| { ids.sort(); (live.then_some(ids), live) };
        prop_assert_eq!(sorted(meant(seen(&description, &participants))), sorted(meant(seen(&description, &turned))));
    }

    #[test]
    fn a_telephone_number_is_the_same_however_it_is_written(
        number in "[1-9][0-9]{2,14}",
        other in "[1-9][0-9]{2,14}",
        wanted in 0_usize..7,
        given in 0_usize..7,
    ) {
        let written = |number: &str, how: usize| {
            let (area, rest) = number.split_at(2);
            match how {
                0 => format!("tel:+{number}"),
                1 => format!("sip:+{number}@edge.example;user=phone"),
                2 => format!("+{area} ({rest})"),
                3 => format!("{area}-{rest}"),
                4 => format!("TEL:{area}.{rest};ext=1"),
                5 => format!("sips:{number}@10.0.0.1:5061"),
                _ => number.to_owned(),
            }
        };
        let is_found = |given: String| {
            let participants = [json!({ "id": "p-1", "state": "connected", "address": given })];
            matches!(seen(&json!({ "address": written(&number, wanted) }), &participants), Seen::Listed(_))
        };
        prop_assert!(is_found(written(&number, given)));
        prop_assert_eq!(is_found(written(&other, given)), number == other);
    }
}

#[test]
fn other_addresses_match_exactly() {
    for (wanted, given, is_same) in [
        ("sip:ada@example.com", "sip:ada@example.com", true),
        ("sip:ada@example.com", "sip:ada@example.org", false),
        ("sip:ada1@example.com", "sip:ada1@example.org", false),
        ("ada1@example.com", "1", false),
        ("mailto:+13175550142", "+13175550142", false),
        ("tel:", "sip:@example.com", false),
        ("+", "-", false),
        ("+13175550142", "13175550142", true),
        ("3175550142", "+13175550142", false),
    ] {
        let participants = [json!({ "id": "p-1", "state": "connected", "address": given })];
        let seen = seen(&json!({ "address": wanted }), &participants);
        assert_eq!(matches!(seen, Seen::Listed(_)), is_same, "{wanted} {given}: {seen:?}");
    }
}

#[test]
fn a_participant_whose_id_cannot_stand_in_a_path_is_not_listed() {
    for id in ["", ".", "..", " p-1", "\u{FFFD}"] {
        let participants = [json!({ "id": id, "purpose": "customer", "state": "connected" })];
        assert_eq!(seen(&json!({ "purpose": "customer" }), &participants), Seen::NotListed, "{id:?}");
    }
}
