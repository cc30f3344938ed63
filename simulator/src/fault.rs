//! Scripted faults, and the reply with its delivery.

use serde::{Deserialize, Serialize};

/// The two kinds of requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exchange {
    /// A read of a conversation; of other routes, a GET or HEAD.
    Read,
    /// A disconnect; of other routes, any other method.
    Write,
}

/// Where a request is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Before it reaches the platform.
    Before,
    /// After the platform has handled it.
    After,
}

/// One scripted fault. Of the requests that match `on` and `path`, it affects `times` after the first `skip`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The kind of request; `None`: both.
    pub on: Option<Exchange>,
    /// A part of the request's path, on any route; `None`: the routes of conversations.
    pub path: Option<String>,
    /// How many matching requests are not affected at first.
    #[serde(default)]
    pub skip: u32,
    /// How many requests it affects; default: 1.
    pub times: Option<u32>,
    /// The status that is answered in the platform's place, with an error body.
    pub status: Option<u16>,
    /// The code of the error body, with `status`.
    pub code: Option<String>,
    /// The message of the error body, with `status`.
    pub message: Option<String>,
    /// The whole body, unchanged.
    pub body: Option<String>,
    /// A JSON body of so many bytes.
    pub body_bytes: Option<usize>,
    /// Further headers: name and value.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The platform handles the request although the answer is `status` or `redirect`.
    #[serde(default)]
    pub performed: bool,
    /// The answer is delayed by so much.
    #[serde(default)]
    pub delay_ms: f64,
    /// The connection breaks: `before` the request reaches the platform, or `after` the platform has handled it.
    pub lost: Option<When>,
    /// As `lost`, but the connection stays open and silent.
    pub hang: Option<When>,
    /// The connection breaks after so many bytes of the body.
    pub cut_after_bytes: Option<usize>,
    /// The body is sent slowly: so many bytes at a time.
    pub slow_bytes: Option<usize>,
    /// The pause between them.
    #[serde(default)]
    pub slow_pause_ms: f64,
    /// The body is an HTML page, as a proxy would send it.
    #[serde(default)]
    pub html: bool,
    /// The answer is 307 with this address.
    pub redirect: Option<String>,
}

impl Fault {
    /// Whether it affects this request; counts `skip` and `times` down where it matches. `is_session`: not a route of
    /// conversations.
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

    /// Whether the platform handles an affected request.
    pub fn reaches_platform(&self) -> bool {
        let answered_instead = self.status.is_some() || self.redirect.is_some();
        ![self.lost, self.hang].contains(&Some(When::Before)) && (!answered_instead || self.performed)
    }
}

/// How the network delivers the answer.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Delivery {
    /// As a whole.
    Whole,
    /// The connection breaks before the first byte.
    Lost,
    /// The connection stays open and silent.
    Hang,
    /// The connection breaks within the body.
    Cut {
        /// So many bytes of the body arrive.
        bytes: usize,
    },
    /// The body arrives slowly.
    #[serde(rename_all = "camelCase")]
    Slow {
        /// So many bytes at a time.
        bytes: usize,
        /// The pause between them.
        pause_ms: f64,
    },
}

/// The answer to a request, and its delivery.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The text of the body.
    pub body: String,
    /// How long the answer is delayed.
    pub delay_ms: f64,
    /// How it arrives.
    pub delivery: Delivery,
}

impl Reply {
    /// Applies a fault to the reply.
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
