//! Notification channels: their subscriptions, and the messages on their WebSockets. Faults that real ones have can be
//! set: delays, duplicates, gaps, starvation, silence.
//!
//! Sources: `NotificationsApi` of the official SDKs (limits, shapes), the vendor's Java `NotificationHandler` (ping,
//! `v2.system.socket_closing`), public reports of users (heartbeats, starvation).

use crate::login::Bearer;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Topics that one channel may have.
pub const MAX_TOPICS: usize = 1_000;
/// The longest topic, in bytes.
pub const MAX_TOPIC_LENGTH: usize = 200;

/// How the notifications behave.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Notifications {
    /// From a change to its event.
    pub delay_ms: f64,
    /// How many more times each event is sent.
    pub duplicates: u32,
    /// The events of changes in these times, `[from, to)`, are lost.
    pub gaps: Vec<(f64, f64)>,
    /// Heartbeats are sent, events are not.
    pub starved: bool,
    /// Nothing is sent, though sockets stay open.
    pub silent: bool,
    /// From one heartbeat of a socket to the next.
    pub heartbeat_ms: f64,
    /// How long a channel lives after it was created or subscribed.
    pub life_ms: f64,
    /// Channels of one user by one OAuth client; a further one removes the one that was used longest ago.
    pub max_channels: usize,
}

impl Notifications {
    /// `heartbeat_ms`, at least 1.
    fn interval_ms(&self) -> f64 {
        self.heartbeat_ms.max(1.0)
    }
}

impl Default for Notifications {
    fn default() -> Self {
        Notifications {
            delay_ms: 0.0,
            duplicates: 0,
            gaps: Vec::new(),
            starved: false,
            silent: false,
            heartbeat_ms: 30_000.0,
            life_ms: 86_400_000.0,
            max_channels: 20,
        }
    }
}

/// A notification channel.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// Its id.
    pub id: String,
    /// Whose token created it.
    #[serde(skip)]
    pub owner: Bearer,
    /// As they were subscribed, combined ones too.
    pub topics: Vec<String>,
    /// When it expires.
    pub expires_ms: f64,
    /// When it was created, subscribed or connected last.
    #[serde(skip)]
    used_ms: f64,
    /// The one WebSocket that it may have.
    pub socket: Option<u32>,
    /// When the last heartbeat was sent, or the socket opened.
    #[serde(skip)]
    heartbeat_ms: f64,
}

/// A message on a WebSocket.
#[derive(Clone, Debug, Serialize)]
pub struct Outgoing {
    /// The number of the WebSocket.
    pub socket: u32,
    /// `None`: the platform closes the WebSocket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A message that is not sent yet.
#[derive(Clone, Debug)]
struct Pending {
    due_ms: f64,
    /// An event of a topic, as opposed to a message about the channel itself.
    is_event: bool,
    outgoing: Outgoing,
}

/// All notification channels, and the messages on them.
#[derive(Clone, Debug, Default)]
pub struct Channels {
    /// Channels and sockets so far, for their numbers.
    count: u32,
    channels: Vec<Channel>,
    pending: Vec<Pending>,
}

impl Channels {
    /// All channels, the oldest first.
    pub fn list(&self) -> &[Channel] {
        &self.channels
    }

    /// The channels of one user by one OAuth client.
    pub fn of<'a>(&'a self, owner: &'a Bearer) -> impl Iterator<Item = &'a Channel> {
        self.channels.iter().filter(move |channel| channel.owner == *owner)
    }

