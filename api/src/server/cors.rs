use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HOST, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};

/// Headers that pages of other origins may always send, beyond those that every page may.
const OWN_HEADERS: &str = "accept, authorization, content-type, x-consistency, x-consistency-token, x-request-id";
/// Headers that they may read, beyond those that every page may.
const EXPOSED_HEADERS: &str = "retry-after, x-consistency-token, x-request-id";
/// For how many seconds a browser may remember a permission; Chromium keeps none for longer.
const REMEMBERED: &str = "7200";

/// Other origins whose pages may call this server. They send their access token with each request: no cookie stands for
/// one, so that no page can act as somebody who only visits it. A cookie that holds a refresh token counts for nothing but
/// refreshing the session.
#[derive(Clone, Debug)]
pub(super) struct Cors {
    origins: Vec<String>,
    /// Names of the headers that they may send.
    headers: HeaderValue,
    with_cookies: bool,
}

impl Cors {
    /// `headers` may be sent besides those that the server itself reads.
    pub(super) fn new(origins: Vec<String>, headers: &[HeaderName], with_cookies: bool) -> Self {
        let names = std::iter::once(OWN_HEADERS).chain(headers.iter().map(HeaderName::as_str));
        let headers = HeaderValue::from_str(&names.collect::<Vec<_>>().join(", "));
        Self { origins, headers: headers.expect("the letters of names may stand in a value"), with_cookies }
    }

    /// The origin that a request comes from, if it may.
    pub(super) fn origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        self.origins.iter().any(|known| known.as_bytes() == origin.as_bytes()).then(|| origin.clone())
    }

    /// Whether what comes from no page, from a page of this very host, or from one of these origins.
    pub(super) fn allow(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let own = headers.get(HOST).and_then(|host| host.to_str().ok());
        let named = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
        let is_own = own.zip(named).is_some_and(|(own, named)| own.eq_ignore_ascii_case(named));
        is_own || self.origin(headers).is_some()
    }

    /// The answer to a browser that asks, before it sends a page's request, whether it may.
    pub(super) fn preflight(&self, request: &Request<Body>) -> Option<Response> {
        if request.method() != Method::OPTIONS || !request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        let answer = [
            (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
            (ACCESS_CONTROL_ALLOW_HEADERS, self.headers.clone()),
            (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBERED)),
        ];
        Some((StatusCode::NO_CONTENT, answer).into_response())
    }

    /// Tells the browser which origin may read the response, and caches that it depends on that.
    pub(super) fn describe(&self, headers: &mut HeaderMap, origin: Option<HeaderValue>) {
        if self.origins.is_empty() {
            return;
        }
        headers.append(VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            if self.with_cookies {
                headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            }
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        }
    }
}
