//! What did the caller ask for? Every option is checked before any request; an error names it, what it got and what it takes.

use super::{
    events,
    fetch::{Request, Requests},
    token::{self, TokenSource},
};
use crate::protocol::{
    call::Settings,
    dialect::{Dialect, DialectName, Ids},
    participant::GONE,
    text::{holds, joined, listed},
};
use js_sys::{Array, Function, JSON, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, Url};

const KNOWN: [&str; 17] = [
    "conversationId",
    "participantId",
    "accessToken",
    "api",
    "region",
    "baseUrl",
    "settleMs",
    "timeoutMs",
    "requestTimeoutMs",
    "maxRetries",
    "maxResponseBytes",
    "confirm",
    "disconnectableStates",
    "onBehalfOf",
    "signal",
    "fetch",
    "onEvent",
];

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
        let cut: String = text.chars().take(MAX_SHOWN_CHARS).collect();
        let dots = if cut.len() < text.len() { "…" } else { "" };
        return joined(&["\"", &cut, dots, "\""]);
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
    pub settings: Settings,
    pub requests: Requests,
    /// Scheme, host and port; a path prefix of `baseUrl` is part of the requests' paths.
    pub base: String,
    pub token: TokenSource,
    pub signal: Option<AbortSignal>,
    pub fetch: Option<Function>,
    pub on_event: Option<Function>,
}

/// An object of options, and where it stands among them, for its errors.
struct Fields<'a> {
    object: &'a JsValue,
    prefix: &'a str,
}

impl Fields<'_> {
    fn name(&self, option: &str) -> String {
        joined(&[self.prefix, option])
    }

    fn invalid(&self, option: &str, got: &JsValue, takes: &str) -> Invalid {
        Invalid::new(&self.name(option), &shown(got), takes)
    }

    /// The option's value; `None` where it is not given or `undefined`.
    fn get(&self, option: &str) -> Result<Option<JsValue>, Invalid> {
        match Reflect::get(self.object, &option.into()) {
            Ok(value) => Ok((!value.is_undefined()).then_some(value)),
            Err(_) => Err(Invalid::new(&self.name(option), "a getter that throws", "a value")),
        }
    }

    fn check_names(&self, known: &[&str]) -> Result<(), Invalid> {
        for name in Object::keys::<JsValue>(self.object.unchecked_ref()).iter() {
            let name = name.as_string().unwrap_or_default();
            if !known.contains(&name.as_str()) {
                return Err(Invalid(joined(&[
                    "disconnectIfConnected: ",
                    &self.name(&name),
                    " is no option; the options are ",
                    &listed(known.iter().copied()),
                    ".",
                ])));
            }
        }
        Ok(())
    }

    fn string(&self, option: &str, takes: &str) -> Result<Option<String>, Invalid> {
        let Some(value) = self.get(option)? else { return Ok(None) };
        match value.as_string() {
            Some(text) if !text.is_empty() => Ok(Some(text)),
            _ => Err(self.invalid(option, &value, takes)),
        }
    }

    fn required_string(&self, option: &str, takes: &str) -> Result<String, Invalid> {
        self.string(option, takes)?.ok_or_else(|| self.invalid(option, &JsValue::UNDEFINED, takes))
    }

    /// An id that can stand in a path: `.` and `..` would change it, and what is not well-formed Unicode cannot be encoded.
    fn id(&self, option: &str) -> Result<Option<String>, Invalid> {
        const TAKES: &str = "an id: a non-empty string of at most 512 bytes, not \".\" or \"..\"";
        match self.string(option, TAKES)? {
            Some(id) if id == "." || id == ".." || id.len() > MAX_ID_BYTES || id.contains('\u{FFFD}') => {
                Err(self.invalid(option, &id.into(), TAKES))
            }
            id => Ok(id),
        }
    }

    fn required_id(&self, option: &str) -> Result<String, Invalid> {
        self.id(option)?.ok_or_else(|| self.invalid(option, &JsValue::UNDEFINED, "an id: a non-empty string"))
    }

    fn number(&self, option: &str, default: f64, accepts: fn(f64) -> bool, takes: &str) -> Result<f64, Invalid> {
        let Some(value) = self.get(option)? else { return Ok(default) };
        match value.as_f64() {
            Some(number) if accepts(number) => Ok(number),
            _ => Err(self.invalid(option, &value, takes)),
        }
    }

    fn boolean(&self, option: &str) -> Result<bool, Invalid> {
        let Some(value) = self.get(option)? else { return Ok(false) };
        value.as_bool().ok_or_else(|| self.invalid(option, &value, "true or false"))
    }

    fn function(&self, option: &str, takes: &str) -> Result<Option<Function>, Invalid> {
        let Some(value) = self.get(option)? else { return Ok(None) };
        value.dyn_into().map(Some).map_err(|value| self.invalid(option, &value, takes))
    }
}

