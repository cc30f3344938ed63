//! What did the caller ask for? Every option is checked before any request; an error names it, what it got and what it takes.

use super::{
    events,
    fetch::{Request, Requests, global_fetch},
    token::{self, TokenSource},
};
use crate::protocol::{
    call::Settings,
    dialect::{Dialect, DialectName, Ids},
    participant::GONE,
    text::{cut, holds, joined, listed, split_at_first, without_suffixes},
};
use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};
use core::cell::RefCell;
use js_sys::{Array, Function, JSON, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

#[wasm_bindgen(module = "/src/host/shapes.js")]
extern "C" {
    fn pick(object: &JsValue, names: &str) -> Vec<JsValue>;
    #[wasm_bindgen(js_name = urlParts)]
    fn url_parts(text: &JsValue) -> Option<String>;
}

const KNOWN: &str = "conversationId participantId accessToken api region baseUrl settleMs timeoutMs requestTimeoutMs maxRetries \
                     maxResponseBytes confirm disconnectableStates onBehalfOf signal fetch onEvent";

/// Genesys Cloud's regions by AWS name and by domain (official SDK 262, PureCloudRegionHosts); the API host is `api.` + domain.
const REGIONS: [(&str, &str); 18] = [
    ("us-east-1", "mypurecloud.com"),
    ("us-east-2", "use2.us-gov-pure.cloud"),
    ("us-west-2", "usw2.pure.cloud"),
    ("ca-central-1", "cac1.pure.cloud"),
    ("sa-east-1", "sae1.pure.cloud"),
    ("mx-central-1", "mxc1.pure.cloud"),
    ("eu-west-1", "mypurecloud.ie"),
    ("eu-west-2", "euw2.pure.cloud"),
    ("eu-central-1", "mypurecloud.de"),
    ("eu-central-2", "euc2.pure.cloud"),
    ("me-central-1", "mec1.pure.cloud"),
    ("ap-south-1", "aps1.pure.cloud"),
    ("ap-northeast-1", "mypurecloud.jp"),
    ("ap-northeast-2", "apne2.pure.cloud"),
    ("ap-northeast-3", "apne3.pure.cloud"),
    ("ap-southeast-1", "apse1.pure.cloud"),
    ("ap-southeast-2", "mypurecloud.com.au"),
    ("eusc-de-east-1", "edee1.eusc-pure.cloud"),
];

const SETTLE_MS: f64 = 1_500.0;
const TIMEOUT_MS: f64 = 10_000.0;
const REQUEST_TIMEOUT_MS: f64 = 3_000.0;
const MAX_RETRIES: f64 = 3.0;
const MAX_RESPONSE_BYTES: f64 = 8_388_608.0;
/// Ids of the platform are UUIDs; a longer one than this is a mistake.
const MAX_ID_BYTES: usize = 512;
/// 2^53 − 1: what a JavaScript number counts exactly.
const MAX_INTEGER: f64 = 9_007_199_254_740_991.0;
const FETCH: &str = "a function like the global fetch";
const POSITIVE_DURATION: &str = "a number of milliseconds above 0";
const POSITIVE_COUNT: &str = "a whole number of bytes, 1 or more";
const ID: &str = "an id: a non-empty string of at most 512 bytes, not \".\" or \"..\"";
/// What an error shows of a wrong string, in characters.
const MAX_SHOWN_CHARS: usize = 40;

/// An argument that the call cannot work with.
pub struct Invalid(String);

impl Invalid {
    pub fn new(option: &str, got: &str, takes: &str) -> Self {
        Invalid(joined(&["disconnectIfConnected: ", option, " got ", got, "; it takes ", takes, "."]))
    }

    pub fn into_error_fields(self) -> JsValue {
        events::invalid_argument(&self.0)
    }
}

/// A value's kind in a word.
pub fn kind(value: &JsValue) -> String {
    let word = if value.is_undefined() {
        "nothing"
    } else if value.is_null() {
        "null"
    } else if Array::is_array(value) {
        "an array"
    } else if value.is_function() {
        "a function"
    } else if value.is_object() {
        "an object"
    } else if value.as_string().is_some() {
        "a string"
    } else if value.as_f64().is_some() {
        "a number"
    } else if value.as_bool().is_some() {
        "a boolean"
    } else {
        "a symbol or BigInt"
    };
    word.to_owned()
}

/// A value as an error shows it: short ones themselves, others by their kind.
fn shown(value: &JsValue) -> String {
    if let Some(text) = value.as_string() {
        let cut = cut(&text, MAX_SHOWN_CHARS);
        let dots = if cut.len() < text.len() { "…" } else { "" };
        return joined(&["\"", cut, dots, "\""]);
    }
    match value.as_f64() {
        Some(number) => js_sys::Number::from(number).to_string_with_radix(10).map(String::from).unwrap_or_default(),
        None => match value.as_bool() {
            Some(true) => "true".to_owned(),
            Some(false) => "false".to_owned(),
            None => kind(value),
        },
    }
}

pub struct Options {
    pub requests: Requests,
    /// The two ids as JavaScript has them, for the result.
    pub conversation_id: JsValue,
    pub participant_id: JsValue,
    pub token: TokenSource,
    pub signal: Option<AbortSignal>,
    pub fetch: Function,
    pub on_event: Option<Function>,
}

/// An object of options, and where it stands among them, for its errors. Readers give a default for what they refuse, and reading goes on:
/// the first refusal is what the caller is told. (An early return from each of thirty places costs the package 1 KB.)
struct Fields<'a> {
    values: Vec<JsValue>,
    /// A bit for each value that is not `undefined`, the first option's lowest.
    given: u32,
    /// All options there are, separated by spaces, in the order of `values`.
    known: &'static str,
    prefix: &'a str,
    refusal: &'a RefCell<Option<Invalid>>,
}

