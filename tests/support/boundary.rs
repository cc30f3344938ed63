//! Tests of the WebAssembly boundary, for both tests/node.rs and tests/web.rs.

use disconnect_if_connected::disconnect_if_connected;
use js_sys::{Function, Object, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen(module = "/tests/support/fakes.js")]
extern "C" {
    #[wasm_bindgen(js_name = fakeFetch)]
    fn fake_fetch(script: Vec<String>) -> JsValue;
    fn options(fake: &JsValue, more: &JsValue) -> JsValue;
    #[wasm_bindgen(js_name = countedSignal)]
    fn counted_signal() -> JsValue;
    fn get(object: &JsValue, path: &str) -> JsValue;
    fn json(value: &JsValue) -> String;
    #[wasm_bindgen(js_name = abortSoon)]
    fn abort_soon(counted: &JsValue, reason: &JsValue);
    #[wasm_bindgen(thread_local_v2, js_name = thrower)]
    static THROWER: JsValue;
    #[wasm_bindgen(thread_local_v2, js_name = rejecter)]
    static REJECTER: JsValue;
    #[wasm_bindgen(js_name = abortOn)]
    fn abort_on(counted: &JsValue, event: &str) -> JsValue;
    #[wasm_bindgen(js_name = replaceGlobalFetch)]
    fn replace_global_fetch(fake: &JsValue) -> Function;
}

/// A fetch that answers by this script; tests/support/fakes.js describes the entries.
fn fake(script: &[&str]) -> JsValue {
    fake_fetch(script.iter().map(|&answer| answer.to_owned()).collect())
}

/// An object with these fields.
fn with(fields: &[(&str, &JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value).expect("a plain object");
    }
    object.into()
}

async fn call(options: JsValue) -> Result<JsValue, JsValue> {
    JsFuture::from(disconnect_if_connected(options)?).await
}

/// The result of a call, or its `DisconnectError`.
async fn settled(fake: &JsValue, more: &[(&str, &JsValue)]) -> JsValue {
    match call(options(fake, &with(more))).await {
        Ok(result) => result,
        Err(error) => {
            assert_eq!(text(&error, "name"), "DisconnectError", "{}", json(&error));
            error
        }
    }
}

/// The text at a path of names with dots between them; empty where there is none.
fn text(object: &JsValue, path: &str) -> String {
    get(object, path).as_string().unwrap_or_default()
}

/// The number at a path; NaN where there is none.
fn number(object: &JsValue, path: &str) -> f64 {
    get(object, path).as_f64().unwrap_or(f64::NAN)
}