fn is_duration(number: f64) -> bool {
    (0.0..=MAX_INTEGER).contains(&number)
}

fn is_positive_duration(number: f64) -> bool {
    is_duration(number) && number > 0.0
}

fn is_count(number: f64) -> bool {
    is_duration(number) && number.fract() == 0.0
}

fn is_positive_count(number: f64) -> bool {
    is_count(number) && number > 0.0
}

impl Options {
    /// Reads and checks all options.
    pub fn read(options: &JsValue) -> Result<Self, Invalid> {
        if !options.is_object() || Array::is_array(options) || options.is_function() {
            return Err(Invalid::new("the argument", &kind(options), "an object of options"));
        }
        let fields = Fields { object: options, prefix: "" };
        fields.check_names(&KNOWN)?;

        let conversation_id = fields.required_id("conversationId")?;
        let participant_id = fields.required_id("participantId")?;
        let on_behalf_of = fields.id("onBehalfOf")?;
        let token = match fields.get("accessToken")?.unwrap_or_default() {
            provider if provider.is_function() => TokenSource::Provider(provider.unchecked_into()),
            token => token::check(&token).map(|_| TokenSource::Fixed(token))?,
        };
        let dialect = dialect(&fields, on_behalf_of.is_some())?;
        let (base, prefix) = base(&fields)?;
        let disconnectable_states = disconnectable_states(&fields)?;
        let signal = signal(&fields)?;
        let fetch = fields.function("fetch", "a function like the global fetch")?;
        if fetch.is_none() && !Reflect::get(&js_sys::global(), &"fetch".into()).is_ok_and(|fetch| fetch.is_function()) {
            return Err(Invalid::new("fetch", "nothing, and there is no global fetch", "a function like the global fetch"));
        }

        let ids = Ids {
            conversation_id: &conversation_id,
            participant_id: &participant_id,
            user_id: on_behalf_of.as_deref().unwrap_or_default(),
        };
        let requests = Requests {
            read: Request { method: "GET".to_owned(), path: joined(&[prefix.as_str(), &ids.in_path(&dialect.read_path)]), body: None },
            write: Request {
                path: joined(&[prefix.as_str(), &ids.in_path(&dialect.write_path)]),
                body: dialect.write_body.as_deref().map(|body| ids.in_body(body)),
                method: dialect.write_method,
            },
        };
        const DURATION: &str = "a number of milliseconds, 0 or more";
        const POSITIVE_DURATION: &str = "a number of milliseconds above 0";
        Ok(Options {
            settings: Settings {
                dialect: dialect.name,
                participants: dialect.participants,
                disconnectable_states,
                token_can_be_refreshed: matches!(token, TokenSource::Provider(_)),
                settle_ms: fields.number("settleMs", SETTLE_MS, is_duration, DURATION)?,
                timeout_ms: fields.number("timeoutMs", TIMEOUT_MS, is_positive_duration, POSITIVE_DURATION)?,
                request_timeout_ms: fields.number("requestTimeoutMs", REQUEST_TIMEOUT_MS, is_positive_duration, POSITIVE_DURATION)?,
                max_retries: fields.number("maxRetries", MAX_RETRIES, is_count, "a whole number, 0 or more")? as u32,
                max_response_bytes: fields.number(
                    "maxResponseBytes",
                    MAX_RESPONSE_BYTES,
                    is_positive_count,
                    "a whole number of bytes, 1 or more",
                )? as usize,
                confirm: fields.boolean("confirm")?,
                conversation_id,
                participant_id,
            },
            requests,
            base,
            token,
            signal,
            fetch,
            on_event: fields.function("onEvent", "a function (event) => void")?,
        })
    }
}

