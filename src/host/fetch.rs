//! HTTP exchanges by fetch: a `RequestInit` out, a typed response in, within the time of the request.

use super::{
    abort::Abort,
    body::{self, AnyHeaders, AnyResponse},
    foreign,
    time::TimeLimit,
};
use crate::protocol::{
    budget::Limits,
    call::Input,
    dialect::Read,
    http::{Body, BodyError, Failure, Operation, Request, Response, RetryAfter},
    schedule,
};
use js_sys::{Date, Function, JsString, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, AbortSignal, RequestCache, RequestInit, RequestRedirect};

#[wasm_bindgen]
extern "C" {
    /// The global fetch, looked up at each call. web-sys's own bindings have no `catch`, but an application may have
    /// replaced the global by a function that throws.
    #[wasm_bindgen(js_name = fetch, catch)]
    fn global_fetch(url: &str, init: &RequestInit) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(thread_local_v2, js_namespace = Request, js_name = prototype)]
    static REQUEST_PROTOTYPE: Option<JsValue>;
}

thread_local! {
    /// Whether requests have the field `cache`. Hosts without it refuse it (workerd before 2024-11-11).
    static HAS_CACHE: bool = REQUEST_PROTOTYPE.with(|prototype| {
        prototype.as_ref().is_some_and(|prototype| Reflect::has(prototype, &"cache".into()).unwrap_or(false))
    });
}

#[wasm_bindgen(module = "/js/turn.js")]
extern "C" {
    /// A promise that resolves in the next turn of Node's event loop; `undefined` in other hosts.
    #[wasm_bindgen(js_name = nextTurn)]
    fn next_turn() -> JsValue;
}

const JSON: &str = "application/json";

/// How a flight performs its requests.
pub struct Connection {
    origin: String,
    /// The caller's own fetch; `None`: the global one.
    fetch: Option<Function>,
    /// The value of the header.
    authorization: String,
    /// One for all requests, until it has aborted one: a controller is expensive to create in Node.
    controller: Option<AbortController>,
    /// Fetch does not accept signals of the global `AbortController`: jsdom replaces that class, but not Node's fetch.
    refuses_signals: bool,
    /// The error of fetch, or of the body's stream, where the last request has no whole response.
    failure: Option<JsValue>,
    /// The limits that the last response reported, where `wants_limits`.
    limits: Option<Limits>,
    wants_limits: bool,
}

/// Aborts the request when it is dropped, unless the controller was taken out.
pub struct AbortGuard(pub Option<AbortController>);

impl Drop for AbortGuard {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

impl Connection {
    /// `wants_limits`: the headers of the limits are read too.
    pub fn new(origin: String, fetch: Option<Function>, wants_limits: bool) -> Self {
        Connection {
            origin,
            fetch,
            authorization: String::new(),
            controller: None,
            refuses_signals: false,
            failure: None,
            limits: None,
            wants_limits,
        }
    }

    /// Takes the limits that the last response reported.
    pub fn last_limits(&mut self) -> Option<Limits> {
        self.limits.take()
    }

    /// Sets the access token of later requests.
    pub fn set_token(&mut self, token: &str) {
        self.authorization = format!("Bearer {token}");
    }

    /// Takes the host's error for the last request, where it has no whole response.
    pub fn last_failure(&mut self) -> Option<JsValue> {
        self.failure.take()
    }

    /// Sends one request and reads its response, body included. `read` describes where the participants are. The error
    /// is the reason of the caller's signal.
    pub async fn perform(
        &mut self,
        request: &Request,
        read: &Read,
        max_bytes: f64,
        abort: &Abort,
    ) -> Result<Input, JsValue> {
        (self.failure, self.limits) = (None, None);
        let controller = match self.controller.take() {
            Some(controller) => controller,
            None => AbortController::new()?,
        };
        let signal = controller.signal();
        let mut guard = AbortGuard(Some(controller));
        let mut limit = TimeLimit::new(request.timeout_ms);
        let response = loop {
            match abort.or_timeout(self.send(request, &signal), &mut limit).await? {
                None => return Ok(Input::NoResponse(Failure::Timeout, None)),
                Some(Err(error)) if self.is_about_signal(request, &error) => self.refuses_signals = true,
                Some(Err(error)) => {
                    let detail = detail(&error);
                    self.failure = Some(error);
                    return Ok(Input::NoResponse(Failure::Network, detail));
                }
                Some(Ok(response)) => break response,
            }
        };
        let status = response.status().ok().and_then(|status| status.as_f64());
        let Some(status) = status.filter(|status| (100.0..600.0).contains(status)) else {
            let body = Body::Unusable(BodyError::NoResponse);
            return Ok(Input::Response(Response { status: 0, correlation_id: None, retry_after: None, body }));
        };
        let status = status as u16;
        let expected = request.operation.expects(status, request.described);
        let body = body::read(&response, expected, read, max_bytes);
        let body = match abort.or_timeout(body, &mut limit).await? {
            None => Body::Unusable(BodyError::Lost(Failure::Timeout)),
            Some(Err(error)) => {
                self.failure = Some(error);
                Body::Unusable(BodyError::Lost(Failure::Network))
            }
            Some(Ok(body)) => {
                self.controller = guard.0.take();
                body
            }
        };
        if self.wants_limits {
            self.limits = Some(limits(&response, status));
        }
        Ok(Input::Response(with_headers(&response, status, body)))
    }

