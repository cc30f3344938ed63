//! The routes and bodies of the platform: both dialects and the generic conversation, errors and headers included.
//!
//! Shapes: the models `CallConversation`, `Conversation` and `ErrorBody` of the official SDKs (262); error codes: the
//! swagger of 2018; the `voice` routes: those of the system that this package was requested for, they are not in the
//! published API.

use crate::{
    channels::Channels,
    fault::{Delivery, Exchange, Fault, Reply},
    login::Issued,
    model::{Config, Conversation, Participant, Verdict},
    session,
};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An HTTP request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The HTTP method.
    pub method: String,
    /// The path, with a query if needed. What precedes `/api/v2/` or `/oauth/` is ignored.
    pub path: String,
    /// The text of the body.
    #[serde(default)]
    pub body: String,
    /// The value of the header `Authorization`.
    pub authorization: Option<String>,
    /// The origin of the URL of a new channel's WebSocket; default: `wss://streaming.mypurecloud.com`.
    pub streaming_origin: Option<String>,
}

/// The answer of the platform, before a fault changes it.
pub(crate) struct Answer {
    pub status: u16,
    pub body: String,
    pub headers: Vec<(String, String)>,
}

impl Answer {
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Answer { status, body: body.to_string(), headers }
    }

    fn empty(status: u16) -> Self {
        Answer { status, body: String::new(), headers: Vec::new() }
    }
}

/// One request that arrived, for assertions in tests.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// When it arrived.
    pub at: f64,
    /// The HTTP method.
    pub method: String,
    /// As of the request.
    pub path: String,
    /// As of the request.
    pub body: String,
    /// It is a disconnect.
    pub is_write: bool,
    /// The status of the answer, whether it was delivered or not.
    pub status: u16,
    /// At least a part of the answer was delivered.
    pub delivered: bool,
    /// A disconnect that takes effect.
    pub accepted: bool,
}

/// The platform.
#[derive(Clone, Debug)]
pub struct Simulator {
    pub(crate) config: Config,
    pub(crate) issued: Issued,
    pub(crate) channels: Channels,
    /// The states of each conversation's participants that were published last.
    pub(crate) announced: Vec<Vec<Option<String>>>,
    /// When that was; `None` while there are no channels.
    pub(crate) announced_ms: Option<f64>,
    /// Requests so far.
    requests: u32,
    /// The window of each token that made a request.
    rates: Vec<Rate>,
    log: Vec<LogEntry>,
}

/// How many requests one token made in its window, which starts with the first of them.
#[derive(Clone, Debug)]
struct Rate {
    authorization: Option<String>,
    count: u32,
    ends_ms: f64,
}

const CONFLICT_TEXT: &str = "The requested action cannot be completed because of the current state of the resource.";

/// The operation that a request's method and path stand for.
enum Route {
    /// The participants of a conversation.
    Read { conversation_id: String, shape: Shape },
    /// A disconnect. The `voice` route has no conversation id.
    Write { conversation_id: Option<String>, participant_id: String, is_voice: bool },
    /// The sign-in, and what a signed-in user asks for beside conversations.
    Session(session::Route),
    /// 404.
    Unknown,
}

/// The shape of the body of a read.
#[derive(Clone, Copy)]
enum Shape {
    /// `{ entities: [{ id, state }] }`
    Voice,
    /// `{ participants: [{ id, state }] }`
    Calls,
    /// `{ participants: [{ id, calls: [{ state }] }] }`
    Generic,
}

impl Simulator {
    /// The platform at time 0.
    pub fn new(config: Config) -> Self {
        Simulator {
            config,
            issued: Issued::default(),
            channels: Channels::default(),
            announced: Vec::new(),
            announced_ms: None,
            requests: 0,
            rates: Vec::new(),
            log: Vec::new(),
        }
    }

    /// Adds a fault, after those that are set.
    pub fn add_fault(&mut self, fault: Fault) {
        self.config.faults.push(fault);
    }

    /// The configuration, for model checkers: every field may be changed between two requests.
    pub fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// The configuration, with what has happened to it since: accepted disconnects, faults counted down.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The requests so far, in order.
    pub fn log(&self) -> &[LogEntry] {
        &self.log
    }

