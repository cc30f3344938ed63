//! The caller's options, checked. An error has the name of the option, what was given and what is accepted.

use super::{
    abort::AnySignal,
    foreign,
    token::{self, AccessToken},
    value::{Access, Name, Properties, Refusal, Value},
};
use crate::protocol::{
    checked,
    dialect::{CALLS, CALLS_ON_BEHALF_OF_USER, Dialect, VOICE},
    region,
    selection::{Description, Selection},
    settings::{Api, Settings},
    target::{DISCONNECTABLE_STATES, GONE_STATES, Target},
};
use js_sys::Function;
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, Unexpected, Visitor, value::MapAccessDeserializer},
};
use std::fmt;
use wasm_bindgen::prelude::*;
use web_sys::Url;

/// The checked options of a call.
#[derive(Clone)]
pub struct Options {
    pub settings: Settings,
    /// Of the requests, like `https://api.mypurecloud.com`.
    pub origin: String,
    pub access_token: AccessToken,
    pub signal: Option<AnySignal>,
    pub fetch: Option<Function>,
    pub on_event: Option<Function>,
}

/// The options that are data. The others are fields only so that serde knows their names; [`Options::of`] takes them
/// unchanged.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Data {
    #[serde(default, deserialize_with = "checked::id")]
    conversation_id: Option<String>,
    #[serde(default, deserialize_with = "checked::id")]
    participant_id: Option<String>,
    participant: Option<Description>,
    #[serde(rename = "accessToken")]
    _access_token: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "api")]
    api: Option<(Api, Dialect)>,
    #[serde(default, deserialize_with = "region")]
    region: Option<String>,
    #[serde(default, deserialize_with = "base_url")]
    base_url: Option<BaseUrl>,
    #[serde(default, deserialize_with = "checked::milliseconds")]
    settle_ms: Option<f64>,
    #[serde(default, deserialize_with = "checked::positive_milliseconds")]
    timeout_ms: Option<f64>,
    #[serde(default, deserialize_with = "checked::positive_milliseconds")]
    request_timeout_ms: Option<f64>,
    #[serde(default, deserialize_with = "checked::count")]
    max_retries: Option<f64>,
    #[serde(default, deserialize_with = "checked::bytes")]
    max_response_bytes: Option<f64>,
    #[serde(default, deserialize_with = "checked::boolean")]
    confirm: Option<bool>,
    #[serde(default, deserialize_with = "checked::states")]
    disconnectable_states: Option<Vec<String>>,
    #[serde(default, deserialize_with = "checked::states")]
    gone_states: Option<Vec<String>>,
    #[serde(default, deserialize_with = "checked::id")]
    on_behalf_of: Option<String>,
    #[serde(rename = "signal")]
    _signal: Option<IgnoredAny>,
    #[serde(rename = "fetch")]
    _fetch: Option<IgnoredAny>,
    #[serde(rename = "onEvent")]
    _on_event: Option<IgnoredAny>,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = globalThis)]
    static GLOBAL: JsValue;
}

/// What the option `fetch` accepts.
const FETCH: &str = "a function like the global fetch";
/// What the option `region` accepts.
const REGION: &str = "a region of Genesys Cloud like \"us-east-1\" or its domain like \"mypurecloud.com\"";

/// The properties of an object of options, each read once.
pub type Given = Vec<(Name, Value)>;

/// Reads the properties of an object of options.
pub fn given(options: &JsValue) -> Result<Given, Refusal> {
    let options = Value { value: options.clone(), access: Access::Own };
    if !options.is_object() {
        return Err(options.wrong_type(&"an object of options"));
    }
    options.own_properties()
}

/// Removes one property, and returns its value.
pub fn taken(given: &mut Given, name: &str) -> Option<JsValue> {
    let index = given.iter().position(|(one, _)| one == name)?;
    Some(given.swap_remove(index).1.value)
}

/// Removes one option, and deserialises it by `read`; `None` where it is not given.
pub fn option<T>(
    given: &mut Given,
    name: &str,
    read: fn(Value) -> Result<Option<T>, Refusal>,
) -> Result<Option<T>, Refusal> {
    let Some(value) = taken(given, name) else { return Ok(None) };
    read(Value { value, access: Access::Own }).map_err(|refusal| refusal.in_property(name))
}

impl Options {
    /// The options of a call without a client.
    pub fn read(options: &JsValue) -> Result<Self, Refusal> {
        Options::of(given(options)?, false)
    }

