//! Users and their sign-in: authorization code with PKCE (RFC 6749, RFC 7636), access tokens, scopes, permissions.
//!
//! Parameters and answers: `ApiClient.js` of the official SDK (262). The code of the 403 for a missing scope is not
//! published; the simulator has one of its own.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// How long a code can be exchanged for a token.
const CODE_LIFE_MS: f64 = 60_000.0;
/// Length of a verifier, by RFC 7636.
const VERIFIER_LENGTH: std::ops::RangeInclusive<usize> = 43..=128;
/// The permission that a disconnect needs.
pub const DISCONNECT: &str = "conversation:communication:disconnect";

/// A user of the platform.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// The user's id.
    pub id: String,
    /// Default: the id.
    pub name: Option<String>,
    /// Default: the one that a disconnect needs.
    #[serde(default = "permissions")]
    pub permissions: Vec<String>,
}

fn permissions() -> Vec<String> {
    vec![DISCONNECT.to_owned()]
}

/// The sign-in. With it, only tokens that it has issued, and `access_token`, are accepted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Login {
    /// The OAuth clients that may use it.
    pub clients: Vec<OAuthClient>,
    /// How long a token is valid; default: a day.
    pub token_life_ms: Option<f64>,
    /// The sign-in shows a page with the users to choose from; default: the first user is signed in already.
    #[serde(default)]
    pub asks: bool,
    /// The sign-in fails with this `error` and `error_description`.
    pub error: Option<(String, String)>,
}

/// An OAuth client of the platform.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OAuthClient {
    /// Its `client_id`.
    pub id: String,
    /// The addresses that the sign-in may return to.
    pub redirect_uris: Vec<String>,
    /// Default: those that reads, notifications and disconnects need.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
}

fn scopes() -> Vec<String> {
    ["conversations", "notifications", "users:readonly"].map(str::to_owned).to_vec()
}

/// The codes and tokens that the sign-in has issued.
#[derive(Clone, Debug, Default)]
pub struct Issued {
    /// Codes and tokens so far, for their names.
    count: u32,
    codes: Vec<Code>,
    tokens: Vec<Token>,
}

/// A code that was not exchanged yet.
#[derive(Clone, Debug)]
struct Code {
    code: String,
    client_id: String,
    redirect_uri: String,
    challenge: String,
    user_id: String,
    expires_ms: f64,
}

/// An access token.
#[derive(Clone, Debug)]
struct Token {
    token: String,
    /// The code that it was issued for.
    code: String,
    client_id: String,
    user_id: String,
    expires_ms: f64,
}

/// The OAuth client and the user of an access token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bearer {
    /// Empty where the sign-in did not issue the token.
    pub client_id: String,
    /// The user's id.
    pub user_id: String,
}

/// An answer of the sign-in.
#[derive(Debug)]
pub enum Page {
    /// Status and page.
    Html(u16, String),
    /// 302 to this address.
    Redirect(String),
    /// Status and body.
    Json(u16, Value),
}

/// The parameters of a query or a form.
pub type Parameters = HashMap<String, String>;