    /// The true state of a participant; `None` where it is not listed.
    pub fn state(&self, conversation_id: &str, participant_id: &str, now_ms: f64) -> Option<String> {
        self.participant(conversation_id, participant_id)?.state(now_ms).map(str::to_owned)
    }

    /// The state that a read shows; `None` where the read does not list the participant.
    pub fn shown_state(&self, conversation_id: &str, participant_id: &str, now_ms: f64) -> Option<String> {
        self.state(conversation_id, participant_id, now_ms - self.config.read_lag_ms)
    }

    /// Changes the true state of a participant now, as another party would; `None`: not listed.
    pub fn set_state(&mut self, conversation_id: &str, participant_id: &str, state: Option<String>, now_ms: f64) {
        self.announce(now_ms);
        if let Some(participant) = self.participant_mut(Some(conversation_id), participant_id) {
            participant.set_state(state, now_ms);
        }
        self.announce(now_ms);
    }

    fn participant(&self, conversation_id: &str, participant_id: &str) -> Option<&Participant> {
        let mut conversations = self.config.conversations.iter();
        let conversation = conversations.find(|conversation| conversation.id == conversation_id)?;
        conversation.participants.iter().find(|participant| participant.id == participant_id)
    }

    /// A participant of a conversation; without one, of any.
    fn participant_mut(&mut self, conversation_id: Option<&str>, participant_id: &str) -> Option<&mut Participant> {
        let conversations = self
            .config
            .conversations
            .iter_mut()
            .filter(|conversation| conversation_id.is_none_or(|id| id == conversation.id));
        conversations
            .flat_map(|conversation| &mut conversation.participants)
            .find(|participant| participant.id == participant_id)
    }

    /// Handles one request that arrives at `now_ms`.
    pub fn handle(&mut self, request: &Request, now_ms: f64) -> Reply {
        self.requests += 1;
        let route = route(request);
        self.announce(now_ms);
        let is_write = matches!(route, Route::Write { .. });
        let is_session = matches!(route, Route::Session(_));
        let changes = if is_session { !["GET", "HEAD"].contains(&request.method.as_str()) } else { is_write };
        let exchange = if changes { Exchange::Write } else { Exchange::Read };
        let is_sign_in = matches!(route, Route::Session(session::Route::Authorize | session::Route::Token));
        let mut faults = self.config.faults.iter_mut();
        let fault = faults.find_map(|fault| fault.strikes(exchange, is_session, &request.path).then(|| fault.clone()));
        let reaches = fault.as_ref().is_none_or(Fault::reaches_platform);
        let mut accepted = false;
        let rate = if reaches && !is_sign_in { self.count(request, now_ms) } else { None };
        let reset_s = rate.as_ref().map_or(0.0, |rate| ((rate.ends_ms - now_ms).round() / 1_000.0).ceil());
        let limit = self.config.requests_per_minute;
        let exceeds = rate.as_ref().is_some_and(|rate| limit.is_some_and(|limit| rate.count > limit));
        let mut answer = if !reaches {
            Answer::empty(504)
        } else if exceeds {
            let message = format!("Rate limit exceeded the maximum. Retry the request in [{reset_s}] seconds");
            self.error(429, "too.many.requests.retry.after", &message)
        } else {
            self.answer(route, request, now_ms, &mut accepted)
        };
        if let Some(instead) = fault.as_ref().and_then(|fault| fault.status) {
            let fault = fault.as_ref();
            let (code, message) = default_error(instead);
            let code = fault.and_then(|fault| fault.code.as_deref()).unwrap_or(code).to_owned();
            let message = fault.and_then(|fault| fault.message.as_deref()).unwrap_or(message).to_owned();
            answer = self.error(instead, &code, &message);
        }
        let Answer { status, body, headers: own } = answer;
        let mut headers = vec![("ININ-Correlation-Id".to_owned(), self.correlation_id())];
        headers.extend(own);
        let mut reply = Reply { status, headers, body, delay_ms: 0.0, delivery: Delivery::Whole };
        if let (Some(rate), Some(limit)) = (&rate, limit) {
            let header = |name: &str, value: String| (format!("inin-ratelimit-{name}"), value);
            reply.headers.extend([
                header("count", rate.count.to_string()),
                header("allowed", limit.to_string()),
                header("reset", reset_s.to_string()),
            ]);
            if exceeds {
                reply.headers.push(("Retry-After".to_owned(), reset_s.to_string()));
            }
        }
        if let Some(fault) = &fault {
            reply.apply(fault);
        }
        // A scripted 429 has the header too, like one of the platform.
        if reply.status == 429 && !reply.headers.iter().any(|(name, _)| name == "Retry-After") {
            reply.headers.push(("Retry-After".to_owned(), "1".to_owned()));
        }
        self.log.push(LogEntry {
            at: now_ms,
            method: request.method.clone(),
            path: request.path.clone(),
            body: request.body.clone(),
            is_write,
            status: reply.status,
            delivered: !matches!(reply.delivery, Delivery::Lost | Delivery::Hang),
            accepted,
        });
        self.announce(now_ms);
        reply
    }

