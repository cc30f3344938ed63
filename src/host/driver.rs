//! The driver of one call: performs the protocol's actions and feeds back what happened.

use super::{abort::Abort, error, fetch::Connection, foreign, options::Options, time, time::TimeLimit, token};
use crate::protocol::{
    call::{Action, Call, Input},
    timeline::Event,
};
use js_sys::{Function, Math};
use wasm_bindgen::prelude::*;

/// One call, from the caller's options to its result. The error is a `DisconnectError`, or what is the caller's own:
/// the reason of the signal, the error of the token provider.
pub async fn run(options: JsValue) -> Result<JsValue, JsValue> {
    let started = time::now();
    let Options { settings, origin, access_token, signal, fetch, on_event } =
        Options::read(&options).map_err(error::invalid_argument)?;
    let abort = Abort::listen(signal)?;
    let mut call = Call::new(settings);
    let mut connection = Connection::new(origin, fetch);
    let mut events = Events { on_event, emitted: 0 };
    let mut input = Input::Start;
    loop {
        let action = call.next(input, time::now() - started, Math::random());
        events.emit(call.timeline());
        abort.check()?;
        input = match action {
            Action::Token { refresh, timeout_ms } => {
                match abort.or_timeout(access_token.get(refresh), &mut TimeLimit::new(timeout_ms)).await?.transpose()? {
                    None => Input::OutOfTime,
                    Some(Ok(token)) => {
                        call.set_token(&token);
                        connection.set_token(&token);
                        Input::Token
                    }
                    Some(Err(_)) if refresh => Input::NoToken,
                    Some(Err(given)) => return Err(error::invalid_argument(token::refusal(given))),
                }
            }
            Action::Send(request) => connection.perform(&request, &call, &abort).await?,
            Action::Wait { ms } => {
                abort.or_timeout(std::future::pending::<()>(), &mut TimeLimit::new(ms)).await?;
                Input::Woke
            }
            Action::Finish(Ok(result)) => return Ok(serde_wasm_bindgen::to_value(&result)?),
            Action::Finish(Err(fields)) => return Err(error::to_js(&fields, connection.last_failure().as_ref())),
        };
    }
}

/// The caller's `onEvent`, and how much of the timeline it has received.
struct Events {
    on_event: Option<Function>,
    emitted: usize,
}

impl Events {
    /// Passes on the entries that are new. A callback that throws, or whose promise is rejected, changes nothing.
    fn emit(&mut self, timeline: &[Event]) {
        let Some(on_event) = &self.on_event else { return };
        for event in timeline.get(self.emitted..).unwrap_or_default() {
            let returned = serde_wasm_bindgen::to_value(event)
                .map_err(JsValue::from)
                .and_then(|event| on_event.call1(&JsValue::UNDEFINED, &event));
            if let Ok(returned) = returned {
                foreign::ignore(&returned);
            }
        }
        self.emitted = timeline.len();
    }
}
