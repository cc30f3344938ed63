//! The true state of the platform, what its reads show of it, and which writes it accepts.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    pub conversations: Vec<Conversation>,
    /// Reads show what was true so long ago.
    #[serde(default)]
    pub read_lag_ms: f64,
    /// From the acceptance of a disconnect to its effect.
    #[serde(default)]
    pub effect_delay_ms: f64,
    /// States whose disconnect is accepted.
    #[serde(default = "connected")]
    pub accepted_states: Vec<String>,
    /// The one access token that is accepted; without it, any.
    pub access_token: Option<String>,
    /// How many requests one token may make in a window; without it, any number, and no header says so.
    pub requests_per_minute: Option<u32>,
    /// The length of that window.
    #[serde(default = "minute")]
    pub rate_window_ms: f64,
    #[serde(default)]
    pub faults: Vec<crate::Fault>,
    /// Who may sign in; without a `login` every token is the first one's.
    #[serde(default)]
    pub users: Vec<crate::User>,
    pub login: Option<crate::Login>,
    #[serde(default)]
    pub notifications: crate::Notifications,
    /// What the clock's 0 is as a date, in milliseconds since 1970; default: the day of the conversations.
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

/// A platform without anybody on it: it accepts the disconnect of whoever is connected, at once.
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

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Conversation {
    pub id: String,
    pub participants: Vec<Participant>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Participant {
    pub id: String,
    /// `agent`, `customer`, `acd`, `ivr`, `external`, …
    #[serde(default = "customer")]
    pub purpose: String,
    pub name: Option<String>,
    pub user_id: Option<String>,
    pub address: Option<String>,
    /// Of a leg that only listens, such as a supervisor's: the participant that it monitors.
    pub monitored_participant_id: Option<String>,
    pub coached_participant_id: Option<String>,
    pub barged_participant_id: Option<String>,
    #[serde(default)]
    pub held: bool,
    /// The true states, in order of time; before the first step the participant is not listed.
    pub schedule: Vec<Step>,
    /// When a disconnect that was accepted takes effect.
    #[serde(skip)]
    pub removed_at_ms: Option<f64>,
    /// Size of the attributes that the participant carries, in bytes.
    #[serde(default)]
    pub attribute_bytes: usize,
}

fn customer() -> String {
    "customer".to_owned()
}

/// From `at` on the participant is in `state`; `None`: not listed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    #[serde(default)]
    pub at: f64,
    pub state: Option<String>,
    /// The platform is changing the participant: reads show the state, writes are refused.
    #[serde(default)]
    pub changing: bool,
}

pub const GONE: [&str; 2] = ["disconnected", "terminated"];

/// How the platform answers a disconnect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Accepted,
    /// Not in a state that can be disconnected, or changing.
    Refused,
    Gone,
    NotListed,
}

impl Participant {
    /// A customer, of whom nothing else is known.
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

    /// Whether it is listed, or was.
    pub fn was_listed(&self, now_ms: f64) -> bool {
        self.schedule.iter().any(|step| step.at <= now_ms && step.state.is_some())
    }

    /// When its true state changes.
    pub fn changes(&self) -> impl Iterator<Item = f64> {
        self.schedule.iter().map(|step| step.at).chain(self.removed_at_ms)
    }

    /// When it ended, where it has.
    pub fn ended_at_ms(&self, now_ms: f64) -> Option<f64> {
        let is_gone = self.state(now_ms).is_some_and(|state| GONE.contains(&state));
        let scheduled = self.step(now_ms).map(|step| step.at);
        is_gone.then(|| self.removed_at_ms.filter(|removed_at| *removed_at <= now_ms).or(scheduled)).flatten()
    }

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

    /// Another party changes the true state.
    pub fn set_state(&mut self, state: Option<String>, now_ms: f64) {
        self.schedule.retain(|step| step.at <= now_ms);
        self.schedule.push(Step { at: now_ms, state, changing: false });
    }
}
