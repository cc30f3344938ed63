//! The rule: every row of docs/protocol.md and of the errors in docs/api.md, as a script of responses and the trace of
//! the call.
//!
//! A request takes 10 ms, jitter is at its middle. In a trace, `R` is a read and `W` a write, each with its status or
//! the state that it showed; `~100 settling` is a wait of 100 ms; the last entry is the outcome or the code.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/response.rs"]
mod response;

use disconnect_if_connected::protocol::{
    call::{Action, Call, Input},
    error::DisconnectError,
    http::{Body as ResponseBody, BodyError, Expected, Failure, Operation, Response, RetryAfter as Header},
    result::DisconnectResult,
    selection::{Description, Selection},
    settings::{Api, Settings},
    timeline::Event,
};
use response::{body, response};
use serde::Serialize;

const REQUEST_MS: f64 = 10.0;

/// One scripted answer.
#[derive(Clone, Debug)]
enum Reply {
    /// 200 with the participant in this state.
    State(&'static str),
    /// 200 without the participant.
    NotListed,
    /// A status with a platform code.
    Status(u16, &'static str),
    /// A status with a message, without a code.
    Message(u16, &'static str),
    /// A status with a `Retry-After`.
    RetryAfter(u16, &'static str),
    /// 200 with this body.
    Body(&'static str),
    /// 200 whose body breaks off.
    CutShort,
    /// A status whose body breaks off.
    Broken(u16),
    /// 200 whose body does not end within the time of the request.
    Slow,
    /// The connection breaks.
    Lost,
    /// No response within the time of the request.
    Silent,
}

use Reply::{Body, Broken, CutShort, Lost, Message, NotListed, RetryAfter, Silent, Slow, State, Status};

const CONNECTED: Reply = State("connected");
const GONE: Reply = State("disconnected");
const ALREADY: &str = "conversation.error.call.disconnected";

fn settings() -> Settings {
    Settings::new("c-1", "p-1", Api::Voice)
}

/// The name of an outcome, a code or a reason in JavaScript.
fn name(value: impl Serialize) -> String {
    serde_json::to_value(value).expect("serialises").as_str().expect("a string").to_owned()
}

/// A call that has ended.
struct Played {
    trace: String,
    end: Result<DisconnectResult, DisconnectError>,
    call: Call,
}

/// Runs a call against the script; the last answer of the script repeats.
fn play(settings: Settings, script: &[Reply]) -> Played {
    let mut call = Call::new(settings);
    let mut script = script.iter();
    let mut last = None;
    let mut trace = Vec::new();
    let (mut now, mut input) = (0.0, Input::Start);
    for _ in 0..200 {
        match call.next(input, now, 0.5) {
            Action::Take { .. } => input = Input::Taken(Vec::new()),
            Action::List(_) => panic!("nobody asked for a list"),
            Action::Token { refresh, .. } => {
                if refresh {
                    trace.push("refresh".to_owned());
                }
                call.set_token("a-secret-token");
                input = Input::Token;
            }
            Action::Wait { ms } => {
                let Some(Event::Wait { reason, .. }) = call.timeline().last() else { panic!("no wait recorded") };
                trace.push(format!("~{ms:.0} {}", name(reason)));
                now += ms;
                input = Input::Woke;
            }
            Action::Send(request) => {
                let (operation, timeout_ms) = (request.operation, request.timeout_ms);
                let letter = if operation == Operation::Read { 'R' } else { 'W' };
                last = script.next().or(last);
                let reply = last.expect("a script");
                let mut answer = |status: u16, text: &str, retry_after: Option<&str>, failure| {
                    trace.push(format!("{letter}{status}"));
                    // In the place of the host's parser of dates.
                    let date_ms = |value: &str| (value == "Thu, 01 Jan 1970 00:00:03 GMT").then_some(3_000.0);
                    let header = |value: &str| Header {
                        value: value.to_owned(),
                        date_ms: date_ms(value),
                        sent_ms: None,
                        received_ms: 0.0,
                    };
                    Input::Response(Response {
                        status,
                        correlation_id: Some(format!("id-{}", requests(&call))),
                        retry_after: retry_after.map(header),
                        body: body(call.expects(status), "entities", text, failure),
                    })
                };
                now += REQUEST_MS;
                input = match reply {
                    State(state) => {
                        let answer =
                            answer(200, &format!(r#"{{"entities":[{{"id":"p-1","state":"{state}"}}]}}"#), None, None);
                        *trace.last_mut().expect("pushed") = format!("{letter} {state}");
                        answer
                    }
                    NotListed => answer(200, r#"{"entities":[]}"#, None, None),
                    Status(status, code) => {
                        answer(*status, &format!(r#"{{"code":"{code}","message":"said a-secret-token"}}"#), None, None)
                    }
                    Message(status, message) => answer(*status, &format!(r#"{{"message":"{message}"}}"#), None, None),
                    RetryAfter(status, seconds) => answer(*status, "{}", Some(seconds), None),
                    Body(body) => answer(200, body, None, None),
                    CutShort => answer(200, r#"{"entities":[{"id":"p-1","#, None, Some(Failure::Network)),
                    Broken(status) => answer(*status, "{", None, Some(Failure::Network)),
                    Slow => {
                        let answer = answer(200, r#"{"entities":[{"id":"p-1","#, None, Some(Failure::Timeout));
                        now += timeout_ms - REQUEST_MS;
                        answer
                    }
                    Lost => {
                        trace.push(format!("{letter} lost"));
                        Input::NoResponse(Failure::Network, Some("ECONNRESET".to_owned()))
                    }
                    Silent => {
                        trace.push(format!("{letter} silent"));
                        now += timeout_ms - REQUEST_MS;
                        Input::NoResponse(Failure::Timeout, None)
                    }
                };
            }
            Action::Finish(end) => {
                trace.push(match &end {
                    Ok(result) => name(result.outcome),
                    Err(error) => name(error.code),
                });
                return Played { trace: trace.join(" | "), end, call };
            }
        }
    }
    panic!("no end: {}", trace.join(" | "));
}

/// Requests so far.
fn requests(call: &Call) -> usize {
    call.timeline().iter().filter(|event| matches!(event, Event::Request { .. })).count()
}

/// The last state seen.
fn last_state(played: &Played) -> Option<&str> {
    match &played.end {
        Ok(result) => result.state.as_deref(),
        Err(error) => error.state.as_deref(),
    }
}

/// Runs a call against the script, and asserts its trace.
#[track_caller]
fn expect(settings: Settings, script: &[Reply], expected: &str) -> Played {
    let played = play(settings, script);
    assert_eq!(played.trace, expected, "{script:?}");
    if let Ok(result) = &played.end {
        assert_eq!(result.requests as usize, requests(&played.call), "{script:?}");
    }
    played
}

/// The same with the default settings.
#[track_caller]
fn ends(script: &[Reply], expected: &str) -> Played {
    expect(settings(), script, expected)
}

fn error(played: Played) -> DisconnectError {
    played.end.expect_err("an error")
}

fn outcome(played: Played) -> DisconnectResult {
    played.end.expect("an outcome")
}

#[test]
fn connected_is_written_at_once() {
    let played = ends(&[CONNECTED, Status(204, "")], "R connected | W204 | disconnected");
    assert_eq!(requests(&played.call), 2);
    // No read followed the write.
    assert_eq!(last_state(&played), None);
    let outcome = outcome(played);
    assert!(!outcome.confirmed && outcome.acknowledged);
    assert_eq!(outcome.correlation_id.as_deref(), Some("id-2"));
    ends(&[CONNECTED, Status(200, "")], "R connected | W200 | disconnected");
    ends(&[CONNECTED, Status(202, "")], "R connected | W202 | disconnected");
}

#[test]
fn gone_is_answered_without_a_write() {
    for state in ["disconnected", "terminated"] {
        let played = ends(&[State(state)], &format!("R {state} | already-disconnected"));
        assert_eq!(last_state(&played), Some(state));
        assert!(outcome(played).confirmed);
    }
}

#[test]
fn every_other_state_settles() {
    for state in [
        "alerting",
        "dialing",
        "contacting",
        "offering",
        "queued",
        "converting",
        "uploading",
        "transmitting",
        "parked",
        "scheduled",
        "none",
        "unheardOf",
    ] {
        let played = ends(
            &[State(state), CONNECTED, Status(204, "")],
            &format!("R {state} | ~120 settling | R connected | W204 | disconnected"),
        );
        assert_eq!(requests(&played.call), 3);
        let played = play(settings(), &[State(state)]);
        assert!(played.trace.ends_with("not-connected"), "{}", played.trace);
        assert_eq!(last_state(&played), Some(state));
        assert!(!outcome(played).confirmed);
    }
    ends(&[NotListed, CONNECTED, Status(204, "")], "R200 | ~120 settling | R connected | W204 | disconnected");
}

#[test]
fn settling_waits_grow_and_a_last_read_follows_when_it_is_over() {
    ends(
        &[State("queued")],
        "R queued | ~120 settling | R queued | ~150 settling | R queued | ~188 settling | R queued | ~234 settling | \
         R queued | ~293 settling | R queued | ~366 settling | R queued | ~89 settling | R queued | not-connected",
    );
    expect(Settings { settle_ms: 0.0, ..settings() }, &[State("queued")], "R queued | not-connected");
    let mut last_moment = vec![State("queued"); 7];
    last_moment.extend([CONNECTED, Status(204, "")]);
    assert!(play(settings(), &last_moment).trace.ends_with("R connected | W204 | disconnected"));
}

#[test]
fn never_listed_is_not_found() {
    let error = error(expect(
        Settings { settle_ms: 50.0, ..settings() },
        &[NotListed],
        "R200 | ~50 settling | R200 | PARTICIPANT_NOT_FOUND",
    ));
    assert!(
        error.message.contains("p-1") && error.message.contains("c-1") && error.message.contains("50 ms"),
        "{}",
        error.message
    );
}

#[test]
fn refused_writes_lead_back_to_read() {
    for (status, code) in [
        (409, "conflict"),
        (409, "general.conflict"),
        (404, "not.found"),
        (400, "conversation.error.cannot.disconnect.call"),
    ] {
        let refused = Status(status, code);
        ends(
            &[CONNECTED, refused.clone(), CONNECTED, Status(204, "")],
            &format!("R connected | W{status} | ~120 settling | R connected | W204 | disconnected"),
        );
        let played = ends(
            &[CONNECTED, refused, GONE],
            &format!("R connected | W{status} | ~120 settling | R disconnected | already-disconnected"),
        );
        assert!(outcome(played).confirmed);
    }
    ends(
        &[CONNECTED, Status(409, ""), State("queued"), State("queued"), State("queued"), State("queued")],
        "R connected | W409 | ~120 settling | R queued | ~150 settling | R queued | ~188 settling | R queued | \
         ~234 settling | R queued | ~293 settling | R queued | ~366 settling | R queued | ~89 settling | R queued | \
         not-connected",
    );
}

#[test]
fn a_conflict_is_one_for_all_of_settle_ms() {
    let (c, w) = (CONNECTED, Status(409, "general.conflict"));
    let script: Vec<Reply> = [c, w].into_iter().cycle().take(40).collect();
    let played = ends(
        &script,
        "R connected | W409 | ~120 settling | R connected | W409 | ~150 settling | R connected | W409 | \
         ~188 settling | R connected | W409 | ~234 settling | R connected | W409 | ~293 settling | R connected | \
         W409 | ~366 settling | R connected | W409 | ~29 settling | R connected | W409 | R connected | CONFLICT",
    );
    let error = error(played);
    assert_eq!(error.state.as_deref(), Some("connected"));
    assert_eq!(
        (error.status, error.platform_code.as_deref(), error.correlation_id.as_deref()),
        (Some(409), Some("general.conflict"), Some("id-16"))
    );
    assert!(!error.may_have_disconnected);
    // The first refusal starts settleMs again.
    let mut late = vec![State("alerting"), State("alerting"), State("alerting"), State("alerting")];
    late.extend(script);
    let played = play(settings(), &late);
    assert!(played.trace.ends_with("CONFLICT"));
    let first_refusal = played.trace.split(" | ").position(|step| step == "W409").expect("a refusal");
    let waits: f64 = played.call.timeline()[first_refusal..]
        .iter()
        .filter_map(|entry| if let Event::Wait { ms, .. } = entry { Some(*ms) } else { None })
        .sum();
    assert!(waits > 1_300.0, "{}", played.trace);
    // The last read decides, also after the last refusal.
    let script = [CONNECTED, Status(409, ""), CONNECTED, Status(409, ""), GONE];
    expect(
        Settings { settle_ms: 50.0, ..settings() },
        &script,
        "R connected | W409 | ~50 settling | R connected | W409 | R disconnected | already-disconnected",
    );
}

#[test]
fn the_platforms_already_gone_is_an_answer() {
    for code in [ALREADY, "conversation.error.participant.no.active.conversations"] {
        for status in [400, 409] {
            let played =
                ends(&[CONNECTED, Status(status, code)], &format!("R connected | W{status} | already-disconnected"));
            assert!(outcome(played).confirmed);
        }
    }
}

#[test]
fn a_write_of_unknown_effect_is_settled_by_the_next_read() {
    for lost in
        [Lost, Status(500, ""), Status(502, ""), Status(503, ""), Status(504, ""), Status(408, ""), Status(501, "")]
    {
        let played = play(settings(), &[CONNECTED, lost.clone(), GONE]);
        assert!(played.trace.ends_with("~125 backoff | R disconnected | disconnected"), "{}", played.trace);
        assert!(outcome(played).confirmed);
        // Still connected: the write is sent again, after a read.
        let played = play(settings(), &[CONNECTED, lost.clone(), CONNECTED, Status(204, "")]);
        assert!(played.trace.ends_with("~125 backoff | R connected | W204 | disconnected"), "{}", played.trace);
        // A stale read, then the platform answers that the call is gone.
        let played = play(settings(), &[CONNECTED, lost.clone(), CONNECTED, Status(400, ALREADY)]);
        assert!(played.trace.ends_with("R connected | W400 | disconnected"), "{}", played.trace);
        // The second write is refused, then the participant is gone: the first one may have done it.
        let played = play(settings(), &[CONNECTED, lost, CONNECTED, Status(409, ""), GONE]);
        assert!(
            played.trace.ends_with("R connected | W409 | ~120 settling | R disconnected | disconnected"),
            "{}",
            played.trace
        );
    }
    // 429, 425 and 409 did nothing.
    for refused in [Status(429, ""), Status(425, ""), Status(409, "")] {
        assert!(play(settings(), &[CONNECTED, refused, GONE]).trace.ends_with("already-disconnected"));
    }
}

#[test]
fn settling_starts_again_after_a_write_of_unknown_effect() {
    let script = [State("alerting"), State("alerting"), State("alerting"), CONNECTED, Lost, State("alerting")];
    let played = play(settings(), &script);
    assert!(
        played.trace.ends_with(
            "W lost | ~125 backoff | R alerting | ~120 settling | R alerting | ~150 settling | R alerting | \
             ~188 settling | R alerting | ~234 settling | R alerting | ~293 settling | R alerting | ~330 settling | \
             R alerting | not-connected"
        ),
        "{}",
        played.trace
    );
}

#[test]
fn transient_failures_are_retried_in_a_row() {
    for (failure, shown, code) in [
        (Status(408, ""), "R408", "SERVER_ERROR"),
        (Status(425, ""), "R425", "SERVER_ERROR"),
        (Status(429, ""), "R429", "RATE_LIMITED"),
        (Status(500, ""), "R500", "SERVER_ERROR"),
        (Status(502, ""), "R502", "SERVER_ERROR"),
        (Status(503, ""), "R503", "SERVER_ERROR"),
        (Status(504, ""), "R504", "SERVER_ERROR"),
        (Lost, "R lost", "NETWORK"),
        (CutShort, "R200", "BAD_RESPONSE"),
        (Body(r#"{"entities":["#), "R200", "BAD_RESPONSE"),
        (Body(""), "R200", "BAD_RESPONSE"),
    ] {
        let f = || failure.clone();
        ends(
            &[f(), f(), f(), CONNECTED, Status(204, "")],
            &format!(
                "{shown} | ~125 backoff | {shown} | ~250 backoff | {shown} | ~500 backoff | R connected | W204 | \
                 disconnected"
            ),
        );
        let error = error(ends(
            &[f()],
            &format!("{shown} | ~125 backoff | {shown} | ~250 backoff | {shown} | ~500 backoff | {shown} | {code}"),
        ));
        assert!(!error.may_have_disconnected);
        expect(Settings { max_retries: 0, ..settings() }, &[f()], &format!("{shown} | {code}"));
    }
    // A read that works ends the row of failed reads.
    let play = play(settings(), &[Lost, Lost, Lost, State("queued"), Lost, Lost, Lost, CONNECTED, Status(204, "")]);
    assert!(play.trace.ends_with("disconnected"), "{}", play.trace);
}

#[test]
fn writes_that_fail_in_a_row_are_counted_across_the_reads_between_them() {
    let script: Vec<Reply> = [CONNECTED, Status(503, "")].into_iter().cycle().take(40).collect();
    let error = error(ends(
        &script,
        "R connected | W503 | ~125 backoff | R connected | W503 | ~250 backoff | R connected | W503 | ~500 backoff | \
         R connected | W503 | SERVER_ERROR",
    ));
    assert!(error.may_have_disconnected);
    let played =
        expect(Settings { max_retries: 0, ..settings() }, &[CONNECTED, Lost], "R connected | W lost | NETWORK");
    assert!(self::error(played).may_have_disconnected);
}

#[test]
fn a_request_timeout_is_transient_and_the_deadline_is_final() {
    let settings = |timeout_ms| Settings { request_timeout_ms: 100.0, timeout_ms, ..settings() };
    expect(
        settings(10_000.0),
        &[Silent, CONNECTED, Status(204, "")],
        "R silent | ~125 backoff | R connected | W204 | disconnected",
    );
    let code = |trace: &str| trace.rsplit(" | ").next().map(str::to_owned);
    let played = play(settings(10_000.0), &[Silent]);
    assert_eq!(code(&played.trace).as_deref(), Some("NETWORK"));
    let played = expect(settings(80.0), &[Silent], "R silent | TIMEOUT");
    assert!(!error(played).may_have_disconnected);
    expect(settings(80.0), &[Slow], "R200 | TIMEOUT");
    expect(
        settings(10_000.0),
        &[Slow, CONNECTED, Status(204, "")],
        "R200 | ~125 backoff | R connected | W204 | disconnected",
    );
    let error = error(expect(settings(80.0), &[CONNECTED, Silent], "R connected | W silent | TIMEOUT"));
    assert!(error.may_have_disconnected);
    assert!(error.message.contains("80 ms (timeoutMs) ran out"), "{}", error.message);
}

#[test]
fn retry_after_overrides_the_backoff() {
    for (reply, wait) in [
        (RetryAfter(429, "2"), "~2000 retry-after"),
        (RetryAfter(503, "0"), "~0 retry-after"),
        (RetryAfter(503, "Thu, 01 Jan 1970 00:00:03 GMT"), "~3000 retry-after"),
        (RetryAfter(429, "soon"), "~125 backoff"),
    ] {
        let played = play(settings(), &[reply, CONNECTED, Status(204, "")]);
        assert!(played.trace.contains(&format!(" | {wait} | R connected | W204 | disconnected")), "{}", played.trace);
    }
    // A 429 without the header, but with the wait in its message.
    let in_message =
        [Message(429, "Rate limit exceeded the maximum. Retry the request in [2] seconds"), CONNECTED, Status(204, "")];
    ends(&in_message, "R429 | ~2000 retry-after | R connected | W204 | disconnected");
    // After a write too, a read follows.
    ends(
        &[CONNECTED, RetryAfter(429, "1"), CONNECTED, Status(204, "")],
        "R connected | W429 | ~1000 retry-after | R connected | W204 | disconnected",
    );
}

#[test]
fn a_wait_that_cannot_end_in_time_is_not_started() {
    let rate_limited = error(ends(&[RetryAfter(429, "10")], "R429 | RATE_LIMITED"));
    assert_eq!(rate_limited.retry_after_ms, Some(10_000.0));
    assert_eq!(rate_limited.status, Some(429));
    assert!(rate_limited.message.contains("10000 ms"), "{}", rate_limited.message);
    assert_eq!(error(ends(&[RetryAfter(503, "3600")], "R503 | SERVER_ERROR")).retry_after_ms, Some(3_600_000.0));
    expect(Settings { timeout_ms: 60.0, ..settings() }, &[State("queued")], "R queued | TIMEOUT");
}

#[test]
fn a_401_refreshes_the_token_once_and_sends_the_same_request_again() {
    ends(&[Status(401, ""), CONNECTED, Status(204, "")], "R401 | refresh | R connected | W204 | disconnected");
    ends(&[CONNECTED, Status(401, ""), Status(204, "")], "R connected | W401 | refresh | W204 | disconnected");
    ends(&[Status(401, ""), Status(401, "")], "R401 | refresh | R401 | UNAUTHORIZED");
    ends(&[Status(401, ""), CONNECTED, Status(401, "")], "R401 | refresh | R connected | W401 | UNAUTHORIZED");
    expect(Settings { token_can_be_refreshed: false, ..settings() }, &[Status(401, "")], "R401 | UNAUTHORIZED");
}

#[test]
fn final_answers_are_errors_with_advice() {
    for (script, trace, part) in [
        (&[Status(403, "missing.permissions")][..], "R403 | FORBIDDEN", "conversation:communication:disconnect"),
        (&[CONNECTED, Status(403, "missing.any.permissions")], "R connected | W403 | FORBIDDEN", "the permission that"),
        (&[Status(403, "x")], "R403 | FORBIDDEN", "no permission was named"),
        (
            &[CONNECTED, Status(403, ""), CONNECTED],
            "R connected | W403 | R connected | FORBIDDEN",
            "a firewall or a proxy",
        ),
        (
            &[CONNECTED, Status(400, "not.a.user"), CONNECTED],
            "R connected | W400 | R connected | FORBIDDEN",
            "onBehalfOf",
        ),
        (&[Status(404, "")], "R404 | CONVERSATION_NOT_FOUND", "api: \"voice\""),
        (&[Status(404, "")], "R404 | CONVERSATION_NOT_FOUND", "api: \"calls\""),
        (&[Status(400, "bad.request")], "R400 | REJECTED", "rejected the read"),
        (
            &[CONNECTED, Status(400, "bad.request"), CONNECTED],
            "R connected | W400 | R connected | REJECTED",
            "rejected the disconnect",
        ),
        (&[CONNECTED, Status(413, ""), Lost], "R connected | W413 | R lost | REJECTED", "HTTP 413"),
        (&[Status(501, "")], "R501 | SERVER_ERROR", "HTTP 501"),
        (&[Status(307, "")], "R307 | BAD_RESPONSE", "redirect"),
        (&[CONNECTED, Status(302, "")], "R connected | W302 | BAD_RESPONSE", "redirect"),
        (&[Body("null")], "R200 | BAD_RESPONSE", "no list"),
        (&[Body("<html>")], "R200 | BAD_RESPONSE", "an HTML page"),
        (&[Body("soon")], "R200 | BAD_RESPONSE", "not JSON"),
    ] {
        let error = error(ends(script, trace));
        assert!(error.message.contains(part), "{}", error.message);
        assert!(error.message.contains("p-1") && error.message.contains("c-1"), "{}", error.message);
        assert!(!error.may_have_disconnected);
        assert!(!error.message.contains("a-secret-token"), "{}", error.message);
    }
    let rejected = error(ends(
        &[CONNECTED, Status(400, "bad.request"), State("queued")],
        "R connected | W400 | R queued | REJECTED",
    ));
    assert_eq!(
        (rejected.status, rejected.platform_code.as_deref(), rejected.correlation_id.as_deref()),
        (Some(400), Some("bad.request"), Some("id-2"))
    );
    assert_eq!(rejected.state.as_deref(), Some("queued"));
    for (api, other) in [(Api::Calls, "api: \"voice\""), (Api::Custom, "of your own")] {
        let error = error(expect(Settings { api, ..settings() }, &[Status(404, "")], "R404 | CONVERSATION_NOT_FOUND"));
        assert!(error.message.contains(other), "{}", error.message);
    }
}

#[test]
fn a_body_over_the_limit_is_a_bad_response() {
    let mut call = started(settings());
    let too_large = response(200, ResponseBody::Unusable(BodyError::TooLarge));
    let Action::Finish(Err(error)) = call.next(Input::Response(too_large), 1.0, 0.5) else { panic!("no end") };
    assert_eq!(name(error.code), "BAD_RESPONSE");
    assert!(error.message.contains("maxResponseBytes"));
}

/// A call whose first read is under way.
fn started(settings: Settings) -> Call {
    let mut call = Call::new(settings);
    call.next(Input::Start, 0.0, 0.5);
    call.set_token("a-secret-token");
    call.next(Input::Token, 0.0, 0.5);
    call
}

/// The input for a read that shows the participant in this state.
fn seen(state: &str) -> Input {
    let text = format!(r#"{{"entities":[{{"id":"p-1","state":"{state}"}}]}}"#);
    Input::Response(response(200, body(Expected::Participants { described: false }, "entities", &text, None)))
}

#[test]
fn confirm_keeps_reading_until_the_participant_is_gone() {
    let confirm = || Settings { confirm: true, ..settings() };
    let played = expect(
        confirm(),
        &[CONNECTED, Status(202, ""), CONNECTED, GONE],
        "R connected | W202 | ~120 settling | R connected | ~150 settling | R disconnected | disconnected",
    );
    assert_eq!(last_state(&played), Some("disconnected"));
    let outcome = outcome(played);
    assert!(outcome.confirmed);
    assert_eq!(outcome.correlation_id.as_deref(), Some("id-4"));
    // Never seen gone: accepted all the same.
    let never = expect(
        Settings { settle_ms: 250.0, ..confirm() },
        &[CONNECTED, Status(202, ""), CONNECTED],
        "R connected | W202 | ~120 settling | R connected | ~120 settling | R connected | disconnected",
    );
    let never = self::outcome(never);
    assert!(!never.confirmed);
    assert_eq!(never.correlation_id.as_deref(), Some("id-2"));
    // Whatever the reads after it end in, an accepted write stays the answer, and no second one is sent.
    for failure in [Status(403, ""), Body("<html>"), Status(503, ""), Lost, Silent] {
        let played = play(confirm(), &[CONNECTED, Status(202, ""), failure]);
        assert!(played.trace.ends_with("| disconnected"), "{}", played.trace);
        assert_eq!(played.trace.matches('W').count(), 1);
        assert!(!self::outcome(played).confirmed);
    }
    // Gone before any write: nothing to confirm.
    expect(confirm(), &[GONE], "R disconnected | already-disconnected");
}

#[test]
fn disconnectable_states_are_the_callers() {
    let mut settings = settings();
    settings.target.disconnectable_states = vec!["connected".to_owned(), "Alerting".to_owned()];
    settings.target.gone_states = vec!["parked".to_owned()];
    expect(settings.clone(), &[State("PARKED")], "R PARKED | already-disconnected");
    expect(settings.clone(), &[State("alerting"), Status(204, "")], "R alerting | W204 | disconnected");
    expect(settings, &[CONNECTED, Status(204, "")], "R connected | W204 | disconnected");
}

#[test]
fn the_timeline_records_everything_in_order() {
    let played = play(settings(), &[State("alerting"), CONNECTED, Status(409, "conflict"), Lost, GONE]);
    let seen: Vec<String> = played
        .call
        .timeline()
        .iter()
        .map(|event| match event {
            Event::Request { at, method, path } => format!("{at} {method} {path}"),
            Event::Response { at, status, platform_code, failure, .. } => format!(
                "{at} {}{}",
                status.map_or_else(|| failure.map_or(String::new(), name), |status| status.to_string()),
                platform_code.as_deref().map_or(String::new(), |code| format!(" {code}"))
            ),
            Event::State { at, state, .. } => format!("{at} {state:?}"),
            Event::Wait { at, ms, reason } => format!("{at} {ms} {}", name(reason)),
            Event::Outcome { at, outcome, .. } => format!("{at} {outcome:?}"),
        })
        .collect();
    assert_eq!(
        seen,
        [
            "0 GET /api/v2/conversations/voice/c-1/participants",
            "10 200",
            "10 Some(\"alerting\")",
            "10 120 settling",
            "130 GET /api/v2/conversations/voice/c-1/participants",
            "140 200",
            "140 Some(\"connected\")",
            "140 POST /api/v2/conversations/voice/participants",
            "150 409 conflict",
            "150 120 settling",
            "270 GET /api/v2/conversations/voice/c-1/participants",
            "280 network",
            "280 125 backoff",
            "405 GET /api/v2/conversations/voice/c-1/participants",
            "415 200",
            "415 Some(\"disconnected\")",
            "415 Some(AlreadyDisconnected)",
        ]
    );
}

#[test]
fn the_token_is_redacted_in_responses() {
    let mut call = started(settings());
    let text = r#"{"code":"echo a-secret-token","message":"Bearer a-secret-token is bad"}"#;
    let correlation_id = Some("a-secret-token".to_owned());
    let forbidden = Response { correlation_id, ..response(403, body(call.expects(403), "entities", text, None)) };
    let Action::Finish(Err(error)) = call.next(Input::Response(forbidden), 1.0, 0.5) else { panic!("no end") };
    assert!(!format!("{error:?} {:?}", call.timeline()).contains("a-secret-token"), "{error:?}");
    assert_eq!(error.platform_code.as_deref(), Some("echo ***"));
}

/// The settings of a call for the customer, whatever its id.
fn for_the_customer() -> Settings {
    let mut settings = settings();
    let purpose = Some(vec!["customer".to_owned()]);
    settings.target.selection = Selection::Described(Description { purpose, ..Description::default() });
    settings
}

#[test]
fn a_description_is_resolved_in_each_read_until_a_write_is_sent() {
    // The first attempt rings and fails; the second one is the customer now.
    let ringing = r#"{"entities":[{"id":"p-1","purpose":"customer","state":"alerting"}]}"#;
    let talking = r#"{"entities":[{"id":"p-1","purpose":"customer","state":"terminated"},
        {"id":"p-2","purpose":"customer","state":"connected"}]}"#;
    // After the write: another customer is connected, but the call is about p-2.
    let another = r#"{"entities":[{"id":"p-2","purpose":"customer","state":"disconnected"},
        {"id":"p-3","purpose":"customer","state":"connected"}]}"#;
    let script = [Body(ringing), Body(talking), Status(409, ""), Body(another)];
    let played = expect(
        for_the_customer(),
        &script,
        "R200 | ~120 settling | R200 | W409 | ~120 settling | R200 | already-disconnected",
    );
    assert_eq!(outcome(played).participant_id, "p-2");
    let accepted = [Body(ringing), Body(talking), Status(204, "")];
    let played = expect(for_the_customer(), &accepted, "R200 | ~120 settling | R200 | W204 | disconnected");
    assert_eq!(outcome(played).participant_id, "p-2");
}

#[test]
fn a_description_that_none_or_several_match_ends_the_call() {
    let nobody = r#"{"entities":[{"id":"p-1","purpose":"agent","state":"connected"}]}"#;
    let settings = Settings { settle_ms: 100.0, ..for_the_customer() };
    let message =
        error(expect(settings, &[Body(nobody)], "R200 | ~100 settling | R200 | PARTICIPANT_NOT_FOUND")).message;
    assert!(message.starts_with("The participant described by purpose of conversation c-1 was not"), "{message}");
    assert!(message.contains("Check the description") && !message.contains("HTTP"), "{message}");

    let several = r#"{"entities":[{"id":"p-1","purpose":"customer","state":"connected","name":"Ada","address":"+1"},
        {"id":"p-2","purpose":"Customer"},{"id":"p-3","purpose":"customer","state":"terminated"}]}"#;
    let error = error(expect(for_the_customer(), &[Body(several)], "R200 | AMBIGUOUS_PARTICIPANT"));
    assert_eq!(
        error.message,
        "The participant described by purpose of conversation c-1 was not disconnected: 2 live participants match: p-1 \
         (customer, connected), p-2 (Customer, no state). Pass participantId, or describe the participant with more \
         fields."
    );
    assert!(!error.may_have_disconnected);
}

#[test]
fn a_description_that_matched_and_no_longer_does_is_absence() {
    let ringing = r#"{"entities":[{"id":"p-1","purpose":"customer","state":"alerting"}]}"#;
    let settings = Settings { settle_ms: 100.0, ..for_the_customer() };
    let played = expect(settings, &[Body(ringing), NotListed], "R200 | ~100 settling | R200 | already-disconnected");
    assert_eq!(outcome(played).participant_id, "p-1");
    let over = expect(
        for_the_customer(),
        &[Body(ringing), Status(404, "")],
        "R200 | ~120 settling | R404 | already-disconnected",
    );
    assert_eq!(outcome(over).participant_id, "p-1");
}

#[test]
fn identities_are_read_for_a_description_only() {
    let mut call = started(for_the_customer());
    assert_eq!(call.expects(200), Expected::Participants { described: true });
    let customer = r#"{"entities":[{"id":"p-1","purpose":"customer","state":"connected"}]}"#;
    let read = body(call.expects(200), "entities", customer, None);
    let Action::Send(write) = call.next(Input::Response(response(200, read)), 1.0, 0.5) else { panic!("no write") };
    assert_eq!(write.body.as_deref(), Some(r#"{"participantId":"p-1","action":"disconnect"}"#));
    let refused = call.next(Input::Response(response(409, body(call.expects(409), "", "{}", None))), 2.0, 0.5);
    assert!(matches!(refused, Action::Wait { .. }));
    call.next(Input::Woke, 200.0, 0.5);
    assert_eq!(call.expects(200), Expected::Participants { described: false });
}

#[test]
fn the_token_before_a_refresh_is_redacted_too() {
    let mut call = started(settings());
    let unauthorized = Input::Response(response(401, body(call.expects(401), "", "{}", None)));
    assert!(matches!(call.next(unauthorized, 1.0, 0.5), Action::Token { refresh: true, .. }));
    call.set_token("another-secret");
    call.next(Input::Token, 2.0, 0.5);
    let text = r#"{"code":"a-secret-token another-secret"}"#;
    let answer = Input::Response(response(403, body(call.expects(403), "", text, None)));
    let Action::Finish(Err(error)) = call.next(answer, 3.0, 0.5) else { panic!("no end") };
    assert_eq!(error.platform_code.as_deref(), Some("*** ***"));
}

#[test]
fn the_read_that_checks_a_refusal_refreshes_the_token_too() {
    let script = [CONNECTED, Status(422, ""), Status(401, ""), GONE];
    ends(&script, "R connected | W422 | R401 | refresh | R disconnected | already-disconnected");
    let script = [CONNECTED, Status(422, ""), Status(401, ""), CONNECTED];
    ends(&script, "R connected | W422 | R401 | refresh | R connected | REJECTED");
}

#[test]
fn an_error_after_a_write_of_unknown_effect_reports_that_it_may_have_worked() {
    let lost = error(ends(
        &[CONNECTED, Lost, Status(403, "missing.permissions")],
        "R connected | W lost | ~125 backoff | R403 | FORBIDDEN",
    ));
    assert!(lost.may_have_disconnected);
    let expected =
        "Participant p-1 of conversation c-1 may have been disconnected: the token may not do this (HTTP 403)";
    assert!(lost.message.starts_with(expected), "{}", lost.message);
    assert!(lost.message.contains("Read the state first."), "{}", lost.message);
}

#[test]
fn the_state_is_the_last_one_seen_after_the_last_write() {
    let settings = || Settings { settle_ms: 300.0, ..settings() };
    let played = play(settings(), &[CONNECTED, Status(409, ""), State("alerting"), NotListed]);
    assert_eq!(last_state(&played), Some("alerting"));
    let played = play(settings(), &[CONNECTED, Status(409, ""), NotListed]);
    assert_eq!(last_state(&played), None);
}

#[test]
fn a_2xx_larger_than_the_limit_is_a_write_of_unknown_effect() {
    let mut call = started(settings());
    call.next(seen("connected"), 1.0, 0.5);
    let answer = Input::Response(response(200, ResponseBody::Unusable(BodyError::TooLarge)));
    assert!(matches!(call.next(answer, 2.0, 0.5), Action::Wait { .. }));
}

#[test]
fn a_token_of_fewer_than_eight_characters_is_not_redacted() {
    for (token, expected) in [("12345678", "is ***"), ("1234567", "is 1234567"), ("123", "is 123")] {
        let mut call = started(settings());
        call.set_token(token);
        let text = format!(r#"{{"code":"is {token}"}}"#);
        let answer = Input::Response(response(403, body(call.expects(403), "", &text, None)));
        let Action::Finish(Err(error)) = call.next(answer, 1.0, 0.5) else { panic!("no end") };
        assert_eq!(error.platform_code.as_deref(), Some(expected));
    }
}

#[test]
fn only_bodies_that_matter_are_read() {
    use Expected::{Nothing, Participants, PlatformError};
    let mut call = started(settings());
    let expected = [200, 204, 302, 400, 404, 503].map(|status| call.expects(status));
    let list = Participants { described: false };
    assert_eq!(expected, [list, list, Nothing, PlatformError, PlatformError, PlatformError]);
    let Action::Send(write) = call.next(seen("connected"), 1.0, 0.5) else { panic!("no write") };
    assert_eq!((write.operation, write.method.as_str()), (Operation::Write, "POST"));
    assert_eq!(write.body.as_deref(), Some(r#"{"participantId":"p-1","action":"disconnect"}"#));
    let expected = [200, 202, 204, 302, 400, 409, 503].map(|status| call.expects(status));
    let error = PlatformError;
    assert_eq!(expected, [error, error, error, Nothing, error, error, error]);
}

#[test]
fn a_400_whose_body_broke_off_is_a_transient_failure() {
    ends(&[CONNECTED, Broken(400), GONE], "R connected | W400 | ~125 backoff | R disconnected | already-disconnected");
    // Where the status alone decides, a broken body changes nothing.
    ends(&[CONNECTED, Broken(409), GONE], "R connected | W409 | ~120 settling | R disconnected | already-disconnected");
    ends(&[Broken(403)], "R403 | FORBIDDEN");
}

#[test]
fn a_timer_may_fire_a_little_early() {
    let mut call = started(Settings { settle_ms: 50.0, ..settings() });
    assert_eq!(call.next(seen("queued"), 10.0, 0.5), Action::Wait { ms: 50.0 });
    call.next(Input::Woke, 59.5, 0.5);
    assert!(
        matches!(call.next(seen("queued"), 59.5, 0.5), Action::Finish(Ok(_))),
        "half a millisecond of settleMs is left, and is not waited for"
    );
}

#[test]
fn a_wait_that_would_outlast_the_confirmation_is_not_started() {
    let confirm = |settle_ms| Settings { confirm: true, settle_ms, ..settings() };
    let script = |seconds| [CONNECTED, Status(202, ""), RetryAfter(503, seconds), GONE];
    expect(confirm(1_500.0), &script("5"), "R connected | W202 | ~120 settling | R503 | disconnected");
    expect(
        confirm(1_500.0),
        &script("1"),
        "R connected | W202 | ~120 settling | R503 | ~1000 retry-after | R disconnected | disconnected",
    );
    // Accepted at 20 ms, asked to wait from 150 to 1150 ms.
    expect(
        confirm(1_129.0),
        &script("1"),
        "R connected | W202 | ~120 settling | R503 | ~1000 retry-after | R disconnected | disconnected",
    );
    expect(confirm(1_128.0), &script("1"), "R connected | W202 | ~120 settling | R503 | disconnected");
}

#[test]
fn messages_have_the_failure_its_number_and_the_requested_wait() {
    let settings = || Settings { max_retries: 1, ..settings() };
    for (reply, part) in [
        (Status(503, ""), "the platform failed, 2 times in a row (maxRetries) (HTTP 503)"),
        (Status(429, ""), "the platform limits the rate of requests, 2 times in a row"),
        (Lost, "the connection failed before a whole response came, 2 times in a row (maxRetries) (ECONNRESET)"),
        (Silent, "no whole response came within requestTimeoutMs, 2 times in a row"),
        (CutShort, "the body of the response is empty or incomplete, 2 times in a row"),
        (
            RetryAfter(503, "60"),
            "the platform failed, and the platform requested a wait of 60000 ms, which ends after timeoutMs",
        ),
    ] {
        let message = error(play(settings(), &[reply])).message;
        assert!(message.contains(part), "{message}");
    }
    let message = error(play(Settings { timeout_ms: 60.0, ..settings() }, &[State("queued")])).message;
    assert!(
        message.contains("the participant is not settled, and the next wait of 120 ms ends after timeoutMs"),
        "{message}"
    );
    // The status of the read that worked is not part of the error.
    assert!(!message.contains("HTTP 200"), "{message}");
    let message = error(play(Settings { max_retries: 0, ..settings() }, &[Status(503, "")])).message;
    assert!(message.contains("the platform failed, and maxRetries is 0 (HTTP 503)"), "{message}");
    let message = error(play(Settings { timeout_ms: 60.0, ..settings() }, &[Lost])).message;
    assert!(
        message.contains(
            "the connection failed before a whole response came, and the next wait of 125 ms ends after timeoutMs"
        ),
        "{message}"
    );
}

#[test]
fn a_participant_that_was_listed_and_no_longer_is_when_settling_ends_is_gone() {
    let brief = || Settings { settle_ms: 50.0, ..settings() };
    let played =
        expect(brief(), &[State("queued"), NotListed], "R queued | ~50 settling | R200 | already-disconnected");
    assert_eq!(last_state(&played), Some("queued"));
    assert!(outcome(played).confirmed);
    let refused = [CONNECTED, Status(409, ""), NotListed];
    let played = outcome(expect(brief(), &refused, "R connected | W409 | ~50 settling | R200 | already-disconnected"));
    assert!(played.confirmed && !played.acknowledged);
    assert_eq!(played.state, None);
    let lost = [CONNECTED, Lost, NotListed];
    let trace = "R connected | W lost | ~125 backoff | R200 | ~50 settling | R200 | disconnected";
    let played = outcome(expect(brief(), &lost, trace));
    assert!(played.confirmed && !played.acknowledged);
    // Within settleMs it may be a stale read.
    let stale = [CONNECTED, Status(409, ""), NotListed, CONNECTED, Status(204, "")];
    ends(&stale, "R connected | W409 | ~120 settling | R200 | ~150 settling | R connected | W204 | disconnected");
    // After an accepted write, absence confirms.
    let confirm = Settings { confirm: true, ..brief() };
    let trace = "R connected | W202 | ~50 settling | R200 | disconnected";
    let played = outcome(expect(confirm, &[CONNECTED, Status(202, ""), NotListed], trace));
    assert!(played.confirmed && played.acknowledged);
}

#[test]
fn a_conversation_that_ends_while_it_is_read_takes_its_participants_along() {
    let over = [CONNECTED, Status(409, ""), Status(404, "")];
    let played = outcome(ends(&over, "R connected | W409 | ~120 settling | R404 | already-disconnected"));
    assert!(played.confirmed);
    let over = [CONNECTED, Lost, Status(404, "")];
    ends(&over, "R connected | W lost | ~125 backoff | R404 | disconnected");
    let confirm = Settings { confirm: true, ..settings() };
    let over = [CONNECTED, Status(202, ""), Status(404, "")];
    assert!(outcome(expect(confirm, &over, "R connected | W202 | ~120 settling | R404 | disconnected")).confirmed);
    // It was never listed, so it may not have been in the conversation.
    ends(&[NotListed, Status(404, "")], "R200 | ~120 settling | R404 | PARTICIPANT_NOT_FOUND");
}

#[test]
fn a_2xx_that_is_not_the_platforms_is_a_write_of_unknown_effect() {
    for foreign in [Body("<!doctype html>"), Body(r#"{"status":403,"code":"blocked"}"#)] {
        let script = [CONNECTED, foreign.clone(), GONE];
        let played = outcome(ends(&script, "R connected | W200 | ~125 backoff | R disconnected | disconnected"));
        assert!(!played.acknowledged && played.confirmed);
        let script = [CONNECTED, foreign.clone(), CONNECTED, Status(204, "")];
        ends(&script, "R connected | W200 | ~125 backoff | R connected | W204 | disconnected");
        let script: Vec<Reply> = [CONNECTED, foreign].into_iter().cycle().take(4).collect();
        let trace = "R connected | W200 | ~125 backoff | R connected | W200 | BAD_RESPONSE";
        let error = error(expect(Settings { max_retries: 1, ..settings() }, &script, trace));
        assert!(error.may_have_disconnected);
        assert!(error.message.contains("not the platform's"), "{}", error.message);
    }
    for own in [Body(""), Body("OK"), Body(r#""done""#), Body(r#"{"status":200}"#), Body(r#"{"status":"403"}"#)] {
        assert!(outcome(ends(&[CONNECTED, own], "R connected | W200 | disconnected")).acknowledged);
    }
}

#[test]
fn other_refusals_of_a_write_are_checked_by_one_more_read() {
    for (status, code) in [(400, "bad.request"), (410, ""), (422, ""), (403, ""), (400, "not.a.user"), (405, "")] {
        let script = [CONNECTED, Status(status, code), GONE];
        let played =
            outcome(ends(&script, &format!("R connected | W{status} | R disconnected | already-disconnected")));
        assert!(!played.acknowledged);
        assert_eq!(played.state.as_deref(), Some("disconnected"));
        // Whatever else the read ends in, the refusal is the error.
        for (other, shown) in
            [(CONNECTED, "R connected"), (NotListed, "R200"), (Lost, "R lost"), (Status(503, ""), "R503")]
        {
            let played = play(settings(), &[CONNECTED, Status(status, code), other]);
            assert!(played.trace.starts_with(&format!("R connected | W{status} | {shown} | ")), "{}", played.trace);
            assert_eq!(error(played).status, Some(status));
        }
    }
    // After a write of unknown effect, gone means by this call.
    let script = [CONNECTED, Lost, CONNECTED, Status(410, ""), GONE];
    ends(&script, "R connected | W lost | ~125 backoff | R connected | W410 | R disconnected | disconnected");
}

#[test]
fn a_code_in_the_first_of_errors_counts_where_the_body_has_none() {
    let nested = r#"{"message":null,"errors":[{"code":"conversation.error.call.disconnected","message":"gone"}]}"#;
    let mut call = started(settings());
    let Action::Send(_) = call.next(seen("connected"), 1.0, 0.5) else { panic!("no write") };
    let refused = response(400, body(call.expects(400), "entities", nested, None));
    let Action::Finish(Ok(result)) = call.next(Input::Response(refused), 2.0, 0.5) else { panic!("no end") };
    assert_eq!(name(result.outcome), "already-disconnected");
}

#[test]
fn an_object_without_a_status_is_a_bad_response() {
    let mut call = started(settings());
    let none = response(0, ResponseBody::Unusable(BodyError::NoResponse));
    let Action::Finish(Err(error)) = call.next(Input::Response(none), 1.0, 0.5) else { panic!("no end") };
    assert_eq!(name(error.code), "BAD_RESPONSE");
    assert!(error.message.contains("no response: it has no status. Check the fetch option"), "{}", error.message);
}