    /// Checks all options. `lists_all`: the call is about all participants, so `participantId` and `participant` are
    /// refused.
    pub fn of(properties: Given, lists_all: bool) -> Result<Self, Refusal> {
        let raw = |name: &str| properties.iter().find(|(one, _)| one == name).map(|(_, given)| given.value.clone());
        let [access_token, signal, fetch, on_event] = ["accessToken", "signal", "fetch", "onEvent"].map(raw);
        let properties = Properties::new(Box::new(properties.into_iter()));
        let data = Data::deserialize(MapAccessDeserializer::new(properties))?;
        let conversation_id =
            data.conversation_id.ok_or_else(|| Refusal::new("conversationId", "nothing", &checked::ID))?;
        let selection = selection(data.participant_id, data.participant, lists_all)?;
        let access_token = self::access_token(access_token.unwrap_or_default())?;
        let BaseUrl { origin, path_prefix } = base(data.region, data.base_url)?;
        let (api, dialect) = match (data.api.unwrap_or((Api::Voice, VOICE)), &data.on_behalf_of) {
            ((Api::Calls, _), Some(_)) => (Api::Calls, CALLS_ON_BEHALF_OF_USER),
            (_, Some(_)) => {
                let given = "a user id with another api";
                return Err(Refusal::new("onBehalfOf", given, &"a user id with api: \"calls\""));
            }
            (api, None) => api,
        };
        let signal = signal.map(self::signal).transpose()?;
        let on_event = on_event.map(|value| function(value, "onEvent", "a function (event) => void")).transpose()?;
        let fetch = fetch.map(|value| function(value, "fetch", FETCH)).transpose()?;
        if fetch.is_none() && !has_global_fetch() {
            return Err(Refusal::new("fetch", "nothing, and there is no global fetch", &FETCH));
        }
        let default = Settings::new(&conversation_id, "", Api::Voice);
        let settings = Settings {
            target: target(selection, data.disconnectable_states, data.gone_states)?,
            user_id: data.on_behalf_of,
            api,
            dialect,
            path_prefix,
            token_can_be_refreshed: matches!(access_token, AccessToken::Provider(_)),
            settle_ms: data.settle_ms.unwrap_or(default.settle_ms),
            timeout_ms: data.timeout_ms.unwrap_or(default.timeout_ms),
            request_timeout_ms: data.request_timeout_ms.unwrap_or(default.request_timeout_ms),
            max_retries: data.max_retries.map_or(default.max_retries, |count| count as u32),
            max_response_bytes: data.max_response_bytes.unwrap_or(default.max_response_bytes),
            confirm: data.confirm.unwrap_or(default.confirm),
            ..default
        };
        Ok(Options { settings, origin, access_token, signal, fetch, on_event })
    }
}

// ---- Options that are not data ----

fn has_global_fetch() -> bool {
    GLOBAL.with(|global| foreign::get(global, "fetch")).is_ok_and(|fetch| fetch.is_function())
}

/// A function, with any `this` and arguments.
pub fn function(value: JsValue, option: &str, accepted: &str) -> Result<Function, Refusal> {
    value.dyn_into().map_err(|value| Refusal::new(option, &foreign::shown(&value), &accepted))
}

fn access_token(value: JsValue) -> Result<AccessToken, Refusal> {
    match value.dyn_into() {
        Ok(provider) => Ok(AccessToken::Provider(provider)),
        Err(value) => token::check(&value).map(AccessToken::Fixed).map_err(token::refusal),
    }
}

/// An object with the members of an `AbortSignal`.
pub fn signal(value: JsValue) -> Result<AnySignal, Refusal> {
    let has = |name, is: fn(&JsValue) -> bool| foreign::get(&value, name).is_ok_and(|member| is(&member));
    if has("aborted", |aborted| aborted.as_bool().is_some()) && has("addEventListener", JsValue::is_function) {
        return Ok(value.unchecked_into());
    }
    Err(Refusal::new("signal", &foreign::shown(&value), &"an AbortSignal"))
}

// ---- Options that depend on each other ----

fn base(region: Option<String>, base_url: Option<BaseUrl>) -> Result<BaseUrl, Refusal> {
    match (region, base_url) {
        (Some(origin), None) => Ok(BaseUrl { origin, path_prefix: String::new() }),
        (None, Some(base_url)) => Ok(base_url),
        (Some(_), Some(_)) => Err(Refusal::new("baseUrl", "a value beside region", &"region or baseUrl, never both")),
        (None, None) => Err(Refusal::new("region", "nothing", &format_args!("{REGION}; or pass baseUrl"))),
    }
}

