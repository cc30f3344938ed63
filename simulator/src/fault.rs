//! Scripted faults, and the delivery of a reply.

use serde::{Deserialize, Serialize};

/// The two kinds of requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exchange {
    Read,
    Write,
}

/// Before the platform saw the request, or after it did the work.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    Before,
    After,
}

/// One scripted fault. It affects the requests that it matches, `times` times, after `skip` of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Which requests it affects; `None`: both kinds.
    pub on: Option<Exchange>,
    /// It affects requests whose path has this in it, of any kind; without it, those of conversations only.
    pub path: Option<String>,
    #[serde(default)]
    pub skip: u32,
    /// How many requests it affects; default 1.
    pub times: Option<u32>,
    /// Answers with this status instead of what the platform would say.
    pub status: Option<u16>,
    /// The code and the message of the error body.
    pub code: Option<String>,
    pub message: Option<String>,
    /// The whole body, as it is.
    pub body: Option<String>,
    /// A body of so many bytes.
    pub body_bytes: Option<usize>,
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The platform does the work although it answers `status`.
    #[serde(default)]
    pub performed: bool,
    /// The answer comes so much later.
    #[serde(default)]
    pub delay_ms: f64,
    /// `before`: the request never reaches the platform; `after`: the answer is lost.
    pub lost: Option<When>,
    /// As `lost`, but the connection stays open and silent.
    pub hang: Option<When>,
    /// The connection breaks after so many bytes of the body.
    pub cut_after_bytes: Option<usize>,
    /// The body trickles: so many bytes at a time, with this pause between.
    pub slow_bytes: Option<usize>,
    #[serde(default)]
    pub slow_pause_ms: f64,
    /// Only JSON bodies are the platform's; this is what a proxy sends.
    #[serde(default)]
    pub html: bool,
    /// 307 to this address.
    pub redirect: Option<String>,
}

impl Fault {
    /// Whether it affects this request; counts down where it matches.
    pub fn strikes(&mut self, exchange: Exchange, is_session: bool, path: &str) -> bool {
        let is_kind = self.on.is_none_or(|on| on == exchange);
        let matches = is_kind && self.path.as_ref().map_or(!is_session, |part| path.contains(part.as_str()));
        let times = self.times.unwrap_or(1);
        if !matches || times == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times = Some(times - 1);
        true
    }

    pub fn reaches_platform(&self) -> bool {
        let answered_instead = self.status.is_some() || self.redirect.is_some();
        ![self.lost, self.hang].contains(&Some(When::Before)) && (!answered_instead || self.performed)
    }
}

/// How the answer travels.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Delivery {
    Whole,
    /// The connection breaks before the first byte.
    Lost,
    /// Nothing ever comes.
    Hang,
    /// The connection breaks after so many bytes of the body.
    Cut {
        bytes: usize,
    },
    #[serde(rename_all = "camelCase")]
    Slow {
        bytes: usize,
        pause_ms: f64,
    },
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub delay_ms: f64,
    pub delivery: Delivery,
}

impl Reply {
    /// Changes the reply as the fault says.
    pub fn apply(&mut self, fault: &Fault) {
        if let Some(location) = &fault.redirect {
            self.status = 307;
            self.headers.push(("Location".to_owned(), location.clone()));
        }
        if fault.html {
            self.body = "<!doctype html><title>Gateway</title><h1>It works!</h1>".to_owned();
            self.headers.retain(|(name, _)| name != "Content-Type");
            self.headers.push(("Content-Type".to_owned(), "text/html".to_owned()));
        }
        if let Some(body) = &fault.body {
            self.body.clone_from(body);
        }
        if let Some(bytes) = fault.body_bytes {
            let frame = r#"{"padding":""}"#;
            self.body = [r#"{"padding":""#, &" ".repeat(bytes.saturating_sub(frame.len())), r#""}"#].concat();
        }
        self.headers.extend(fault.headers.iter().cloned());
        self.delay_ms += fault.delay_ms;
        self.delivery = match fault {
            Fault { lost: Some(_), .. } => Delivery::Lost,
            Fault { hang: Some(_), .. } => Delivery::Hang,
            Fault { cut_after_bytes: Some(bytes), .. } => Delivery::Cut { bytes: *bytes },
            Fault { slow_bytes: Some(bytes), slow_pause_ms, .. } => {
                Delivery::Slow { bytes: *bytes, pause_ms: *slow_pause_ms }
            }
            _ => Delivery::Whole,
        };
    }
}