#[wasm_bindgen_test]
async fn removes_a_connected_participant() {
    let fake = fake(&["connected", "204"]);
    let result = settled(&fake, &[]).await;
    assert_eq!(text(&result, "outcome"), "disconnected", "{}", json(&result));
    assert_eq!(number(&result, "requests"), 2.0);
    let first = get(&fake, "calls.0");
    assert_eq!(text(&first, "url"), "https://api.mypurecloud.com/api/v2/conversations/voice/c-1/participants");
    assert_eq!(text(&first, "init.headers.Authorization"), "Bearer a-secret-token");
    assert_eq!(text(&first, "init.redirect"), "manual");
    assert!(get(&first, "thisIsUndefined").is_truthy());
    assert_eq!(text(&fake, "calls.1.init.body"), r#"{"participantId":"p-1","action":"disconnect"}"#);
    assert!(!json(&result).contains("a-secret-token"));
}

#[wasm_bindgen_test]
async fn waits_for_the_platform_to_settle() {
    let result = settled(&fake(&["alerting", "connected", "409", "disconnected"]), &[]).await;
    assert_eq!(text(&result, "outcome"), "already-disconnected");
    assert_eq!(text(&result, "timeline.3.reason"), "settling");
    assert_eq!(number(&result, "requests"), 4.0);
}

#[wasm_bindgen_test]
async fn looks_the_global_fetch_up_at_each_call() {
    let fake = fake(&["disconnected"]);
    let restore = replace_global_fetch(&fake);
    let result = settled(&fake, &[("fetch", &JsValue::UNDEFINED)]).await;
    restore.call0(&JsValue::UNDEFINED).expect("restored");
    assert_eq!(text(&result, "outcome"), "already-disconnected");
    assert!(get(&fake, "calls.0.thisIsUndefined").is_truthy());
}

#[wasm_bindgen_test]
async fn uses_foreign_responses_by_their_members() {
    for script in ["foreign terminated", "json only terminated"] {
        let result = settled(&fake(&[script]), &[]).await;
        assert_eq!(text(&result, "outcome"), "already-disconnected", "{script}: {}", json(&result));
    }
    let error = settled(&fake(&["garbage"]), &[]).await;
    assert_eq!(text(&error, "code"), "BAD_RESPONSE", "{}", json(&error));
}

#[wasm_bindgen_test]
async fn reading_stops_beyond_the_limit_and_the_body_is_cancelled() {
    let fake = fake(&["endless"]);
    let error = settled(&fake, &[]).await;
    assert_eq!(text(&error, "code"), "BAD_RESPONSE", "{}", json(&error));
    assert!(text(&error, "message").contains("maxResponseBytes"));
    let was_cancelled: Function = get(&fake, "calls.0.wasCancelled").unchecked_into();
    assert!(was_cancelled.call0(&JsValue::UNDEFINED).expect("asked").is_truthy());
}

#[wasm_bindgen_test]
async fn times_out_a_request_and_the_call() {
    for script in ["silent", "deaf"] {
        let error = settled(&fake(&[script]), &[("timeoutMs", &50.into())]).await;
        assert_eq!(text(&error, "code"), "TIMEOUT", "{script}");
        let error = settled(&fake(&[script]), &[("requestTimeoutMs", &20.into()), ("maxRetries", &0.into())]).await;
        assert_eq!(text(&error, "code"), "NETWORK", "{script}");
    }
}

#[wasm_bindgen_test]
async fn rejects_with_the_reason_of_the_signal() {
    for (script, aborts_on) in
        [("silent", None), ("deaf", None), ("queued", None), ("queued", Some("wait")), ("connected", Some("request"))]
    {
        let counted = counted_signal();
        let fake = fake(&[script]);
        let on_event = aborts_on.map_or(JsValue::UNDEFINED, |event| abort_on(&counted, event));
        if aborts_on.is_none() {
            abort_soon(&counted, &"changed my mind".into());
        }
        let more = [("signal", &get(&counted, "signal")), ("onEvent", &on_event)];
        let reason = call(options(&fake, &with(&more))).await.expect_err("aborted");
        let expected = if aborts_on.is_some() { "from the callback" } else { "changed my mind" };
        assert_eq!(reason.as_string().as_deref(), Some(expected), "{script}");
        assert_eq!(number(&counted, "listeners"), 0.0, "{script}");
        // A signal that was aborted before: nothing is sent.
        let sent = number(&fake, "calls.length");
        let again =
            call(options(&fake, &with(&[("signal", &get(&counted, "signal"))]))).await.expect_err("aborted before");
        assert_eq!(again.as_string().as_deref(), Some(expected));
        assert_eq!(number(&fake, "calls.length"), sent);
        if aborts_on == Some("request") {
            assert_eq!(sent, 0.0, "nothing is sent after an abort");
        }
    }
}

#[wasm_bindgen_test]
async fn removes_its_listener_at_the_end() {
    let counted = counted_signal();
    let result = settled(&fake(&["queued", "disconnected"]), &[("signal", &get(&counted, "signal"))]).await;
    assert_eq!(text(&result, "outcome"), "already-disconnected");
    assert_eq!(number(&counted, "listeners"), 0.0);
}

#[wasm_bindgen_test]
async fn a_callback_that_throws_changes_nothing() {
    for callback in [THROWER.with(Clone::clone), REJECTER.with(Clone::clone)] {
        let result = settled(&fake(&["connected", "204"]), &[("onEvent", &callback)]).await;
        assert_eq!(text(&result, "outcome"), "disconnected");
        let error = call(options(&fake(&["connected"]), &with(&[("accessToken", &callback)])))
            .await
            .expect_err("the provider's error");
        assert_eq!(text(&error, "message"), "the callback's own");
    }
}

#[wasm_bindgen_test]
async fn keeps_the_hosts_error_for_a_lost_connection_as_the_cause() {
    let error = settled(&fake(&["lost"]), &[("maxRetries", &0.into())]).await;
    assert_eq!(text(&error, "code"), "NETWORK");
    assert_eq!(text(&error, "cause.message"), "fetch failed");
    assert_eq!(get(&error, "mayHaveDisconnected"), JsValue::FALSE);
}

#[wasm_bindgen_test]
async fn checks_arguments_before_any_request() {
    let fake = fake(&["connected"]);
    for (name, value, expected) in [
        ("settleMs", JsValue::from("1"), "settleMs got \"1\""),
        ("unheardOf", JsValue::TRUE, "unheardOf is not an option"),
    ] {
        let error = settled(&fake, &[(name, &value)]).await;
        assert_eq!(text(&error, "code"), "INVALID_ARGUMENT");
        assert!(text(&error, "message").contains(expected), "{}", json(&error));
    }
    assert_eq!(number(&fake, "calls.length"), 0.0);
}