    /// Whether fetch refused a read because of its signal, before it sent anything: the message of every host then
    /// names the class that it expects.
    fn is_about_signal(&self, request: &Request, error: &JsValue) -> bool {
        let message = foreign::get(error, "message").unwrap_or_default();
        let names_it = |message: &JsString| message.includes("AbortSignal", 0);
        let is_first = !self.refuses_signals && request.operation == Operation::Read;
        is_first && message.dyn_ref::<JsString>().is_some_and(names_it)
    }

    /// Calls fetch with a URL string and a plain object; `this` is undefined.
    async fn send(&self, request: &Request, signal: &AbortSignal) -> Result<AnyResponse, JsValue> {
        let url = format!("{}{}", self.origin, request.path);
        let headers = Object::new();
        foreign::set(&headers, "Authorization", &self.authorization.as_str().into());
        foreign::set(&headers, "Accept", &foreign::constant(JSON));
        if request.body.is_some() {
            foreign::set(&headers, "Content-Type", &foreign::constant(JSON));
        }
        let init = RequestInit::new();
        init.set_method(&request.method);
        init.set_headers(&headers);
        init.set_redirect(RequestRedirect::Manual);
        if !self.refuses_signals {
            init.set_signal(Some(signal));
        }
        if let Some(body) = &request.body {
            init.set_body(&body.into());
        }
        // A cached read would show an old state, and Next.js can cache a write too.
        if HAS_CACHE.with(|has_cache| *has_cache) {
            init.set_cache(RequestCache::NoStore);
        }
        let response = match &self.fetch {
            Some(fetch) => fetch.call2(&JsValue::UNDEFINED, &url.into(), &init)?,
            None => {
                // Node reuses a connection in the turn after its last response. Sent in the same turn, a write would
                // open another connection, with a TCP and a TLS handshake of its own.
                foreign::settled(&next_turn()).await?;
                global_fetch(&url, &init)?
            }
        };
        foreign::settled(&response).await.map(JsCast::unchecked_into)
    }
}

/// The host's reason for a failed request. Node has it in the cause (`ENOTFOUND`, a TLS error); browsers hide it.
fn detail(error: &JsValue) -> Option<String> {
    let cause = foreign::get(error, "cause").unwrap_or_default();
    let places = [(&cause, "code"), (&cause, "message"), (error, "code"), (error, "message")];
    let mut texts = places.into_iter().filter_map(|(object, name)| foreign::get(object, name).ok()?.as_string());
    texts.find(|text| !text.is_empty())
}

/// The value of a header; `None` where it is missing, or reading it throws.
fn header(headers: Option<&AnyHeaders>, name: &'static str) -> Option<String> {
    let value = headers?.get(&foreign::constant(name)).ok()?;
    foreign::ignore(&value);
    value.as_string()
}

/// The limits of requests that the headers of a response report.
fn limits(response: &AnyResponse, status: u16) -> Limits {
    let headers = response.headers().ok();
    let number = |name| schedule::once(&header(headers.as_ref(), name)?).parse::<u32>().ok().map(f64::from);
    Limits {
        allowed: number("inin-ratelimit-allowed"),
        count: number("inin-ratelimit-count"),
        reset_ms: number("inin-ratelimit-reset").map(|seconds| seconds * 1_000.0),
        retry_after_ms: None,
        is_exceeded: status == 429,
    }
}

/// A typed response: status, body, and what the protocol needs of the headers.
fn with_headers(response: &AnyResponse, status: u16, body: Body) -> Response {
    let headers = response.headers().ok();
    let header = |name| header(headers.as_ref(), name);
    let is_refused = status >= 400;
    let retry_after = is_refused.then(|| header("Retry-After")).flatten().map(|value| RetryAfter {
        date_ms: Some(Date::parse(schedule::once(&value))).filter(|date| date.is_finite()),
        sent_ms: header("Date").map(|date| Date::parse(schedule::once(&date))).filter(|date| date.is_finite()),
        received_ms: Date::now(),
        value,
    });
    let is_page = || header("Content-Type").is_some_and(|name| name.starts_with("text/html"));
    let body = match body {
        Body::Unusable(BodyError::NotJson) if is_page() => Body::Unusable(BodyError::Html),
        body => body,
    };
    Response { status, correlation_id: header("ININ-Correlation-Id"), retry_after, body }
}