    /// The platform's answer; sets `accepted` where a disconnect takes effect.
    fn answer(&mut self, route: Route, request: &Request, now_ms: f64, accepted: &mut bool) -> Answer {
        if let Route::Session(route) = &route
            && let Some(answer) = self.sign_in(route, request, now_ms)
        {
            return answer;
        }
        let Some(bearer) = self.bearer(request, now_ms) else {
            return self.error(401, "bad.credentials", "Invalid login credentials.");
        };
        if let Some(forbidden) = self.forbidden(&bearer, request) {
            return forbidden;
        }
        match route {
            Route::Session(route) => self.session(&route, &bearer, request, now_ms),
            Route::Read { conversation_id, shape } => {
                let shown_ms = now_ms - self.config.read_lag_ms;
                match self.config.conversations.iter().find(|conversation| conversation.id == conversation_id) {
                    Some(conversation) => Answer::json(200, &body(conversation, shape, shown_ms)),
                    None => {
                        self.error(404, "conversation.error.conversation.not.found", "The conversation was not found.")
                    }
                }
            }
            Route::Write { conversation_id, participant_id, is_voice } => {
                let asked: Value = serde_json::from_str(&request.body).unwrap_or_default();
                let wanted = if is_voice {
                    asked.get("action") == Some(&json!("disconnect"))
                } else {
                    asked.get("state") == Some(&json!("disconnected"))
                };
                if !wanted {
                    return self.error(
                        400,
                        "bad.request",
                        "The request could not be understood by the server due to malformed syntax.",
                    );
                }
                let Config { accepted_states, effect_delay_ms, .. } = &self.config;
                let (accepted_states, effect_delay_ms) = (accepted_states.clone(), *effect_delay_ms);
                let verdict = match self.participant_mut(conversation_id.as_deref(), &participant_id) {
                    Some(participant) => participant.disconnect(now_ms, &accepted_states, effect_delay_ms),
                    None => Verdict::NotListed,
                };
                match (verdict, is_voice) {
                    (Verdict::Accepted, _) => {
                        *accepted = true;
                        Answer::empty(if is_voice { 204 } else { 202 })
                    }
                    (Verdict::Gone, false) => {
                        self.error(400, "conversation.error.call.disconnected", "The call is already disconnected.")
                    }
                    (Verdict::Gone | Verdict::Refused, true) => self.error(409, "conflict", CONFLICT_TEXT),
                    (Verdict::Refused, false) => self.error(
                        409,
                        "general.conflict",
                        "The request conflicts with the current state of the target resource.",
                    ),
                    (Verdict::NotListed, _) => self.not_found(),
                }
            }
            Route::Unknown => self.not_found(),
        }
    }

    /// 404 for an unknown route, channel or participant.
    pub(crate) fn not_found(&self) -> Answer {
        self.error(404, "not.found", "The requested resource was not found.")
    }

    /// Counts a request in its token's window; `None` without a limit.
    fn count(&mut self, request: &Request, now_ms: f64) -> Option<Rate> {
        self.config.requests_per_minute?;
        self.rates.retain(|rate| rate.ends_ms > now_ms);
        let index = self.rates.iter().position(|rate| rate.authorization == request.authorization);
        let index = index.unwrap_or_else(|| {
            let ends_ms = now_ms + self.config.rate_window_ms;
            self.rates.push(Rate { authorization: request.authorization.clone(), count: 0, ends_ms });
            self.rates.len() - 1
        });
        let rate = self.rates.get_mut(index)?;
        rate.count += 1;
        Some(rate.clone())
    }

