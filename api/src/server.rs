//! HTTP: routes, negotiation, limits.

mod consistency;
mod cors;
mod front;
mod reply;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::header::{
    ACCEPT, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request as HttpRequest, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use futures_util::FutureExt;
use uuid::Uuid;

use crate::auth::{Authority, LocalToken};
use crate::clock::SharedClock;
use crate::config;
use crate::database::{Cluster, ConsistencyToken};
use crate::error::Error;
use crate::graphql::{Answer, Context, Engine, Known, Method, Request};
use crate::listen::Drain;
use crate::media;
use crate::origin::{ForwardedHeader, Peer, Proxies};
use crate::playground;
use crate::rate::{Meter, Rates};
use crate::scope::Scope;

use consistency::Wish;
use cors::Cors;
use front::{Front, front};
use reply::{Reply, plain};

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the handlers share.
#[derive(Clone)]
pub struct Service {
    engine: Engine,
    cluster: Cluster,
    clock: SharedClock,
    known: Known,
    authority: Authority,
    signs_playground_in: bool,
    rates: Rates,
    drain: Drain,
    proxies: Proxies,
    forwarded_header: ForwardedHeader,
    request_timeout: Duration,
    body_timeout: Duration,
    max_body: usize,
    max_batch: usize,
    front: Arc<Front>,
}

/// What a service answers from, and what it is bounded by.
pub struct Parts {
    /// What runs GraphQL.
    pub engine: Engine,
    /// The databases.
    pub cluster: Cluster,
    /// The time.
    pub clock: SharedClock,
    /// What the program knows of itself.
    pub known: Known,
    /// Who callers are.
    pub authority: Authority,
    /// Whether whoever opens GraphiQL is an administrator: for demonstrations on this machine.
    pub signs_playground_in: bool,
    /// What callers have used.
    pub rates: Rates,
    /// Whether the server is about to stop.
    pub drain: Drain,
}

impl Service {
    /// A service of these parts.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub fn new(config: &config::Server, parts: Parts) -> Result<Self, config::Error> {
        let Parts { engine, cluster, clock, known, authority, signs_playground_in, rates, drain } = parts;
        let allowed_hosts = config.allowed_hosts.split(',').map(|host| host.trim().to_ascii_lowercase()).collect();
        Ok(Self {
            engine,
            cluster,
            clock,
            known,
            authority,
            signs_playground_in,
            rates,
            drain,
            proxies: config.proxies()?,
            forwarded_header: config.forwarded_header,
            request_timeout: Duration::from_secs(config.request_timeout),
            body_timeout: Duration::from_secs(config.body_timeout),
            max_body: config.max_body,
            max_batch: config.max_batch,
            front: Arc::new(Front { allowed_hosts, cors: Cors::new(config.cors_origins()?) }),
        })
    }

    /// The client's address, where a trusted proxy or the connection itself tells it.
    fn origin<B>(&self, request: &HttpRequest<B>) -> Option<IpAddr> {
        let peer = request.extensions().get::<Peer>()?.address.ip();
        let lines = request.headers().get_all(self.forwarded_header.name()).iter();
        // A line that is no text hides who wrote before it.
        let lines = lines.map(|line| line.to_str().unwrap_or_default());
        Some(self.proxies.client(peer, self.forwarded_header, lines))
    }
}

/// Every route.
pub fn router(service: Service, with_playground: bool) -> Router {
    let mut router = Router::new()
        .route("/graphql", any(graphql))
        .route("/healthz/live", get(live))
        .route("/healthz/ready", get(ready))
        .route("/.well-known/jwks.json", get(keys));
    if with_playground {
        router = router.route("/", get(page)).route("/playground/{file}", get(page));
        if service.signs_playground_in {
            router = router.route("/playground/session", get(session));
        }
    }
    let layer = from_fn_with_state(Arc::clone(&service.front), front);
    router.layer(layer).with_state(Arc::new(service))
}

/// The process answers.
async fn live() -> &'static str {
    "live\n"
}

/// Reads can be served, and go on being served.
async fn ready(State(service): State<Arc<Service>>) -> (StatusCode, &'static str) {
    if service.drain.is_announced() {
        (StatusCode::SERVICE_UNAVAILABLE, "the server is stopping\n")
    } else if service.cluster.is_ready().await {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "no database can serve reads\n")
    }
}

