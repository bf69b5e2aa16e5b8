//! Cookies, and the pages that may keep their refresh token in one.

use axum::http::header::{COOKIE, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use chrono::{DateTime, Utc};
use url::{Host, Url};

use crate::graphql::{CookieChange, RefreshCookie};

use super::cors::Cors;

/// The value of the cookie of this name.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == wanted).then_some(value))
}

/// Adds a cookie to a response, with these attributes.
pub(super) fn set_cookie(response: &mut Response, name: &str, value: &str, attributes: &str) {
    if let Ok(cookie) = HeaderValue::from_str(&format!("{name}={value}; {attributes}")) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// Form of the cookie that a page's refresh token is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// By a page that came over TLS. The prefix lets browsers take the cookie only if it is secure and of this very host
    /// (RFC 6265bis, section 4.1.3).
    Encrypted,
    /// By a page of this machine, in development: not all browsers take secure cookies from there.
    Local,
}

impl Storage {
    /// Form for the page that a request comes from; none where it may keep no token. Browsers name the page's origin with each
    /// POST. What they send by themselves is believed only on behalf of this host's own pages, and of those that the
    /// settings name: to browsers all hosts of one site are one.
    pub(super) fn of(headers: &HeaderMap, cors: &Cors) -> Option<Self> {
        let origin = Url::parse(headers.get(ORIGIN)?.to_str().ok()?).ok()?;
        if !cors.allow(headers) {
            return None;
        }
        match (origin.scheme(), origin.host()?) {
            ("https", _) => Some(Self::Encrypted),
            ("http", Host::Domain("localhost")) => Some(Self::Local),
            ("http", Host::Ipv4(address)) if address.is_loopback() => Some(Self::Local),
            ("http", Host::Ipv6(address)) if address.is_loopback() => Some(Self::Local),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Encrypted => "__Host-phr-refresh",
            Self::Local => "phr-refresh",
        }
    }

    /// No page can read it, and no other site has it sent (RFC 6265bis, section 4.1.2).
    const fn attributes(self) -> &'static str {
        match self {
            Self::Encrypted => "Path=/; HttpOnly; SameSite=Strict; Secure",
            Self::Local => "Path=/; HttpOnly; SameSite=Strict",
        }
    }

    /// The cookie that a request brought.
    pub(super) fn cookie(self, headers: &HeaderMap) -> RefreshCookie {
        let token = cookie(headers, self.name()).filter(|token| !token.is_empty());
        RefreshCookie::new(token.map(ToOwned::to_owned))
    }

    /// Tells the browser of a change to the cookie.
    pub(super) fn tell(self, response: &mut Response, cookie: &RefreshCookie, now: DateTime<Utc>) {
        let (token, seconds) = match cookie.change() {
            Some(CookieChange::Set { token, expires_at }) => (token, (expires_at - now).num_seconds().max(0)),
            Some(CookieChange::Clear) => (String::new(), 0),
            None => return,
        };
        let attributes = format!("{}; Max-Age={seconds}", self.attributes());
        set_cookie(response, self.name(), &token, &attributes);
    }
}