    /// The notification about a conversation at `now_ms`, of a topic for calls (`v2.users.{id}.conversations.calls`,
    /// `v2.routing.queues.{id}.conversations.calls`) or for all media (`v2.users.{id}.conversations`, in which the
    /// calls have the states). `None` for an unknown conversation.
    pub fn notification(&self, conversation_id: &str, topic: &str, now_ms: f64) -> Option<Value> {
        let conversation = self.config.conversations.iter().find(|conversation| conversation.id == conversation_id)?;
        let shape = if topic.ends_with(".calls") { Shape::Calls } else { Shape::Generic };
        Some(json!({
            "topicName": topic, "version": "2", "eventBody": body(conversation, shape, now_ms),
            "metadata": { "CorrelationId": self.correlation_id() },
        }))
    }

    /// The correlation id of this request: a counter, so that every run has the same ids.
    fn correlation_id(&self) -> String {
        format!("{:08x}-51e1-4a70-8000-000000000000", self.requests)
    }

    /// An error with the platform's `ErrorBody`.
    pub(crate) fn error(&self, status: u16, code: &str, message: &str) -> Answer {
        let body = json!({
            "message": message, "code": code, "status": status, "contextId": self.correlation_id(),
            "details": [], "errors": [],
        });
        Answer::json(status, &body)
    }
}

/// Code and message of the platform for a status, for scripted faults.
fn default_error(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("bad.request", "The request could not be understood by the server due to malformed syntax."),
        401 => ("bad.credentials", "Invalid login credentials."),
        403 => (
            "missing.permissions",
            "You are missing the following permission(s): conversation:communication:disconnect",
        ),
        404 => ("not.found", "The requested resource was not found."),
        409 => ("general.conflict", "The request conflicts with the current state of the target resource."),
        429 => ("too.many.requests", "Rate limit exceeded the maximum. Retry the request in [1] seconds"),
        500 => (
            "internal.server.error",
            "The server encountered an unexpected condition which prevented it from fulfilling the request.",
        ),
        503 => (
            "service.unavailable",
            "Service Unavailable - The server is currently unavailable (because it is overloaded or down for \
             maintenance).",
        ),
        504 => ("request.timeout", "The request timed out."),
        _ => ("error", "The request was not successful."),
    }
}

/// The route of a request.
fn route(request: &Request) -> Route {
    if let Some(route) = session::route(&request.path) {
        return Route::Session(route);
    }
    let path = request.path.split('?').next().unwrap_or_default();
    let Some(rest) = path.split_once("/api/v2/conversations/").map(|(_, rest)| rest) else { return Route::Unknown };
    let segments: Vec<String> =
        rest.split('/').map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["voice", conversation, "participants"]) => {
            Route::Read { conversation_id: (*conversation).to_owned(), shape: Shape::Voice }
        }
        ("GET", ["calls", conversation]) => {
            Route::Read { conversation_id: (*conversation).to_owned(), shape: Shape::Calls }
        }
        ("GET", [conversation]) => Route::Read { conversation_id: (*conversation).to_owned(), shape: Shape::Generic },
        ("POST", ["voice", "participants"]) => {
            let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
            let participant_id = body.get("participantId").and_then(Value::as_str).unwrap_or_default().to_owned();
            Route::Write { conversation_id: None, participant_id, is_voice: true }
        }
        (
            "PATCH",
            ["calls", conversation, "participants", participant]
            | ["calls", conversation, "participants", participant, "user", _],
        )
        | ("PATCH", [conversation, "participants", participant]) => Route::Write {
            conversation_id: Some((*conversation).to_owned()),
            participant_id: (*participant).to_owned(),
            is_voice: false,
        },
        _ => Route::Unknown,
    }
}