/// The words of a list that spaces separate; plainer, and in wasm faster, than splitting a `str`.
fn words(list: &'static str) -> impl Iterator<Item = &'static [u8]> {
    list.as_bytes().split(|byte| *byte == b' ')
}

impl<'a> Fields<'a> {
    fn read(object: &JsValue, known: &'static str, prefix: &'a str, refusal: &'a RefCell<Option<Invalid>>) -> Self {
        let mut values = pick(object, known);
        let wrong = values.pop().and_then(|name| name.as_string());
        let given = values.pop().and_then(|bits| bits.as_f64()).unwrap_or(0.0) as u32;
        let fields = Fields { values, given, known, prefix, refusal };
        if let Some(wrong) = wrong {
            fields.refuse_with(match wrong.strip_prefix(' ') {
                Some(name) => Invalid::new(&fields.name(name), "a getter that throws", "a value"),
                None => Invalid(joined(&[
                    "disconnectIfConnected: ",
                    &fields.name(&wrong),
                    " is no option; the options are ",
                    &listed(words(known).filter_map(|word| str::from_utf8(word).ok())),
                    ".",
                ])),
            });
        }
        fields
    }

    fn name(&self, option: &str) -> String {
        joined(&[self.prefix, option])
    }

    fn refuse_with(&self, invalid: Invalid) {
        self.refusal.borrow_mut().get_or_insert(invalid);
    }

    fn refuse(&self, option: &str, got: &JsValue, takes: &str) {
        self.refuse_with(Invalid::new(&self.name(option), &shown(got), takes));
    }

    /// The option's value; `None` where it is not given or `undefined`.
    fn get(&self, option: &str) -> Option<JsValue> {
        let index = words(self.known).position(|name| name == option.as_bytes())?;
        self.values.get(index).filter(|_| self.given >> index & 1 == 1).cloned()
    }

    /// As `get`, where `undefined` is refused.
    fn required<T>(&self, option: &str, value: Option<T>, takes: &str) -> Option<T> {
        if value.is_none() {
            self.refuse(option, &JsValue::UNDEFINED, takes);
        }
        value
    }

    fn string(&self, option: &str, takes: &str) -> Option<String> {
        let value = self.get(option)?;
        let text = value.as_string().filter(|text| !text.is_empty());
        if text.is_none() {
            self.refuse(option, &value, takes);
        }
        text
    }

    fn required_string(&self, option: &str, takes: &str) -> String {
        self.required(option, self.string(option, takes), takes).unwrap_or_default()
    }

    /// An id that can stand in a path: `.` and `..` would change it, and what is not well-formed Unicode cannot be encoded.
    fn id(&self, option: &str) -> Option<String> {
        let id = self.string(option, ID)?;
        if id == "." || id == ".." || id.len() > MAX_ID_BYTES || holds(&id, "\u{FFFD}") {
            self.refuse(option, &id.as_str().into(), ID);
        }
        Some(id)
    }

    fn required_id(&self, option: &str) -> String {
        self.required(option, self.id(option), ID).unwrap_or_default()
    }

    fn number(&self, option: &str, default: f64, accepts: fn(f64) -> bool, takes: &str) -> f64 {
        let Some(value) = self.get(option) else { return default };
        match value.as_f64() {
            Some(number) if accepts(number) => number,
            _ => {
                self.refuse(option, &value, takes);
                default
            }
        }
    }

    fn boolean(&self, option: &str) -> bool {
        let Some(value) = self.get(option) else { return false };
        value.as_bool().unwrap_or_else(|| {
            self.refuse(option, &value, "true or false");
            false
        })
    }

    fn function(&self, option: &str, takes: &str) -> Option<Function> {
        let value = self.get(option)?;
        if !value.is_function() {
            self.refuse(option, &value, takes);
        }
        Some(value.unchecked_into())
    }
}

fn is_duration(number: f64) -> bool {
    (0.0..=MAX_INTEGER).contains(&number)
}

fn is_positive_duration(number: f64) -> bool {
    is_duration(number) && number > 0.0
}

fn is_count(number: f64) -> bool {
    is_duration(number) && number as u64 as f64 == number
}

fn is_positive_count(number: f64) -> bool {
    is_count(number) && number > 0.0
}

impl Options {
    /// Reads and checks all options.
    pub fn read(options: &JsValue) -> Result<(Settings, Self), Invalid> {
        if !options.is_object() || Array::is_array(options) || options.is_function() {
            return Err(Invalid::new("the argument", &kind(options), "an object of options"));
        }
        let refusal = RefCell::new(None);
        let fields = Fields::read(options, KNOWN, "", &refusal);

        let conversation_id = fields.required_id("conversationId");
        let participant_id = fields.required_id("participantId");
        let on_behalf_of = fields.id("onBehalfOf");
        let token = fields.get("accessToken").unwrap_or_default();
        let token_can_be_refreshed = token.is_function();
        let token = if token_can_be_refreshed {
            TokenSource::Provider(token.unchecked_into())
        } else {
            if let Err(invalid) = token::check(&token) {
                fields.refuse_with(invalid);
            }
            TokenSource::Fixed(token)
        };
        let dialect = dialect(&fields, on_behalf_of.is_some());
        let (base, prefix) = base(&fields);
        let fetch = fields.function("fetch", FETCH).or_else(global_fetch).unwrap_or_else(|| {
            fields.refuse_with(Invalid::new("fetch", "nothing, and there is no global fetch", FETCH));
            JsValue::UNDEFINED.unchecked_into()
        });

        let ids = Ids {
            conversation_id: &conversation_id,
            participant_id: &participant_id,
            user_id: on_behalf_of.as_deref().unwrap_or_default(),
        };
        let request = |method: &str, path: &str, body: Option<&str>| {
            let path = joined(&[prefix.as_str(), &ids.in_path(path)]);
            Request {
                method: method.into(),
                url: joined(&[base.as_str(), &path]).into(),
                path: path.into(),
                body: body.map_or(JsValue::UNDEFINED, |body| ids.in_body(body).into()),
            }
        };
        let requests = Requests {
            read: request("GET", &dialect.read_path, None),
            write: request(&dialect.write_method, &dialect.write_path, dialect.write_body.as_deref()),
        };
        let settings = Settings {
            dialect: dialect.name,
            participants: dialect.participants,
            disconnectable_states: disconnectable_states(&fields),
            token_can_be_refreshed,
            settle_ms: fields.number("settleMs", SETTLE_MS, is_duration, "a number of milliseconds, 0 or more"),
            timeout_ms: fields.number("timeoutMs", TIMEOUT_MS, is_positive_duration, POSITIVE_DURATION),
            request_timeout_ms: fields.number("requestTimeoutMs", REQUEST_TIMEOUT_MS, is_positive_duration, POSITIVE_DURATION),
            max_retries: fields.number("maxRetries", MAX_RETRIES, is_count, "a whole number, 0 or more") as u32,
            max_response_bytes: fields.number("maxResponseBytes", MAX_RESPONSE_BYTES, is_positive_count, POSITIVE_COUNT) as usize,
            confirm: fields.boolean("confirm"),
            conversation_id,
            participant_id,
        };
        let options = Options {
            conversation_id: fields.get("conversationId").unwrap_or_default(),
            participant_id: fields.get("participantId").unwrap_or_default(),
            requests,
            token,
            signal: signal(&fields),
            fetch,
            on_event: fields.function("onEvent", "a function (event) => void"),
        };
        match refusal.into_inner() {
            Some(invalid) => Err(invalid),
            None => Ok((settings, options)),
        }
    }
}

fn dialect(fields: &Fields, on_behalf_of_user: bool) -> Dialect {
    const TAKES: &str = "\"voice\", \"calls\", or a dialect { read: { path, participants }, write: { method, path, body? } }";
    let dialect = match fields.get("api") {
        None => Dialect::voice(),
        Some(api) => match api.as_string().as_deref() {
            Some("voice") => Dialect::voice(),
            Some("calls") => Dialect::calls(on_behalf_of_user),
            None if api.is_object() && !Array::is_array(&api) => custom_dialect(fields, &api),
            _ => {
                fields.refuse("api", &api, TAKES);
                Dialect::voice()
            }
        },
    };
    if on_behalf_of_user && dialect.name != DialectName::Calls {
        fields.refuse_with(Invalid::new("onBehalfOf", "a user id with another dialect", "a user id, with api: \"calls\" only"));
    }
    dialect
}

fn custom_dialect(outer: &Fields, api: &JsValue) -> Dialect {
    let fields = Fields::read(api, "read write", "api.", outer.refusal);
    let part = |name: &str, takes: &str| {
        let part = fields.get(name).unwrap_or_default();
        if !part.is_object() {
            fields.refuse(name, &part, takes);
            return Object::new().into();
        }
        part
    };
    let read = Fields::read(&part("read", "{ path, participants }"), "path participants", "api.read.", outer.refusal);
    let write = Fields::read(&part("write", "{ method, path, body? }"), "method path body", "api.write.", outer.refusal);

    const METHOD: &str = "\"POST\", \"PUT\", \"PATCH\" or \"DELETE\"";
    let write_method = write.required_string("method", METHOD);
    if !["POST", "PUT", "PATCH", "DELETE"].contains(&write_method.as_str()) {
        write.refuse("method", &write_method.as_str().into(), METHOD);
    }
    let write_body = write.get("body").and_then(|body| {
        let text = JSON::stringify(&body).ok().and_then(|text| text.as_string());
        if text.is_none() {
            write.refuse("body", &body, "a JSON value");
        }
        text
    });
    let write_path = path(&write);
    const PARTICIPANT: &str = "{participantId}";
    if !holds(&write_path, PARTICIPANT) && !write_body.as_deref().is_some_and(|body| holds(body, PARTICIPANT)) {
        let takes = "one, for else it would not say whom to disconnect";
        write.refuse_with(Invalid::new("api.write", "no {participantId} in path or body", takes));
    }
    Dialect {
        name: DialectName::Custom,
        read_path: path(&read),
        participants: read.required_string("participants", "the name of the list of participants in the body"),
        write_method,
        write_path,
        write_body,
    }
}

/// A path template: absolute, of visible ASCII, without dot segments or a fragment, and with known placeholders only.
fn path(fields: &Fields) -> String {
    const TAKES: &str = "an absolute path like /conversations/{conversationId}/participants/{participantId}, with no other placeholders, \
                         dot segments, # or \\";
    let path = fields.required_string("path", TAKES);
    // Without the two placeholders; any other leaves its brace.
    let bare = Ids { conversation_id: "", participant_id: "", user_id: "{" }.fill(&path, str::to_owned);
    let plain = bare.bytes().all(|byte| byte.is_ascii_graphic() && !b"{}#\\".contains(&byte));
    let route = split_at_first(&path, "?").map_or(path.as_str(), |(route, _)| route);
    let has_dots = route.as_bytes().split(|byte| *byte == b'/').any(|segment| {
        let is = |dots: &&str| segment.eq_ignore_ascii_case(dots.as_bytes());
        [".", "..", "%2e", "%2e%2e", ".%2e", "%2e."].iter().any(is)
    });
    if !path.starts_with('/') || path.starts_with("//") || !plain || has_dots {
        fields.refuse("path", &path.as_str().into(), TAKES);
    }
    path
}

/// The origin and the path prefix that the requests go to.
fn base(fields: &Fields) -> (String, String) {
    const BASE_URL: &str = "an https origin, optionally with a path prefix, or http to a loopback host";
    let region = fields.string("region", "a region of Genesys Cloud like \"us-east-1\" or its domain like \"mypurecloud.com\"");
    let base_url = fields.string("baseUrl", BASE_URL);
    match (region, base_url) {
        (Some(region), None) => {
            if let Some((_, domain)) = REGIONS.iter().find(|(aws, domain)| *aws == region || *domain == region) {
                return (joined(&["https://api.", domain]), String::new());
            }
            let all: Vec<String> = REGIONS.iter().map(|(aws, domain)| joined(&[*aws, " (", *domain, ")"])).collect();
            let takes = joined(&["one of ", &listed(all.iter().map(String::as_str)), "; for any other host pass baseUrl"]);
            fields.refuse("region", &region.into(), &takes);
        }
        (None, Some(_)) => {
            let base_url = fields.get("baseUrl").unwrap_or_default();
            let parts = url_parts(&base_url).unwrap_or_default();
            let mut path = parts.as_str();
            let mut next = || {
                let (part, rest) = split_at_first(path, " ").unwrap_or_default();
                path = rest;
                part
            };
            let (protocol, hostname, origin, is_plain) = (next(), next(), next(), next());
            // Whatever else a URL may hold: a user, a password, a query, a fragment. A password stays unshown.
            if is_plain == "false" {
                fields.refuse_with(Invalid::new("baseUrl", "a URL with a user, a query or a fragment", BASE_URL));
            } else if protocol != "https:" && !(protocol == "http:" && is_loopback(hostname)) {
                fields.refuse("baseUrl", &base_url, BASE_URL);
            }
            return (origin.to_owned(), without_suffixes(path, "/").to_owned());
        }
        (Some(_), Some(_)) => {
            fields.refuse_with(Invalid::new("baseUrl", "a value beside region", "one of the two: region or baseUrl, never both"));
        }
        (None, None) => {
            fields.refuse_with(Invalid::new("region", "nothing, and neither did baseUrl", "a region like \"us-east-1\"; or pass baseUrl"));
        }
    }
    (String::new(), String::new())
}

/// Hosts that cannot leave this machine (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3). `URL` writes every IPv4 address as four
/// decimal numbers, and lets no other name end in a number.
fn is_loopback(hostname: &str) -> bool {
    hostname == "localhost"
        || hostname.ends_with(".localhost")
        || hostname == "[::1]"
        || (hostname.starts_with("127.") && hostname.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit()))
}

fn disconnectable_states(fields: &Fields) -> Vec<String> {
    const TAKES: &str = "a non-empty array of states, without \"disconnected\" and \"terminated\"";
    let Some(value) = fields.get("disconnectableStates") else { return vec!["connected".to_owned()] };
    let mut states = Vec::new();
    let mut is_valid = Array::is_array(&value);
    if is_valid {
        for state in value.unchecked_ref::<Array>().iter() {
            let state = state.as_string().unwrap_or_default();
            is_valid &= !state.is_empty() && !GONE.contains(&state.as_str());
            states.push(state);
        }
    }
    if !is_valid || states.is_empty() {
        fields.refuse("disconnectableStates", &value, TAKES);
    }
    states
}

/// An `AbortSignal` by its looks: one of another realm or library is another class.
fn signal(fields: &Fields) -> Option<AbortSignal> {
    let value = fields.get("signal")?;
    let field = |name: &str| if value.is_object() { Reflect::get(&value, &name.into()).unwrap_or_default() } else { JsValue::UNDEFINED };
    if field("aborted").as_bool().is_none() || !field("addEventListener").is_function() {
        fields.refuse("signal", &value, "an AbortSignal");
    }
    Some(value.unchecked_into())
}