/// Parses a query or a form.
pub fn parameters(text: &str) -> Parameters {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

impl Login {
    fn client(&self, id: &str) -> Option<&OAuthClient> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// The scopes of a client; none for an unknown one.
    pub fn scopes(&self, client_id: &str) -> &[String] {
        self.client(client_id).map_or(&[], |client| &client.scopes)
    }

    /// `GET /oauth/authorize`: a page, or a redirect with a code or an error. `asked.user` is the choice on the page.
    pub fn authorize(&self, issued: &mut Issued, users: &[User], asked: &Parameters, now_ms: f64) -> Page {
        let given = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
        let (client_id, redirect_uri) = (given("client_id"), given("redirect_uri"));
        let is_known =
            self.client(client_id).is_some_and(|client| client.redirect_uris.iter().any(|uri| uri == redirect_uri));
        // No redirect to an address that is not the client's (RFC 6749, section 4.1.2.1).
        if !is_known {
            let why = format!("invalid_request: the client {client_id} has no authorized redirect URI {redirect_uri}");
            return Page::Html(400, page("Sign-in failed", &format!("<p>{}</p>", escaped(&why))));
        }
        let back = |answer: &[(&str, &str)]| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(answer);
            if let Some(state) = asked.get("state") {
                query.append_pair("state", state);
            }
            let joint = if redirect_uri.contains('?') { '&' } else { '?' };
            Page::Redirect(format!("{redirect_uri}{joint}{}", query.finish()))
        };
        let failed = |error: &str, description: &str| back(&[("error", error), ("error_description", description)]);
        if let Some((error, description)) = &self.error {
            return failed(error, description);
        }
        if given("response_type") != "code" {
            return failed("unsupported_response_type", "Only response_type=code is supported.");
        }
        let challenge = given("code_challenge");
        if given("code_challenge_method") != "S256" || challenge.is_empty() {
            return failed("invalid_request", "code_challenge with code_challenge_method=S256 is required.");
        }
        let chosen = asked.get("user");
        let Some(user) = users.iter().find(|user| chosen.is_none_or(|id| *id == user.id)) else {
            return failed("access_denied", "There is no such user.");
        };
        if self.asks && chosen.is_none() {
            return Page::Html(200, page("Sign in", &choice(users, asked)));
        }
        issued.count += 1;
        let code = format!("code-{}", issued.count);
        issued.codes.push(Code {
            code: code.clone(),
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            challenge: challenge.to_owned(),
            user_id: user.id.clone(),
            expires_ms: now_ms + CODE_LIFE_MS,
        });
        back(&[("code", &code)])
    }

    /// `POST /oauth/token`: exchanges a code for a token.
    pub fn token(&self, issued: &mut Issued, form: &Parameters, now_ms: f64) -> Page {
        let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let failed = |error: &str, description: &str| {
            Page::Json(400, json!({ "error": error, "description": description, "error_description": description }))
        };
        if given("grant_type") != "authorization_code" {
            return failed("unsupported_grant_type", "grant_type is authorization_code.");
        }
        // A code can be used once, whether the exchange succeeds or fails; a second use ends its token (RFC 6749,
        // section 4.1.2).
        let Some(index) = issued.codes.iter().position(|one| one.code == given("code")) else {
            issued.tokens.retain(|token| token.code != given("code"));
            return failed("invalid_grant", "The code is unknown or was used.");
        };
        let code = issued.codes.remove(index);
        let verifier = given("code_verifier");
        if code.expires_ms <= now_ms {
            return failed("invalid_grant", "The code has expired.");
        }
        if (code.client_id.as_str(), code.redirect_uri.as_str()) != (given("client_id"), given("redirect_uri")) {
            return failed("invalid_grant", "client_id or redirect_uri differs from that of the authorization.");
        }
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_verifier = VERIFIER_LENGTH.contains(&verifier.len()) && verifier.bytes().all(is_unreserved);
        if !is_verifier || URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != code.challenge {
            return failed("invalid_grant", "code_verifier does not match code_challenge.");
        }
        issued.count += 1;
        let token = format!("token-{}", issued.count);
        let life_ms = self.token_life_ms.unwrap_or(86_400_000.0);
        issued.tokens.push(Token {
            token: token.clone(),
            code: code.code,
            client_id: code.client_id,
            user_id: code.user_id,
            expires_ms: now_ms + life_ms,
        });
        let expires_in = (life_ms / 1_000.0).floor();
        Page::Json(200, json!({ "access_token": token, "token_type": "bearer", "expires_in": expires_in as u64 }))
    }
}

impl Issued {
    /// The bearer of the token in a header `Authorization`; `None` where it is unknown or has expired.
    pub fn bearer(&self, authorization: Option<&str>, now_ms: f64) -> Option<Bearer> {
        let token = authorization?.strip_prefix("Bearer ")?;
        let found = self.tokens.iter().find(|one| one.token == token && now_ms < one.expires_ms)?;
        Some(Bearer { client_id: found.client_id.clone(), user_id: found.user_id.clone() })
    }

    /// Ends all tokens, as when an administrator changes the client.
    pub fn revoke(&mut self) {
        self.tokens.clear();
    }
}

/// A link for each user. Links need neither a script nor a form, so every page policy allows them.
fn choice(users: &[User], asked: &Parameters) -> String {
    let link = |user: &User| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(asked).append_pair("user", &user.id);
        let name = user.name.as_deref().unwrap_or(&user.id);
        format!("<p><a href=\"/oauth/authorize?{}\">{}</a></p>", escaped(&query.finish()), escaped(name))
    };
    ["<p>Continue as</p>".to_owned()].into_iter().chain(users.iter().map(link)).collect()
}

/// An HTML page.
fn page(title: &str, body: &str) -> String {
    let style = "font: 1.1rem system-ui; margin: 3rem auto; max-width: 24rem; padding: 0 1rem";
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title} · simulator</title>\
         <body style=\"{style}\"><h1>{title}</h1>{body}<p><small>The simulator's sign-in page</small></p></body></html>"
    )
}

/// Text as HTML.
fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '"' => result.push_str("&quot;"),
            _ => result.push(character),
        }
    }
    result
}