fn selection(id: Option<String>, description: Option<Description>, lists_all: bool) -> Result<Selection, Refusal> {
    const LISTS_ALL: &str = "nothing here: the call is about all participants";
    const EITHER: &str = "participantId or participant, never both";
    match (id, description) {
        (None, None) if lists_all => Ok(Selection::All),
        (Some(_), _) if lists_all => Err(Refusal::new("participantId", "a value", &LISTS_ALL)),
        (_, Some(_)) if lists_all => Err(Refusal::new("participant", "a value", &LISTS_ALL)),
        (Some(id), None) => Ok(Selection::Id(id)),
        (None, Some(description)) if description.fields().is_empty() => {
            Err(Refusal::new("participant", "an empty description", &"at least one field"))
        }
        (None, Some(description)) => Ok(Selection::Described(description)),
        (Some(_), Some(_)) => Err(Refusal::new("participant", "a value beside participantId", &EITHER)),
        (None, None) => {
            let accepted = format_args!("{}; or pass participant", checked::ID);
            Err(Refusal::new("participantId", "nothing", &accepted))
        }
    }
}

fn target(
    selection: Selection,
    disconnectable: Option<Vec<String>>,
    gone: Option<Vec<String>>,
) -> Result<Target, Refusal> {
    let default = |states: &[&str]| states.iter().map(|&state| state.to_owned()).collect();
    let gone_states: Vec<String> = gone.unwrap_or_else(|| default(&GONE_STATES));
    let disconnectable_states: Vec<String> = disconnectable.unwrap_or_else(|| default(&DISCONNECTABLE_STATES));
    let both =
        disconnectable_states.iter().find(|state| gone_states.iter().any(|gone| gone.eq_ignore_ascii_case(state)));
    match both {
        Some(both) => {
            let given = format!("\"{both}\", which is one of goneStates");
            Err(Refusal::new("disconnectableStates", &given, &"states in which the participant is not gone"))
        }
        None => Ok(Target { selection, disconnectable_states, gone_states }),
    }
}

// ---- Data with a check of its own ----

fn api<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<(Api, Dialect)>, D::Error> {
    struct ApiVisitor;
    impl<'de> Visitor<'de> for ApiVisitor {
        type Value = (Api, Dialect);

        fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
            formatter.write_str(
                "\"voice\", \"calls\", or a dialect { read: { path, participants }, write: { method, path, body? } }",
            )
        }

        fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
            match name {
                "voice" => Ok((Api::Voice, VOICE)),
                "calls" => Ok((Api::Calls, CALLS)),
                _ => Err(E::invalid_value(Unexpected::Str(name), &self)),
            }
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            let dialect = Dialect::deserialize(MapAccessDeserializer::new(map))?;
            if dialect.names_participant() {
                return Ok((Api::Custom, dialect));
            }
            let given = Unexpected::Other("a write without {participantId} in path or body");
            Err(de::Error::invalid_value(given, &"one with it: without it, the participant would not be specified"))
        }
    }
    deserializer.deserialize_struct("ApiDialect", &["read", "write"], ApiVisitor).map(Some)
}

fn region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let region = checked::text(deserializer, REGION, |region| !region.is_empty())?;
    region::origin(&region).map(Some).ok_or_else(|| {
        let accepted = format!("one of {}; for any other host pass baseUrl", region::list());
        de::Error::invalid_value(Unexpected::Str(&region), &accepted.as_str())
    })
}

/// Where the requests go.
struct BaseUrl {
    origin: String,
    path_prefix: String,
}

fn base_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<BaseUrl>, D::Error> {
    const BASE_URL: &str = "an https origin, optionally with a path prefix, or http to a loopback host";
    let text = checked::text(deserializer, BASE_URL, |url| !url.is_empty())?;
    let Ok(url) = Url::new(&text) else { return Err(de::Error::invalid_value(Unexpected::Str(&text), &BASE_URL)) };
    // By the scheme, not by the origin: that of `blob:https://…` is an https origin too.
    let is_safe = match url.protocol().as_str() {
        "https:" => true,
        "http:" => is_loopback(&url.hostname()),
        _ => false,
    };
    // The error does not show a value that may contain a password or another secret.
    let is_more = text.bytes().any(|byte| byte == b'@' || (is_safe && (byte == b'?' || byte == b'#')));
    let given = match is_more {
        true => Unexpected::Other("a URL with a user, a query or a fragment"),
        false => Unexpected::Str(&text),
    };
    if is_more || !is_safe {
        return Err(de::Error::invalid_value(given, &BASE_URL));
    }
    Ok(Some(BaseUrl { origin: url.origin(), path_prefix: url.pathname().trim_end_matches('/').to_owned() }))
}

/// Whether a host is this machine (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3). `URL` writes every IPv4 address
/// as four decimal numbers, and accepts no other name that ends in a number.
fn is_loopback(hostname: &str) -> bool {
    hostname == "localhost"
        || hostname.ends_with(".localhost")
        || hostname == "[::1]"
        || (hostname.starts_with("127.") && hostname.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit()))
}