fn dialect(fields: &Fields, on_behalf_of_user: bool) -> Result<Dialect, Invalid> {
    const TAKES: &str = "\"voice\", \"calls\", or a dialect { read: { path, participants }, write: { method, path, body? } }";
    let api = fields.get("api")?;
    let dialect = match api.as_ref().map(|api| api.as_string()) {
        None => Dialect::voice(),
        Some(Some(name)) if name == "voice" => Dialect::voice(),
        Some(Some(name)) if name == "calls" => Dialect::calls(on_behalf_of_user),
        _ => {
            let api = api.unwrap_or_default();
            if !api.is_object() || Array::is_array(&api) {
                return Err(fields.invalid("api", &api, TAKES));
            }
            custom_dialect(&api)?
        }
    };
    if on_behalf_of_user && dialect.name != DialectName::Calls {
        return Err(Invalid::new("onBehalfOf", "a user id with another dialect", "a user id, with api: \"calls\" only"));
    }
    Ok(dialect)
}

fn custom_dialect(api: &JsValue) -> Result<Dialect, Invalid> {
    let fields = Fields { object: api, prefix: "api." };
    fields.check_names(&["read", "write"])?;
    let part = |name: &str, takes: &str| match fields.get(name)? {
        Some(part) if part.is_object() => Ok(part),
        part => Err(fields.invalid(name, &part.unwrap_or_default(), takes)),
    };
    let read = part("read", "{ path, participants }")?;
    let read = Fields { object: &read, prefix: "api.read." };
    read.check_names(&["path", "participants"])?;
    let write = part("write", "{ method, path, body? }")?;
    let write = Fields { object: &write, prefix: "api.write." };
    write.check_names(&["method", "path", "body"])?;

    const METHOD: &str = "\"POST\", \"PUT\", \"PATCH\" or \"DELETE\"";
    let write_method = write.required_string("method", METHOD)?;
    if !["POST", "PUT", "PATCH", "DELETE"].contains(&write_method.as_str()) {
        return Err(write.invalid("method", &write_method.into(), METHOD));
    }
    let write_body = match write.get("body")? {
        None => None,
        Some(body) => match JSON::stringify(&body).ok().and_then(|text| text.as_string()) {
            Some(text) => Some(text),
            None => return Err(write.invalid("body", &body, "a JSON value")),
        },
    };
    let write_path = path(&write)?;
    const PARTICIPANT: &str = "{participantId}";
    if !holds(&write_path, PARTICIPANT) && !write_body.as_deref().is_some_and(|body| holds(body, PARTICIPANT)) {
        return Err(Invalid::new("api.write", "no {participantId} in path or body", "one, for else it would not say whom to disconnect"));
    }
    Ok(Dialect {
        name: DialectName::Custom,
        read_path: path(&read)?,
        participants: read.required_string("participants", "the name of the list of participants in the body")?,
        write_method,
        write_path,
        write_body,
    })
}

/// A path template: absolute, of visible ASCII, without dot segments or a fragment, and with known placeholders only.
fn path(fields: &Fields) -> Result<String, Invalid> {
    const TAKES: &str = "an absolute path like /conversations/{conversationId}/participants/{participantId}, with no other placeholders, \
                         dot segments, # or \\";
    let path = fields.required_string("path", TAKES)?;
    // Without the two placeholders; any other leaves its brace.
    let bare = Ids { conversation_id: "", participant_id: "", user_id: "{" }.fill(&path, str::to_owned);
    let plain = bare.bytes().all(|byte| byte.is_ascii_graphic() && !b"{}#\\".contains(&byte));
    let route = path.split_once('?').map_or(path.as_str(), |(route, _)| route);
    let has_dots = route.split('/').any(|one| matches!(one.to_ascii_lowercase().as_str(), "." | ".." | "%2e" | "%2e%2e" | ".%2e" | "%2e."));
    if path.starts_with('/') && !path.starts_with("//") && plain && !has_dots {
        Ok(path)
    } else {
        Err(fields.invalid("path", &path.into(), TAKES))
    }
}

