//! How does one HTTP exchange go through the host's fetch, from the request to the last byte of the body?

use super::{events::ignore, options::Options, signal::Abort};
use crate::protocol::{
    answer::Answer,
    call::{Call, Input},
    text::joined,
    timeline::{Failure, Operation},
};
use alloc::vec::Vec;
use js_sys::{ArrayBuffer, Function, JSON, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal};

#[wasm_bindgen]
extern "C" {
    /// A response by its looks: a fetch of another realm or library returns another class.
    #[derive(Clone)]
    type AnyResponse;
    #[wasm_bindgen(method, catch)]
    fn text(this: &AnyResponse) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn json(this: &AnyResponse) -> Result<JsValue, JsValue>;

    type AnyStream;
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &AnyStream) -> Result<AnyReader, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn cancel(this: &AnyStream) -> Result<JsValue, JsValue>;

    type AnyReader;
    #[wasm_bindgen(method, catch)]
    fn read(this: &AnyReader) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = cancel)]
    fn cancel_reader(this: &AnyReader) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/src/host/shapes.js")]
extern "C" {
    #[wasm_bindgen(js_name = requestInit)]
    fn request_init(method: &JsValue, authorization: &JsValue, body: &JsValue, signal: &AbortSignal) -> JsValue;
    #[wasm_bindgen(js_name = globalFetch)]
    pub fn global_fetch() -> Option<Function>;
    fn head(response: &AnyResponse) -> Vec<JsValue>;
    #[wasm_bindgen(js_name = chunkOf)]
    fn chunk_of(read: &JsValue) -> JsValue;
}

/// One of the two requests, ready to send again and again: as JavaScript's strings.
pub struct Request {
    pub method: JsValue,
    pub url: JsValue,
    /// Without the origin, as the timeline shows it.
    pub path: JsValue,
    /// `undefined` where there is none.
    pub body: JsValue,
}

pub struct Requests {
    pub read: Request,
    pub write: Request,
}

impl Requests {
    pub fn of(&self, operation: Operation) -> &Request {
        match operation {
            Operation::Read => &self.read,
            Operation::Write => &self.write,
        }
    }
}

/// Bytes of a body that are copied into linear memory at a time.
const SCRATCH_BYTES: usize = 16 * 1024;

pub struct Exchange<'a> {
    options: &'a Options,
    authorization: JsValue,
    /// One for all exchanges of a call, until it had to be used: making one is among the dearest things a call does in Node.
    controller: Option<AbortController>,
    /// What fetch or the body's stream last failed with.
    failure: Option<JsValue>,
}

/// The answer broke off; with what the host says of it.
struct Broken(JsValue);

impl<'a> Exchange<'a> {
    pub fn new(options: &'a Options) -> Self {
        Exchange { options, authorization: JsValue::UNDEFINED, controller: None, failure: None }
    }

    pub fn set_token(&mut self, token: &str) {
        self.authorization = joined(&["Bearer ", token]).into();
    }

    /// The error of the last request, where it got no whole answer.
    pub fn last_failure(&mut self) -> Option<JsValue> {
        self.failure.take()
    }

    /// One request and its answer, body included; an error is the reason of the caller's signal.
    pub async fn perform(&mut self, operation: Operation, timeout_ms: f64, call: &mut Call, abort: &Abort) -> Result<Input, JsValue> {
        self.failure = None;
        let controller = match self.controller.take() {
            Some(controller) => controller,
            None => AbortController::new()?,
        };
        let mut heard = None;
        let done = abort.or_timeout(self.answer(operation, &controller.signal(), call, &mut heard), timeout_ms).await;
        let failure = match done {
            Ok(Some(Ok(()))) => None,
            Ok(Some(Err(Broken(error)))) => {
                self.failure = Some(error);
                Some(Failure::Network)
            }
            Ok(None) => Some(Failure::Timeout),
            Err(reason) => {
                controller.abort();
                return Err(reason);
            }
        };
        if failure.is_some() {
            controller.abort();
        } else {
            self.controller = Some(controller);
        }
        Ok(match heard {
            Some(answer) => Input::Answer(Answer { body_failure: failure, ..answer }),
            None => Input::NoAnswer(failure.unwrap_or(Failure::Network)),
        })
    }

