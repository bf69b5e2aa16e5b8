//! How freshly a request wants to read, and what it is told for the next one.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use parking_lot::Mutex;

use crate::auth::Authority;
use crate::database::{Cluster, Consistency, ConsistencyToken};
use crate::error::{Error, Result};

use super::cookies::{cookie, set_cookie};

const CONSISTENCY: HeaderName = HeaderName::from_static("x-consistency");
const TOKEN: HeaderName = HeaderName::from_static("x-consistency-token");
/// With the value 1, a browser asks for tokens as a cookie, which it then sends by itself.
const ASKS_FOR_COOKIE: HeaderName = HeaderName::from_static("x-consistency-cookie");
const NAME: &str = "phr-consistency";

/// What a request wants, and what has been written in it.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) consistency: Consistency,
    token: Option<String>,
    /// Whether tokens go to and fro as a cookie.
    by_cookie: bool,
    is_encrypted: bool,
    written: Mutex<Option<String>>,
}

impl Wish {
    /// A request's. A header says more than a cookie, which the browser sends whether or not the page thinks of it.
    pub(super) fn of(headers: &HeaderMap, is_encrypted: bool) -> Result<Self> {
        let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let wrong = |message: &str| Error::BadRequest(message.to_owned());
        let consistency = text(&CONSISTENCY).map_or(Ok(Consistency::default()), str::parse).map_err(wrong)?;
        let asks = match text(&ASKS_FOR_COOKIE) {
            None => false,
            Some("1") => true,
            Some(_) => return Err(wrong("X-Consistency-Cookie takes 1")),
        };
        let (header, cookie) = (text(&TOKEN), cookie(headers, NAME));
        let by_cookie = asks || cookie.is_some();
        let token = header.or(cookie).map(ToOwned::to_owned);
        Ok(Self { consistency, token, by_cookie, is_encrypted, written: Mutex::default() })
    }

    /// The token that the request brought, if reads can be held to it.
    pub(super) async fn token(&self, authority: &Authority, cluster: &Cluster) -> Result<Option<ConsistencyToken>> {
        let Some(text) = &self.token else { return Ok(None) };
        let token = authority.open_seal(text).await?;
        cluster.admit(&token).await?;
        Ok(Some(token))
    }

    /// Notes the token of what was written.
    pub(super) fn note(&self, token: Option<&String>) {
        if let Some(token) = token {
            *self.written.lock() = Some(token.clone());
        }
    }

    /// Tells the caller the token of what was written.
    pub(super) fn tell(&self, mut response: Response) -> Response {
        let written = self.written.lock();
        if let Some(token) = &*written
            && let Ok(value) = HeaderValue::from_str(token)
        {
            response.headers_mut().insert(TOKEN, value);
            if self.by_cookie {
                self.set_cookie(&mut response, token, "");
            }
        }
        response
    }

    /// Takes back a cookie with which nothing can be read: the page that has it cannot.
    pub(super) fn take_back(&self, mut response: Response) -> Response {
        if self.by_cookie {
            self.set_cookie(&mut response, "", "; Max-Age=0");
        }
        response
    }

    /// No page can read it, no other site has it sent, and nothing but GraphQL sees it (RFC 6265bis, section 4.1.2).
    fn set_cookie(&self, response: &mut Response, token: &str, age: &str) {
        let secure = if self.is_encrypted { "; Secure" } else { "" };
        let attributes = format!("Path=/graphql; HttpOnly; SameSite=Strict{secure}{age}");
        set_cookie(response, NAME, token, &attributes);
    }
}
