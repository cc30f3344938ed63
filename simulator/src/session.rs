//! The routes beside conversations: the sign-in, the signed-in user, notification channels.

use crate::{
    api::{Answer, Request, Simulator, object},
    channels::{Channel, MAX_TOPIC_LENGTH, MAX_TOPICS, Notifications, Outgoing},
    login::{Bearer, DISCONNECT, Page, User, parameters},
};
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    mem::take,
    time::{Duration, UNIX_EPOCH},
};

/// The user that is signed in where no users are configured.
const FIRST_USER: &str = "u-1";

/// The routes beside conversations.
pub enum Route {
    /// `/oauth/authorize`
    Authorize,
    /// `/oauth/token`
    Token,
    /// `/api/v2/users/me`
    Me,
    /// `/api/v2/notifications/availabletopics`
    Topics,
    /// `/api/v2/notifications/channels`
    Channels,
    /// `/api/v2/notifications/channels/{id}`
    Channel(String),
    /// `/api/v2/notifications/channels/{id}/subscriptions`
    Subscriptions(String),
}

/// The route of a path; `None` for a route of conversations or an unknown one.
pub fn route(path: &str) -> Option<Route> {
    let path = path.split('?').next().unwrap_or_default();
    if path.ends_with("/oauth/authorize") {
        return Some(Route::Authorize);
    }
    if path.ends_with("/oauth/token") {
        return Some(Route::Token);
    }
    let (_, rest) = path.split_once("/api/v2/")?;
    match rest.split('/').collect::<Vec<_>>().as_slice() {
        ["users", "me"] => Some(Route::Me),
        ["notifications", "availabletopics"] => Some(Route::Topics),
        ["notifications", "channels"] => Some(Route::Channels),
        ["notifications", "channels", id] => Some(Route::Channel((*id).to_owned())),
        ["notifications", "channels", id, "subscriptions"] => Some(Route::Subscriptions((*id).to_owned())),
        _ => None,
    }
}

/// The scope that a request needs. One that ends with `:readonly` is included in the one without.
fn needed_scope(request: &Request) -> &'static str {
    match (route(&request.path), request.method.as_str()) {
        (Some(Route::Me), _) => "users:readonly",
        (Some(_), _) => "notifications",
        (None, "GET") => "conversations:readonly",
        (None, _) => "conversations",
    }
}

impl Simulator {
    /// The bearer of a request's token; `None` where it is not accepted. Without a `login` and an `access_token`, every
    /// token is accepted as that of the first user, and none too.
    pub(crate) fn bearer(&self, request: &Request, now_ms: f64) -> Option<Bearer> {
        let given = request.authorization.as_deref();
        let fixed = self.config().access_token.as_deref();
        let issued = self.issued.bearer(given, now_ms);
        let is_fixed = fixed.is_some() && given.and_then(|given| given.strip_prefix("Bearer ")) == fixed;
        let is_open = fixed.is_none() && self.config().login.is_none();
        let first = self.config().users.first().map_or(FIRST_USER, |user| &user.id);
        let any = Bearer { client_id: String::new(), user_id: first.to_owned() };
        issued.or_else(|| (is_fixed || is_open).then_some(any))
    }

    /// The 403 where the OAuth client lacks the scope, or the user the permission.
    pub(crate) fn forbidden(&self, bearer: &Bearer, request: &Request) -> Option<Answer> {
        let needed = needed_scope(request);
        if let Some(login) = &self.config().login
            && !bearer.client_id.is_empty()
        {
            let writing = needed.strip_suffix(":readonly").unwrap_or(needed);
            if !login.scopes(&bearer.client_id).iter().any(|scope| scope == needed || scope == writing) {
                let text = format!("The OAuth client is missing the following scope: {needed}");
                return Some(self.error(403, "missing.scopes", &text));
            }
        }
        let user = self.config().users.iter().find(|user| user.id == bearer.user_id)?;
        let is_allowed = needed != "conversations" || user.permissions.iter().any(|one| one == DISCONNECT);
        let text = format!("You are missing the following permission(s): {DISCONNECT}");
        (!is_allowed).then(|| self.error(403, "missing.permissions", &text))
    }