    async fn answer(&self, operation: Operation, signal: &AbortSignal, call: &mut Call, heard: &mut Option<Answer>) -> Result<(), Broken> {
        let response = self.send(operation, signal).await.map_err(Broken)?;
        let mut fields = head(&response).into_iter();
        let mut next = || fields.next().unwrap_or_default();
        let (status, correlation_id, retry_after, body) = (next(), next(), next().as_string(), next());
        let status = status.as_f64().unwrap_or(0.0) as u16;
        *heard = Some(Answer {
            status,
            correlation_id: correlation_id.as_string(),
            retry_after_date_ms: retry_after.as_deref().map_or(f64::NAN, js_sys::Date::parse),
            unix_ms: if retry_after.is_some() { js_sys::Date::now() } else { 0.0 },
            retry_after,
            body_failure: None,
        });
        if !call.needs_body(status) {
            if body.is_object()
                && let Ok(cancelled) = body.unchecked_ref::<AnyStream>().cancel()
            {
                ignore(Promise::resolve(&cancelled));
            }
            return Ok(());
        }
        read_body(&response, &body, call).await.map_err(Broken)
    }

    /// Calls fetch with `this` undefined, a URL string and a plain object.
    async fn send(&self, operation: Operation, signal: &AbortSignal) -> Result<AnyResponse, JsValue> {
        let request = self.options.requests.of(operation);
        let init = request_init(&request.method, &self.authorization, &request.body, signal);
        let answer = self.options.fetch.call2(&JsValue::UNDEFINED, &request.url, &init)?;
        JsFuture::from(Promise::resolve(&answer)).await.map(JsCast::unchecked_into)
    }
}

/// Feeds the body to the call as it arrives, and cancels it where the call has read enough.
async fn read_body(response: &AnyResponse, body: &JsValue, call: &mut Call) -> Result<(), JsValue> {
    let Ok(reader) = body.unchecked_ref::<AnyStream>().get_reader() else {
        // No web stream: no body at all, or a response of another library.
        let text = match response.text() {
            Ok(text) => JsFuture::from(Promise::resolve(&text)).await?,
            Err(_) => {
                JsFuture::from(Promise::resolve(&response.json()?)).await.and_then(|value| JSON::stringify(&value).map(Into::into))?
            }
        };
        call.body(text.as_string().unwrap_or_default().as_bytes());
        return Ok(());
    };
    loop {
        let chunk = chunk_of(&JsFuture::from(Promise::resolve(&reader.read()?)).await?);
        if chunk.is_undefined() {
            return Ok(());
        }
        let bytes = match chunk.dyn_into::<Uint8Array>() {
            Ok(bytes) => bytes,
            // Of another realm: its class is another one, so it is copied. Anything else is no body.
            Err(value) if ArrayBuffer::is_view(&value) => Uint8Array::new(&value),
            Err(value) => return Err(value),
        };
        if !feed(&bytes, call) {
            if let Ok(cancelled) = reader.cancel_reader() {
                ignore(Promise::resolve(&cancelled));
            }
            return Ok(());
        }
    }
}

fn feed(chunk: &Uint8Array, call: &mut Call) -> bool {
    let mut scratch = [0; SCRATCH_BYTES];
    let length = chunk.length() as usize;
    if let Some(all) = scratch.get_mut(..length) {
        chunk.copy_to(all);
        return call.body(all);
    }
    let mut from = 0;
    while from < length {
        let to = (from + SCRATCH_BYTES).min(length);
        let Some(part) = scratch.get_mut(..to - from) else { return false };
        chunk.subarray(from as u32, to as u32).copy_to(part);
        if !call.body(part) {
            return false;
        }
        from = to;
    }
    true
}
