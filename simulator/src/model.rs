//! The true state of the platform, what its reads show of it, and which writes it accepts.

use serde::Deserialize;

/// The platform at time 0, and how it behaves.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The conversations, each with its participants.
    pub conversations: Vec<Conversation>,
    /// Reads show what was true so long ago.
    #[serde(default)]
    pub read_lag_ms: f64,
    /// From the acceptance of a disconnect to its effect.
    #[serde(default)]
    pub effect_delay_ms: f64,
    /// States in which a disconnect is accepted.
    #[serde(default = "connected")]
    pub accepted_states: Vec<String>,
    /// The only access token that is accepted; `None`: any.
    pub access_token: Option<String>,
    /// How many requests one token may make in a window; `None`: any number, and responses have no such headers.
    pub requests_per_minute: Option<u32>,
    /// The length of that window.
    #[serde(default = "minute")]
    pub rate_window_ms: f64,
    /// Scripted faults, in order: of those that match a request, the first one affects it.
    #[serde(default)]
    pub faults: Vec<crate::Fault>,
    /// Users who may sign in. Without a `login`, every token is that of the first one.
    #[serde(default)]
    pub users: Vec<crate::User>,
    /// The sign-in.
    pub login: Option<crate::Login>,
    /// How notifications behave.
    #[serde(default)]
    pub notifications: crate::Notifications,
    /// The date of the clock's 0, in milliseconds since 1970; default: the day of the conversations.
    #[serde(default = "day")]
    pub started_at_ms: f64,
}

/// 2026-11-22T09:30:00Z, when every conversation of the simulator starts.
fn day() -> f64 {
    1_795_339_800_000.0
}

fn minute() -> f64 {
    60_000.0
}

fn connected() -> Vec<String> {
    vec!["connected".to_owned()]
}

/// A platform without conversations. It accepts the disconnect of connected participants, and it takes effect at once.
impl Default for Config {
    fn default() -> Self {
        Config {
            conversations: Vec::new(),
            read_lag_ms: 0.0,
            effect_delay_ms: 0.0,
            accepted_states: connected(),
            access_token: None,
            requests_per_minute: None,
            rate_window_ms: minute(),
            faults: Vec::new(),
            users: Vec::new(),
            login: None,
            notifications: crate::Notifications::default(),
            started_at_ms: day(),
        }
    }
}

/// A conversation.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// All participants that it ever has.
    pub participants: Vec<Participant>,
}

/// A participant of a conversation, with all its states over time.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Participant {
    /// Its id.
    pub id: String,
    /// `agent`, `customer`, `acd`, `ivr`, `external` ...; default: `customer`.
    #[serde(default = "customer")]
    pub purpose: String,
    /// Default: the purpose.
    pub name: Option<String>,
    /// The user of an agent's leg, who receives events of the conversation.
    pub user_id: Option<String>,
    /// A telephone or SIP address; default: a telephone number.
    pub address: Option<String>,
    /// Of a leg that only listens, such as a supervisor's: the participant that it monitors.
    pub monitored_participant_id: Option<String>,
    /// The participant that it coaches.
    pub coached_participant_id: Option<String>,
    /// The participant that it barges in on.
    pub barged_participant_id: Option<String>,
    /// The flag `held` in bodies.
    #[serde(default)]
    pub held: bool,
    /// The true states, in order of time; before the first step the participant is not listed.
    pub schedule: Vec<Step>,
    /// When a disconnect that was accepted takes effect.
    #[serde(skip)]
    pub removed_at_ms: Option<f64>,
    /// Size of the attributes of the participant in bodies, in bytes.
    #[serde(default)]
    pub attribute_bytes: usize,
}

fn customer() -> String {
    "customer".to_owned()
}

/// A state of a participant, until the next step.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// When it begins.
    #[serde(default)]
    pub at: f64,
    /// `None`: the participant is not listed.
    pub state: Option<String>,
    /// The platform is changing the participant: reads show the state, writes are refused.
    #[serde(default)]
    pub changing: bool,
}

/// The states of a participant that is gone.
pub const GONE: [&str; 2] = ["disconnected", "terminated"];

/// How the platform answers a disconnect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It takes effect after `effect_delay_ms`.
    Accepted,
    /// The state is not one of `accepted_states`, or is changing, or a disconnect was accepted already.
    Refused,
    /// The participant is gone.
    Gone,
    /// The participant is not listed now.
    NotListed,
}

impl Participant {
    /// A customer with only an id and its states.
    pub fn customer(id: &str, schedule: Vec<Step>) -> Self {
        Participant {
            id: id.to_owned(),
            purpose: customer(),
            name: None,
            user_id: None,
            address: None,
            monitored_participant_id: None,
            coached_participant_id: None,
            barged_participant_id: None,
            held: false,
            schedule,
            removed_at_ms: None,
            attribute_bytes: 0,
        }
    }

    /// The step of the schedule at a time; `None` before the first one.
    fn step(&self, now_ms: f64) -> Option<&Step> {
        self.schedule.iter().rev().find(|step| step.at <= now_ms)
    }

    /// The true state; `None` where the participant is not listed.
    pub fn state(&self, now_ms: f64) -> Option<&str> {
        let scheduled = self.step(now_ms)?.state.as_deref();
        let removed = self.removed_at_ms.is_some_and(|removed_at| removed_at <= now_ms);
        match scheduled {
            Some(state) if GONE.contains(&state) => Some(state),
            _ if removed => Some("disconnected"),
            state => state,
        }
    }

    /// Whether it is listed or was listed before.
    pub fn was_listed(&self, now_ms: f64) -> bool {
        self.schedule.iter().any(|step| step.at <= now_ms && step.state.is_some())
    }

    /// The times at which its true state changes.
    pub fn changes(&self) -> impl Iterator<Item = f64> {
        self.schedule.iter().map(|step| step.at).chain(self.removed_at_ms)
    }

    /// When it ended; `None` where it has not.
    pub fn ended_at_ms(&self, now_ms: f64) -> Option<f64> {
        let is_gone = self.state(now_ms).is_some_and(|state| GONE.contains(&state));
        let scheduled = self.step(now_ms).map(|step| step.at);
        is_gone.then(|| self.removed_at_ms.filter(|removed_at| *removed_at <= now_ms).or(scheduled)).flatten()
    }

    /// Handles a disconnect that arrives at `now_ms`.
    pub fn disconnect(&mut self, now_ms: f64, accepted_states: &[String], effect_delay_ms: f64) -> Verdict {
        let Some(state) = self.state(now_ms).map(str::to_owned) else { return Verdict::NotListed };
        if GONE.contains(&state.as_str()) {
            return Verdict::Gone;
        }
        let changing = self.step(now_ms).is_some_and(|step| step.changing) || self.removed_at_ms.is_some();
        if changing || !accepted_states.contains(&state) {
            return Verdict::Refused;
        }
        self.removed_at_ms = Some(now_ms + effect_delay_ms);
        Verdict::Accepted
    }

    /// Changes the true state now, as another party would; later steps are dropped.
    pub fn set_state(&mut self, state: Option<String>, now_ms: f64) {
        self.schedule.retain(|step| step.at <= now_ms);
        self.schedule.push(Step { at: now_ms, state, changing: false });
    }
}