    /// The answer of a route of the sign-in: 404 without a `login`. `None` for the other routes.
    pub(crate) fn sign_in(&mut self, route: &Route, request: &Request, now_ms: f64) -> Option<Answer> {
        let login = self.config().login.clone();
        let mut users = self.config().users.clone();
        if users.is_empty() {
            users.push(User { id: FIRST_USER.to_owned(), name: None, permissions: vec![DISCONNECT.to_owned()] });
        }
        let query = request.path.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let page = match (route, login) {
            (Route::Authorize | Route::Token, None) => return Some(self.not_found()),
            (Route::Authorize, Some(_)) if request.method != "GET" => return Some(self.not_found()),
            (Route::Token, Some(_)) if request.method != "POST" => return Some(self.not_found()),
            (Route::Authorize, Some(login)) => login.authorize(&mut self.issued, &users, &parameters(query), now_ms),
            (Route::Token, Some(login)) => login.token(&mut self.issued, &parameters(&request.body), now_ms),
            _ => return None,
        };
        let answer = |status, body: String, name: &str, value: String| Answer {
            status,
            body,
            headers: vec![(name.to_owned(), value)],
        };
        Some(match page {
            Page::Json(status, body) => answer(status, body.to_string(), "Content-Type", "application/json".to_owned()),
            Page::Redirect(to) => answer(302, String::new(), "Location", to),
            Page::Html(status, body) => {
                let mut page = answer(status, body, "Content-Type", "text/html; charset=utf-8".to_owned());
                // Sign-in pages refuse to be shown in frames.
                page.headers.push(("X-Frame-Options".to_owned(), "DENY".to_owned()));
                page
            }
        })
    }

    /// The answer of a route that needs a token.
    pub(crate) fn session(&mut self, route: &Route, bearer: &Bearer, request: &Request, now_ms: f64) -> Answer {
        let sent: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let behaviour = self.config().notifications.clone();
        let life_ms = behaviour.life_ms;
        match (route, request.method.as_str()) {
            (Route::Me, "GET") => Answer::json(200, &self.me(bearer, &request.path)),
            (Route::Topics, "GET") => {
                let topics = ["v2.users.{id}.conversations.calls", "v2.users.{id}.conversations"];
                Answer::json(200, &json!({ "entities": topics.map(|id| json!({ "id": id })) }))
            }
            (Route::Channels, "GET") => {
                let channels: Vec<Value> = self.channels.of(bearer).map(|one| self.described(one, request)).collect();
                Answer::json(200, &json!({ "entities": channels }))
            }
            (Route::Channels, "POST") => {
                let channel = self.channels.create(bearer.clone(), &behaviour, now_ms);
                Answer::json(200, &self.described(&channel, request))
            }
            (Route::Channel(id) | Route::Subscriptions(id), method) => {
                let channel = self.channels.of(bearer).find(|channel| channel.id == *id).cloned();
                let (Some(channel), is_list) = (channel, matches!(route, Route::Subscriptions(_))) else {
                    return self.not_found();
                };
                match method {
                    "HEAD" if !is_list => Answer { status: 200, body: String::new(), headers: Vec::new() },
                    "GET" if is_list => Answer::json(200, &listed(&channel.topics)),
                    "DELETE" if is_list => {
                        self.channels.subscribe(id, Vec::new(), true, life_ms, now_ms);
                        Answer { status: 204, body: String::new(), headers: Vec::new() }
                    }
                    "PUT" | "POST" if is_list => self.subscribe(&channel, method == "PUT", &sent, now_ms),
                    _ => self.not_found(),
                }
            }
            _ => self.not_found(),
        }
    }

    /// `POST` adds topics to a channel, `PUT` replaces them.
    fn subscribe(&mut self, channel: &Channel, replaces: bool, sent: &Value, now_ms: f64) -> Answer {
        let topics: Option<Vec<String>> = sent
            .as_array()
            .and_then(|topics| topics.iter().map(|topic| Some(topic.get("id")?.as_str()?.to_owned())).collect());
        let Some(topics) = topics else {
            return self.error(400, "bad.request", "The body is a list of { id }.");
        };
        let already = if replaces { &[][..] } else { &channel.topics };
        let all: HashSet<&String> = already.iter().chain(&topics).collect();
        if all.len() > MAX_TOPICS {
            return self.error(400, "notifications.channel.topics.limit", "A channel has at most 1000 topics.");
        }
        if topics.iter().any(|topic| topic.len() > MAX_TOPIC_LENGTH) {
            return self.error(400, "bad.request", "A topic has at most 200 characters.");
        }
        let life_ms = self.config().notifications.life_ms;
        self.channels.subscribe(&channel.id, topics, replaces, life_ms, now_ms);
        let now = self.channels.list().iter().find(|one| one.id == channel.id);
        Answer::json(200, &listed(now.map_or(&[], |one| &one.topics)))
    }

    /// A channel as the API shows it.
    fn described(&self, channel: &Channel, request: &Request) -> Value {
        let origin = request.streaming_origin.as_deref().unwrap_or("wss://streaming.mypurecloud.com");
        let expires =
            UNIX_EPOCH + Duration::from_millis((self.config.started_at_ms + channel.expires_ms).max(0.0) as u64);
        json!({
            "connectUri": format!("{origin}/channels/{}", channel.id), "id": channel.id,
            "expires": humantime::format_rfc3339_millis(expires).to_string(),
        })
    }