/// The public keys by which others can verify the access tokens of this server (RFC 7517).
async fn keys(State(service): State<Arc<Service>>) -> Response {
    let body = serde_json::to_vec(&service.authority.published_keys()).unwrap_or_default();
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=60")];
    (headers, body).into_response()
}

/// What a demonstration's GraphiQL signs in with. Pages of other sites cannot read it: their requests are addressed to
/// another host, or are not told the answer.
async fn session(State(service): State<Arc<Service>>) -> Response {
    let wanted = LocalToken { role: "administrator".to_owned(), institution: None, lifetime: Duration::from_hours(12) };
    match service.authority.local_token(&wanted) {
        Ok(token) => {
            let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
            (headers, serde_json::json!({ "accessToken": token }).to_string()).into_response()
        }
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "no key has been read yet"),
    }
}

async fn page(uri: Uri) -> Response {
    let Some(asset) = playground::page(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    let body = match asset.body {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(CONTENT_TYPE, asset.content_type);
    set(CACHE_CONTROL, asset.cache_control);
    set(CONTENT_SECURITY_POLICY, asset.content_security_policy);
    set(OPENER_POLICY, "same-origin");
    if let Some(encoding) = asset.content_encoding {
        set(CONTENT_ENCODING, encoding);
    }
    response
}

/// GraphQL over HTTP, as its specification has it: <https://graphql.github.io/graphql-over-http/draft/>.
async fn graphql(State(service): State<Arc<Service>>, request: HttpRequest<Body>) -> Response {
    let id = request_id(request.headers());
    let Some(media) = media::negotiate(request.headers().get(ACCEPT)) else {
        return plain(
            StatusCode::NOT_ACCEPTABLE,
            "this endpoint answers in application/graphql-response+json or application/json",
        );
    };
    let reply = Reply { media, id };
    let is_encrypted = request.extensions().get::<Peer>().is_some_and(|peer| peer.is_encrypted);
    let wish = match Wish::of(request.headers(), is_encrypted) {
        Ok(wish) => wish,
        Err(error) => return reply.refuse(StatusCode::BAD_REQUEST, error),
    };
    let caller = caller(&service, request.headers(), service.origin(&request), id).await;
    if caller.is_nobody() && request.headers().contains_key(AUTHORIZATION) && !service.authority.has_read() {
        // Nobody who has a session is told that they have none.
        let cause = "it has not been read yet who may sign in";
        return reply.refuse(StatusCode::SERVICE_UNAVAILABLE, Error::Unavailable(cause.into()));
    }
    let meter = service.rates.meter(&caller);
    if let Err(error) = meter.ask(1) {
        return reply.refuse(StatusCode::TOO_MANY_REQUESTS, error);
    }
    let after = match wish.token(&service.authority, &service.cluster).await {
        Ok(after) => after,
        Err(error @ (Error::BadRequest(_) | Error::WriteLost)) => {
            return wish.take_back(reply.refuse(StatusCode::BAD_REQUEST, error));
        }
        Err(error) => return reply.one(&Answer::refused(error, id)),
    };
    let call = Call { service: &service, wish: &wish, after, caller, meter };
    let answered = match *request.method() {
        axum::http::Method::GET => by_get(&call, &reply, request.uri()).left_future(),
        axum::http::Method::POST => by_post(&call, &reply, request).right_future(),
        _ => {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "use GET or POST");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
            return response;
        }
    };
    let guarded = std::panic::AssertUnwindSafe(answered).catch_unwind();
    match tokio::time::timeout(service.request_timeout, guarded).await {
        Ok(Ok(response)) => wish.tell(response),
        Ok(Err(_)) => reply.refuse(StatusCode::INTERNAL_SERVER_ERROR, Error::internal("a resolver panicked")),
        Err(_) => reply.refuse(StatusCode::GATEWAY_TIMEOUT, Error::Timeout),
    }
}

async fn by_get(call: &Call<'_>, reply: &Reply, uri: &Uri) -> Response {
    match media::query_parameters(uri.query().unwrap_or_default()) {
        Ok(request) => reply.one(&call.execute(request, Method::Get).await),
        Err(message) => reply.refuse(StatusCode::BAD_REQUEST, Error::BadRequest(message)),
    }
}

async fn by_post(call: &Call<'_>, reply: &Reply, request: HttpRequest<Body>) -> Response {
    if !media::is_json(request.headers().get(CONTENT_TYPE)) {
        let message = "send application/json, in UTF-8".to_owned();
        return reply.refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, Error::BadRequest(message));
    }
    let max = call.service.max_body;
    let limit = call.service.body_timeout;
    let Ok(body) = tokio::time::timeout(limit, to_bytes(request.into_body(), max)).await else {
        let message = format!("the request's body has not come within {} s", limit.as_secs());
        return reply.refuse(StatusCode::REQUEST_TIMEOUT, Error::BadRequest(message));
    };
    let Ok(body) = body else {
        let message = format!("the request's body has more than {max} bytes, or broke off");
        return reply.refuse(StatusCode::PAYLOAD_TOO_LARGE, Error::Limit(message));
    };
    let batched = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    if batched { batch(call, reply, &body).await } else { single(call, reply, &body).await }
}