/// The origin and the path prefix that the requests go to.
fn base(fields: &Fields) -> Result<(String, String), Invalid> {
    const BASE_URL: &str = "an https origin, optionally with a path prefix, or http to a loopback host";
    let region = fields.string("region", "a region of Genesys Cloud like \"us-east-1\" or its domain like \"mypurecloud.com\"")?;
    let base_url = fields.string("baseUrl", BASE_URL)?;
    match (region, base_url) {
        (Some(region), None) => match REGIONS.iter().find(|(aws, domain)| *aws == region || *domain == region) {
            Some((_, domain)) => Ok((joined(&["https://api.", domain]), String::new())),
            None => {
                let all: Vec<String> = REGIONS.iter().map(|(aws, domain)| joined(&[*aws, " (", *domain, ")"])).collect();
                Err(fields.invalid(
                    "region",
                    &region.into(),
                    &joined(&["one of ", &listed(all.iter().map(String::as_str)), "; for any other host pass baseUrl"]),
                ))
            }
        },
        (None, Some(base_url)) => {
            let Ok(url) = Url::new(&base_url) else { return Err(fields.invalid("baseUrl", &base_url.into(), BASE_URL)) };
            let hostname = url.hostname();
            let is_safe = url.protocol() == "https:" || (url.protocol() == "http:" && is_loopback(&hostname));
            let is_bare = [url.username(), url.password(), url.search(), url.hash()].iter().all(String::is_empty);
            if !is_safe || !is_bare || hostname.is_empty() {
                // A password in it stays unshown.
                return Err(Invalid::new(
                    "baseUrl",
                    if is_bare { &base_url } else { "a URL with a user, a query or a fragment" },
                    BASE_URL,
                ));
            }
            Ok((url.origin(), url.pathname().trim_end_matches('/').to_owned()))
        }
        (Some(_), Some(_)) => Err(Invalid::new("baseUrl", "a value beside region", "one of the two: region or baseUrl, never both")),
        (None, None) => Err(Invalid::new("region", "nothing, and neither did baseUrl", "a region like \"us-east-1\"; or pass baseUrl")),
    }
}

/// Hosts that cannot leave this machine (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3). `URL` writes every IPv4 address as four
/// decimal numbers, and lets no other name end in a number.
fn is_loopback(hostname: &str) -> bool {
    hostname == "localhost"
        || hostname.ends_with(".localhost")
        || hostname == "[::1]"
        || (hostname.starts_with("127.") && hostname.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit()))
}

fn disconnectable_states(fields: &Fields) -> Result<Vec<String>, Invalid> {
    const TAKES: &str = "a non-empty array of states, without \"disconnected\" and \"terminated\"";
    let Some(value) = fields.get("disconnectableStates")? else { return Ok(vec!["connected".to_owned()]) };
    let states: Option<Vec<String>> = match value.dyn_ref::<Array>() {
        Some(array) => {
            array.iter().map(|state| state.as_string().filter(|state| !state.is_empty() && !GONE.contains(&state.as_str()))).collect()
        }
        None => None,
    };
    match states {
        Some(states) if !states.is_empty() => Ok(states),
        _ => Err(fields.invalid("disconnectableStates", &value, TAKES)),
    }
}

/// An `AbortSignal` by its looks: one of another realm or library is another class.
fn signal(fields: &Fields) -> Result<Option<AbortSignal>, Invalid> {
    let Some(value) = fields.get("signal")? else { return Ok(None) };
    let has =
        |name: &str, fits: fn(&JsValue) -> bool| value.is_object() && Reflect::get(&value, &name.into()).is_ok_and(|field| fits(&field));
    if has("aborted", |field| field.as_bool().is_some()) && has("addEventListener", JsValue::is_function) {
        return Ok(Some(value.unchecked_into()));
    }
    Err(fields.invalid("signal", &value, "an AbortSignal"))
}