    /// The signed-in user.
    fn me(&self, bearer: &Bearer, path: &str) -> Value {
        let user = self.config().users.iter().find(|user| user.id == bearer.user_id);
        let name = user.and_then(|user| user.name.as_deref()).unwrap_or(&bearer.user_id);
        let mut me = object(json!({
            "id": bearer.user_id, "name": name, "state": "active",
            "username": format!("{}@example.com", bearer.user_id), "version": 1,
            "selfUri": format!("/api/v2/users/{}", bearer.user_id),
        }));
        let asked = parameters(path.split_once('?').map(|(_, query)| query).unwrap_or_default());
        if asked.get("expand").is_some_and(|expand| expand.split(',').any(|one| one == "authorization")) {
            let permissions = user.map_or_else(|| vec![DISCONNECT.to_owned()], |user| user.permissions.clone());
            let authorization = json!({ "roles": [], "permissions": permissions, "permissionPolicies": [] });
            me.insert("authorization".to_owned(), authorization);
        }
        Value::Object(me)
    }

    /// Opens the WebSocket of a channel, and closes the one before. Returns its number; `None` for an unknown channel.
    pub fn connect(&mut self, channel_id: &str, now_ms: f64) -> Option<u32> {
        self.announce(now_ms);
        self.channels.connect(channel_id, now_ms)
    }

    /// A WebSocket receives a message of its client.
    pub fn receive(&mut self, socket: u32, text: &str, now_ms: f64) {
        self.announce(now_ms);
        self.channels.receive(socket, text, &self.config.notifications, now_ms);
    }

    /// The client has closed a WebSocket.
    pub fn closed(&mut self, socket: u32) {
        self.channels.closed(socket);
    }

    /// Closes all WebSockets; `notice`: after the message `v2.system.socket_closing`.
    pub fn cut(&mut self, notice: bool, now_ms: f64) {
        self.announce(now_ms);
        self.channels.cut(notice, now_ms);
    }

    /// The notification channels, the oldest first.
    pub fn channels(&self) -> &[Channel] {
        self.channels.list()
    }

    /// Sets how notifications behave from now on.
    pub fn set_notifications(&mut self, notifications: Notifications, now_ms: f64) {
        self.announce(now_ms);
        self.config.notifications = notifications;
    }

    /// Ends all tokens that the sign-in has issued.
    pub fn revoke_tokens(&mut self) {
        self.issued.revoke();
    }

    /// Takes the messages of WebSockets that are due.
    pub fn outgoing(&mut self, now_ms: f64) -> Vec<Outgoing> {
        self.announce(now_ms);
        self.channels.outgoing(&self.config.notifications, now_ms)
    }

    /// When more messages are due, as far as it is known.
    pub fn next_outgoing_ms(&self, now_ms: f64) -> Option<f64> {
        let participants = self.config.conversations.iter().flat_map(|conversation| &conversation.participants);
        let changes = participants.flat_map(|one| one.changes()).filter(|at_ms| *at_ms > now_ms);
        changes.chain(self.channels.next_ms(&self.config.notifications)).min_by(f64::total_cmp)
    }

    /// Publishes the changes since the last call. To be called before and after everything that changes a state or a
    /// channel, so that each event has the time of its change and goes to the channels of that time.
    pub(crate) fn announce(&mut self, now_ms: f64) {
        if self.channels.list().is_empty() {
            self.announced_ms = None;
            return;
        }
        let from_ms = self.announced_ms.replace(now_ms);
        let mut announced = take(&mut self.announced);
        let mut channels = take(&mut self.channels);
        announced.resize(self.config.conversations.len(), Vec::new());
        for (conversation, known) in self.config.conversations.iter().zip(&mut announced) {
            let states = |at_ms: f64| -> Vec<Option<&str>> {
                conversation.participants.iter().map(|one| one.state(at_ms)).collect()
            };
            let Some(from_ms) = from_ms else {
                *known = states(now_ms).into_iter().map(|state| state.map(str::to_owned)).collect();
                continue;
            };
            let changes = conversation.participants.iter().flat_map(|one| one.changes());
            let mut moments: Vec<f64> = changes.filter(|at_ms| from_ms < *at_ms && *at_ms < now_ms).collect();
            moments.push(now_ms);
            moments.sort_by(f64::total_cmp);
            for at_ms in moments {
                let seen = states(at_ms);
                if seen.iter().copied().eq(known.iter().map(Option::as_deref)) {
                    continue;
                }
                *known = seen.iter().map(|state| state.map(str::to_owned)).collect();
                // Also users who are no longer listed: they receive the event of their own end.
                let listed = conversation.participants.iter().filter(|one| one.was_listed(at_ms));
                let users: Vec<&str> = listed.filter_map(|one| one.user_id.as_deref()).collect();
                let body = |topic: &str| self.notification(&conversation.id, topic, at_ms);
                channels.publish(&users, &self.config.notifications, at_ms, &body);
            }
        }
        channels.expire(now_ms);
        (self.announced, self.channels) = (announced, channels);
    }
}

/// The body of a list of subscriptions.
fn listed(topics: &[String]) -> Value {
    let entities: Vec<Value> = topics.iter().map(|id| json!({ "id": id, "state": "Permitted" })).collect();
    json!({ "entities": entities })
}