    /// Creates a channel. Where there are too many, removes others, those without a socket first.
    pub fn create(&mut self, owner: Bearer, behaviour: &Notifications, now_ms: f64) -> Channel {
        while self.of(&owner).count() >= behaviour.max_channels.max(1) {
            let oldest = self.of(&owner).min_by(|one, other| {
                (one.socket.is_some(), one.used_ms)
                    .partial_cmp(&(other.socket.is_some(), other.used_ms))
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
            let Some(id) = oldest.map(|channel| channel.id.clone()) else { break };
            self.remove(&id, now_ms);
        }
        self.count += 1;
        let channel = Channel {
            id: format!("streaming-{}", self.count),
            owner,
            topics: Vec::new(),
            expires_ms: now_ms + behaviour.life_ms,
            used_ms: now_ms,
            socket: None,
            heartbeat_ms: now_ms,
        };
        self.channels.push(channel.clone());
        channel
    }

    /// Removes a channel, and closes its socket.
    fn remove(&mut self, id: &str, now_ms: f64) {
        let Some(index) = self.channels.iter().position(|channel| channel.id == id) else { return };
        if let Some(socket) = self.channels.remove(index).socket {
            self.close(socket, now_ms);
        }
    }

    /// Removes the channels that have expired.
    pub fn expire(&mut self, now_ms: f64) {
        let over: Vec<String> =
            self.channels.iter().filter(|one| one.expires_ms <= now_ms).map(|one| one.id.clone()).collect();
        for id in over {
            self.remove(&id, now_ms);
        }
    }

    /// Adds topics to a channel, or with `replaces` replaces them; the channel then lives for `life_ms` from now.
    pub fn subscribe(&mut self, id: &str, topics: Vec<String>, replaces: bool, life_ms: f64, now_ms: f64) {
        let Some(channel) = self.channels.iter_mut().find(|channel| channel.id == id) else { return };
        if replaces {
            channel.topics.clear();
        }
        for topic in topics {
            if !channel.topics.contains(&topic) {
                channel.topics.push(topic);
            }
        }
        (channel.used_ms, channel.expires_ms) = (now_ms, now_ms + life_ms);
    }

    /// Opens the WebSocket of a channel, and closes the one before. Returns its number; `None` for an unknown channel.
    pub fn connect(&mut self, id: &str, now_ms: f64) -> Option<u32> {
        self.count += 1;
        let socket = self.count;
        let channel = self.channels.iter_mut().find(|channel| channel.id == id)?;
        (channel.used_ms, channel.heartbeat_ms) = (now_ms, now_ms);
        if let Some(before) = channel.socket.replace(socket) {
            self.close(before, now_ms);
        }
        Some(socket)
    }

    /// The client has closed a WebSocket: its messages are dropped.
    pub fn closed(&mut self, socket: u32) {
        for channel in &mut self.channels {
            channel.socket = channel.socket.filter(|one| *one != socket);
        }
        self.pending.retain(|one| one.outgoing.socket != socket);
    }

    /// Closes a WebSocket, after the messages that are due before.
    fn close(&mut self, socket: u32, now_ms: f64) {
        self.send(socket, None, now_ms);
    }

    /// Adds a message that is not an event.
    fn send(&mut self, socket: u32, text: Option<String>, due_ms: f64) {
        self.pending.push(Pending { due_ms, is_event: false, outgoing: Outgoing { socket, text } });
    }

    /// Closes all WebSockets; `notice`: after a message that announces it.
    pub fn cut(&mut self, notice: bool, now_ms: f64) {
        let sockets: Vec<u32> = self.channels.iter_mut().filter_map(|channel| channel.socket.take()).collect();
        for socket in sockets {
            if notice {
                let text = message("v2.system.socket_closing", json!({ "message": "Socket closing" }));
                self.send(socket, Some(text), now_ms);
            }
            self.close(socket, now_ms);
        }
    }

    /// Handles a message of a client: a ping is answered, others are ignored.
    pub fn receive(&mut self, socket: u32, text: &str, behaviour: &Notifications, now_ms: f64) {
        let sent: Value = serde_json::from_str(text).unwrap_or_default();
        if sent.get("message") == Some(&json!("ping")) && !behaviour.silent {
            let text = message("channel.metadata", json!({ "message": "pong" }));
            self.send(socket, Some(text), now_ms);
        }
    }

    /// Adds the events of a conversation that has changed at `at_ms`, for the topics of these users. `body` makes the
    /// notification of a topic.
    pub fn publish(
        &mut self,
        users: &[&str],
        behaviour: &Notifications,
        at_ms: f64,
        body: &dyn Fn(&str) -> Option<Value>,
    ) {
        let is_lost = behaviour.gaps.iter().any(|(from, to)| (*from..*to).contains(&at_ms));
        if behaviour.starved || behaviour.silent || is_lost {
            return;
        }
        for channel in self.channels.iter().filter(|channel| at_ms < channel.expires_ms) {
            let Some(socket) = channel.socket else { continue };
            let mut published = HashSet::new();
            for topic in channel.topics.iter().flat_map(|topic| expanded(topic)) {
                if !published.insert(topic.clone()) {
                    continue;
                }
                let is_theirs = users.iter().any(|user| is_of_user(&topic, user));
                let Some(notification) = is_theirs.then(|| body(&topic)).flatten() else { continue };
                let due_ms = at_ms + behaviour.delay_ms;
                for _ in 0..=behaviour.duplicates {
                    let outgoing = Outgoing { socket, text: Some(notification.to_string()) };
                    self.pending.push(Pending { due_ms, is_event: true, outgoing });
                }
            }
        }
    }

    /// Takes the messages that are due, in order.
    pub fn outgoing(&mut self, behaviour: &Notifications, now_ms: f64) -> Vec<Outgoing> {
        let is_kept =
            |one: &Pending| one.outgoing.text.is_none() || !(behaviour.silent || behaviour.starved && one.is_event);
        self.pending.retain(is_kept);
        let mut heartbeats_due = Vec::new();
        for channel in &mut self.channels {
            let Some(socket) = channel.socket.filter(|_| !behaviour.silent) else { continue };
            if channel.heartbeat_ms + behaviour.interval_ms() <= now_ms {
                channel.heartbeat_ms = now_ms;
                heartbeats_due.push(socket);
            }
        }
        for socket in heartbeats_due {
            let text = message("channel.metadata", json!({ "message": "WebSocket Heartbeat" }));
            self.send(socket, Some(text), now_ms);
        }
        let (mut due, pending): (Vec<_>, Vec<_>) = self.pending.drain(..).partition(|one| one.due_ms <= now_ms);
        self.pending = pending;
        due.sort_by(|one, other| one.due_ms.total_cmp(&other.due_ms));
        due.into_iter().map(|one| one.outgoing).collect()
    }

    /// When the next message is due, as far as it is known.
    pub fn next_ms(&self, behaviour: &Notifications) -> Option<f64> {
        let open = self.channels.iter().filter(|channel| channel.socket.is_some() && !behaviour.silent);
        let heartbeats = open.map(|channel| channel.heartbeat_ms + behaviour.interval_ms());
        self.pending.iter().map(|one| one.due_ms).chain(heartbeats).min_by(f64::total_cmp)
    }
}

/// The text of a message about the channel itself.
fn message(topic: &str, body: Value) -> String {
    json!({ "topicName": topic, "eventBody": body }).to_string()
}

/// The single topics of a combined one, like `v2.users.{id}.conversations?calls&callbacks`.
fn expanded(topic: &str) -> Vec<String> {
    match topic.split_once('?') {
        Some((prefix, parts)) => parts.split('&').map(|part| format!("{prefix}.{part}")).collect(),
        None => vec![topic.to_owned()],
    }
}

/// Whether a topic is about the conversations of a user.
fn is_of_user(topic: &str, user: &str) -> bool {
    let rest = topic.strip_prefix("v2.users.").and_then(|rest| rest.strip_prefix(user));
    matches!(rest, Some(".conversations.calls" | ".conversations"))
}
