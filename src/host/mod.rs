//! What does JavaScript lend to a call? A loop that performs the protocol's actions and feeds back what happened; no decision
//! is made here.

mod events;
mod fetch;
mod options;
mod signal;
mod timer;
mod token;

use crate::protocol::call::{Action, Call, Input};
use events::Observer;
use fetch::Exchange;
use options::Options;
use signal::Abort;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The monotonic clock, in milliseconds; every host that has fetch has it.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

pub async fn call(options: JsValue) -> Result<JsValue, JsValue> {
    let started_at = performance_now();
    let (settings, options) = match Options::read(&options) {
        Ok(read) => read,
        Err(invalid) => return Ok(invalid.into_error_fields()),
    };
    let abort = Abort::listen(options.signal.as_ref())?;
    let mut call = Call::new(settings);
    let mut observer = Observer::new(&options, started_at);
    let mut exchange = Exchange::new(&options);
    let mut input = Input::Start;
    loop {
        let action = call.next(input, performance_now() - started_at, js_sys::Math::random());
        observer.tell(call.timeline());
        abort.check()?;
        input = match action {
            Action::Token { refresh, timeout_ms } => {
                match abort.or_timeout(options.token.get(refresh), timeout_ms).await?.transpose()?.map(|token| token::check(&token)) {
                    None => Input::OutOfTime,
                    Some(Ok(token)) => {
                        call.hide(&token);
                        exchange.set_token(&token);
                        Input::Token
                    }
                    Some(Err(_)) if refresh => Input::NoToken,
                    Some(Err(invalid)) => return Ok(invalid.into_error_fields()),
                }
            }
            Action::Send { operation, timeout_ms } => exchange.perform(operation, timeout_ms, &mut call, &abort).await?,
            Action::Wait { ms } => {
                abort.or_timeout(core::future::pending::<()>(), ms).await?;
                Input::Woke
            }
            Action::Finish(end) => {
                return Ok(observer.settle(&call, end, exchange.last_failure()));
            }
        };
    }
}
