//! What does the caller see? The timeline's entries, the result and the error's fields, in their JavaScript shape.

use super::{fetch::Requests, options::Options, performance_now};
use crate::protocol::{
    call::Call,
    error::{Code, Error},
    outcome::Outcome,
    timeline::{Entry, Event, Failure},
};
use alloc::vec::Vec;
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

#[wasm_bindgen(module = "/src/host/shapes.js")]
extern "C" {
    #[wasm_bindgen(js_name = requestEvent)]
    fn request_event(at: f64, method: &JsValue, path: &JsValue) -> JsValue;
    #[wasm_bindgen(js_name = responseEvent)]
    fn response_event(
        at: f64,
        status: Option<u16>,
        correlation_id: Option<&str>,
        platform_code: Option<&str>,
        failure: Option<&str>,
    ) -> JsValue;
    #[wasm_bindgen(js_name = stateEvent)]
    fn state_event(at: f64, state: Option<&str>) -> JsValue;
    #[wasm_bindgen(js_name = waitEvent)]
    fn wait_event(at: f64, ms: f64, reason: &str) -> JsValue;
    #[wasm_bindgen(js_name = outcomeEvent)]
    fn outcome_event(at: f64, outcome: Option<&str>, code: Option<&str>) -> JsValue;
    #[allow(clippy::too_many_arguments, reason = "the fields of one JavaScript object")]
    fn result(
        outcome: &str,
        conversation_id: &JsValue,
        participant_id: &JsValue,
        state: Option<&str>,
        confirmed: bool,
        requests: u32,
        elapsed_ms: f64,
        correlation_id: Option<&str>,
        timeline: Vec<JsValue>,
    ) -> JsValue;
    #[wasm_bindgen(js_name = errorFields)]
    #[allow(clippy::too_many_arguments, reason = "the fields of one JavaScript object")]
    fn error_fields(
        code: &str,
        message: &str,
        status: Option<u16>,
        platform_code: Option<&str>,
        correlation_id: Option<&str>,
        retry_after_ms: Option<f64>,
        state: Option<&str>,
        may_have_disconnected: bool,
        timeline: Vec<JsValue>,
        cause: Option<JsValue>,
    ) -> JsValue;
}

/// A tenth of a millisecond is as fine as anyone reads a timeline.
fn tenths(ms: f64) -> f64 {
    ((ms * 10.0 + 0.5) as u64) as f64 / 10.0
}

/// An entry of the timeline in its JavaScript shape (contract, section 7).
fn shown(entry: &Entry, requests: &Requests) -> JsValue {
    let at = tenths(entry.at_ms);
    match &entry.event {
        Event::Request(operation) => {
            let request = requests.of(*operation);
            request_event(at, &request.method, &request.path)
        }
        Event::Response { status, correlation_id, platform_code, failure } => {
            response_event(at, *status, correlation_id.as_deref(), platform_code.as_deref(), failure.map(Failure::as_str))
        }
        Event::State(state) => state_event(at, state.as_deref()),
        Event::Wait { ms, reason } => wait_event(at, tenths(*ms), reason.as_str()),
        Event::Outcome(Ok(verdict)) => outcome_event(at, Some(verdict.as_str()), None),
        Event::Outcome(Err(code)) => outcome_event(at, None, Some(code.as_str())),
    }
}

/// Tells the caller's `onEvent` what happens, and the caller how the call ended.
pub struct Observer<'a> {
    options: &'a Options,
    started_at: f64,
    told: usize,
}

impl<'a> Observer<'a> {
    pub fn new(options: &'a Options, started_at: f64) -> Self {
        Observer { options, started_at, told: 0 }
    }

    /// Hands on the entries that are new. A callback that throws, or whose promise is rejected, changes nothing.
    pub fn tell(&mut self, timeline: &[Entry]) {
        let Some(on_event) = &self.options.on_event else { return };
        for entry in timeline.get(self.told..).unwrap_or_default() {
            if let Ok(returned) = on_event.call1(&JsValue::UNDEFINED, &shown(entry, &self.options.requests))
                && returned.is_object()
            {
                ignore(Promise::resolve(&returned));
            }
        }
        self.told = timeline.len();
    }

    /// The result, or the fields of the error; `cause` is what the host says of a request that got no whole answer.
    pub fn settle(&self, call: &Call, end: Result<Outcome, Error>, cause: Option<JsValue>) -> JsValue {
        let timeline = call.timeline().iter().map(|entry| shown(entry, &self.options.requests)).collect();
        match end {
            Ok(outcome) => result(
                outcome.verdict.as_str(),
                &self.options.conversation_id,
                &self.options.participant_id,
                call.state(),
                outcome.confirmed,
                call.requests(),
                tenths(performance_now() - self.started_at),
                outcome.correlation_id.as_deref(),
                timeline,
            ),
            Err(error) => error_fields(
                error.code.as_str(),
                &error.message,
                error.status,
                error.platform_code.as_deref(),
                error.correlation_id.as_deref(),
                error.retry_after_ms,
                error.state.as_deref(),
                error.may_have_disconnected,
                timeline,
                cause,
            ),
        }
    }
}

/// The fields of an error that ended a call before its first request.
pub fn invalid_argument(message: &str) -> JsValue {
    error_fields(Code::InvalidArgument.as_str(), message, None, None, None, None, None, false, Vec::new(), None)
}

/// Waits for a promise whose end nobody needs, so that a rejection is not reported as unhandled.
pub fn ignore(promise: Promise) {
    spawn_local(async move {
        let _ = JsFuture::from(promise).await;
    });
}