async fn single(call: &Call<'_>, reply: &Reply, body: &Bytes) -> Response {
    match serde_json::from_slice::<Request<'_>>(body) {
        Ok(request) => {
            let is_empty = request.is_empty();
            let answer = call.execute(request, Method::Post).await;
            if is_empty { reply.send(StatusCode::BAD_REQUEST, media::encode(&answer)) } else { reply.one(&answer) }
        }
        Err(error) => reply.refuse(StatusCode::BAD_REQUEST, malformed(&error)),
    }
}

/// The answers of a batch come in the order of its requests, which run one after the other.
async fn batch(call: &Call<'_>, reply: &Reply, body: &Bytes) -> Response {
    let requests = match serde_json::from_slice::<Vec<Request<'_>>>(body) {
        Ok(requests) => requests,
        Err(error) => return reply.refuse(StatusCode::BAD_REQUEST, malformed(&error)),
    };
    let max = call.service.max_batch;
    if requests.is_empty() || requests.len() > max {
        let message = format!("a batch has 1 to {max} requests");
        return reply.refuse(StatusCode::BAD_REQUEST, Error::Limit(message));
    }
    if let Err(error) = call.meter.ask(requests.len() - 1) {
        return reply.refuse(StatusCode::TOO_MANY_REQUESTS, error);
    }
    let mut bodies = Vec::with_capacity(requests.len());
    for request in requests {
        bodies.push(media::encode(&call.execute(request, Method::Post).await));
    }
    let mut whole = b"[".to_vec();
    whole.extend(bodies.join(&b','));
    whole.push(b']');
    reply.send(StatusCode::OK, whole)
}

/// The error's place, and nothing of the text, which may be a patient's.
fn malformed(error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    Error::BadRequest(match error.classify() {
        serde_json::error::Category::Data => format!(
            "the body is no GraphQL request: an object with query, and perhaps operationName, variables and extensions (line {line}, column {column})"
        ),
        _ => format!("the body is not JSON (line {line}, column {column})"),
    })
}

/// The id that a proxy has given the request already, or a new one.
fn request_id(headers: &HeaderMap) -> Uuid {
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    given.and_then(|id| id.parse().ok()).unwrap_or_else(Uuid::new_v4)
}

/// Who asks. A token that is not good is as good as none: signing in anew must not want the old one to be thrown away.
async fn caller(service: &Service, headers: &HeaderMap, origin: Option<IpAddr>, id: Uuid) -> Scope {
    // Of two, others on the way may have looked at the other.
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let header = given.next().filter(|_| given.next().is_none()).and_then(|header| header.to_str().ok());
    let token = header.and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let known = match token {
        Some(token) => service.authority.authenticate(token, id, origin).await,
        None => None,
    };
    known.unwrap_or_else(|| Scope { origin, ..Scope::nobody(id) })
}

struct Call<'s> {
    service: &'s Service,
    wish: &'s Wish,
    /// What its reads must show.
    after: Option<ConsistencyToken>,
    caller: Scope,
    meter: Meter,
}

impl Call<'_> {
    async fn execute(&self, request: Request<'_>, method: Method) -> Answer {
        let service = self.service;
        let context = Context::new(
            self.caller.clone(),
            service.authority.clone(),
            service.cluster.clone(),
            SharedClock::clone(&service.clock),
            service.known.clone(),
            self.wish.consistency,
        );
        let context = context.metered(self.meter.clone());
        let context = if let Some(token) = self.after { context.after(token) } else { context };
        // Large, and moved by every layer of the router if it stood in their futures.
        let answer = Box::pin(service.engine.execute(request, method, context)).await;
        self.wish.note(answer.token.as_ref());
        answer
    }
}