/// The body of a read, or of an event, as of `shown_ms`.
fn body(conversation: &Conversation, shape: Shape, shown_ms: f64) -> Value {
    let shown = conversation.participants.iter().filter_map(|one| Some((one, one.state(shown_ms)?)));
    let participant = match shape {
        Shape::Generic => generic_participant,
        Shape::Voice | Shape::Calls => call_participant,
    };
    let participants: Vec<Value> = shown.map(|(one, state)| participant(one, state, shown_ms)).collect();
    let uri = format!("/api/v2/conversations/{}", conversation.id);
    match shape {
        Shape::Voice => json!({
            "entities": participants, "pageSize": 25, "pageNumber": 1, "total": participants.len(), "pageCount": 1,
            "selfUri": uri,
        }),
        Shape::Calls => json!({
            "id": conversation.id, "name": "Support", "participants": participants, "otherMediaUris": [],
            "recordingState": "active", "maxParticipants": 100, "securePause": false, "divisions": [], "selfUri": uri,
        }),
        Shape::Generic => json!({
            "id": conversation.id, "startTime": "2026-11-22T09:30:00.000Z", "address": "tel:+13175550100",
            "participants": participants, "conversationIds": [], "recordingState": "ACTIVE", "state": "connected",
            "divisions": [], "selfUri": uri,
        }),
    }
}

/// The model `Address` of a participant's call.
fn address(one: &Participant) -> Value {
    json!({
        "name": one.name, "nameRaw": one.name, "addressNormalized": "+13175550142", "addressRaw": "+13175550142",
        "addressDisplayable": "+13175550142",
    })
}

/// A time as ISO 8601, on the day on which every conversation of the simulator starts.
fn timestamp(ms: f64) -> String {
    const START_MS: u64 = (9 * 60 + 30) * 60_000;
    let ms = (START_MS + ms.max(0.0) as u64).min(24 * 3_600_000 - 1);
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("2026-11-22T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", ms % 1_000)
}

/// The fields of a participant that both shapes have.
fn participant(one: &Participant, shown_ms: f64) -> Value {
    let is_agent = one.purpose == "agent";
    let address = one.address.as_deref().unwrap_or("tel:+13175550142");
    json!({
        "id": one.id, "name": one.name.as_deref().unwrap_or(&one.purpose), "purpose": one.purpose, "address": address,
        "startTime": "2026-11-22T09:30:00.000Z", "connectedTime": "2026-11-22T09:30:04.210Z", "ani": address,
        "endTime": one.ended_at_ms(shown_ms).map(timestamp), "monitoredParticipantId": one.monitored_participant_id,
        "coachedParticipantId": one.coached_participant_id, "bargedParticipantId": one.barged_participant_id,
        "dnis": "tel:+13175550100", "mediaRoles": ["full"], "wrapupRequired": is_agent, "wrapupPrompt": "optional",
        "wrapupTimeoutMs": 30_000,
        "wrapup": is_agent.then(|| json!({
            "code": "ININ-WRAP-UP-TIMEOUT", "name": "Timed out", "notes": "", "durationSeconds": 30,
        })),
        "attributes": { "ivr.language": "en-US", "crm.case": "CS0042177", "notes": "x".repeat(one.attribute_bytes) },
    })
}

/// A participant with a state of its own: the models `CallMediaParticipant` and the voice route's.
fn call_participant(one: &Participant, state: &str, shown_ms: f64) -> Value {
    let mut value = participant(one, shown_ms);
    if let Value::Object(fields) = &mut value {
        fields.extend(object(json!({
            "state": state, "direction": "inbound", "held": one.held, "muted": false, "confined": false,
            "recording": true, "recordingState": "active", "securePause": false, "provider": "Edge",
            "user": one.user_id.as_ref().map(|id| json!({ "id": id, "selfUri": format!("/api/v2/users/{id}") })),
            "disconnectType": crate::model::GONE.contains(&state).then_some("client"),
        })));
    }
    value
}

/// A participant whose calls have the state: the model `Participant`.
fn generic_participant(one: &Participant, state: &str, shown_ms: f64) -> Value {
    let mut value = participant(one, shown_ms);
    if let Value::Object(fields) = &mut value {
        let call = json!({
            "id": format!("{}-call", one.id), "state": state, "initialState": "alerting", "direction": "inbound",
            "held": one.held, "muted": false, "confined": false, "recording": true, "self": address(one),
            "other": address(one), "provider": "Edge",
            "segments": [{
                "type": "Alert", "startTime": "2026-11-22T09:30:00.000Z", "endTime": "2026-11-22T09:30:04.210Z",
            }],
        });
        fields.extend(object(json!({
            "userId": one.user_id, "calls": [call], "callbacks": [], "chats": [], "emails": [], "messages": [],
        })));
    }
    value
}

/// The fields of an object; none for any other value.
pub(crate) fn object(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    }
}
