//! HTTP: routes, negotiation, limits.

mod call;
mod consistency;
mod cookies;
mod cors;
mod events;
mod front;
mod operation;
mod post;
mod reply;
mod socket;
mod subscribers;
mod visitor;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
};
use axum::http::{HeaderName, HeaderValue, Request as HttpRequest, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use futures_util::FutureExt;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::answer::AnswerPool;
use crate::auth::{Authority, LocalToken};
use crate::budget::Budgets;
use crate::clock::SharedClock;
use crate::config;
use crate::database::Cluster;
use crate::error::Error;
use crate::graphql::{Answer, Engine, Known, Method};
use crate::listen::Drain;
use crate::media::{self, Media};
use crate::origin::{ForwardedHeader, Peer, Proxies};
use crate::playground;
use crate::rate::Rates;
use crate::records::changes::Feeds;

use call::{Call, caller};
use consistency::Wish;
use cookies::Storage;
use cors::Cors;
use front::{Front, front};
use post::by_post;
use reply::{Reply, plain};
use subscribers::Subscribers;

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
    feeds: Feeds,
    signs_playground_in: bool,
    keeps_refresh_cookies: bool,
    rates: Rates,
    answers: AnswerPool,
    budgets: Budgets,
    drain: Drain,
    proxies: Proxies,
    forwarded_header: ForwardedHeader,
    request_timeout: Duration,
    body_timeout: Duration,
    max_body: usize,
    max_batch: usize,
    front: Arc<Front>,
    subscribers: Subscribers,
    subscriptions: config::Subscriptions,
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
    /// What can be followed.
    pub feeds: Feeds,
    /// Whether whoever opens GraphiQL is an administrator: for demonstrations on this machine.
    pub signs_playground_in: bool,
    /// Lets pages keep their refresh token in a cookie.
    pub keeps_refresh_cookies: bool,
    /// What callers have used.
    pub rates: Rates,
    /// What callers have left of the databases.
    pub budgets: Budgets,
    /// Whether the server is about to stop.
    pub drain: Drain,
}

impl Service {
    /// A service of these parts.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub fn new(
        config: &config::Server,
        subscriptions: config::Subscriptions,
        parts: Parts,
    ) -> Result<Self, config::Error> {
        let cors = Cors::new(config.cors_origins()?, &config.cors_headers()?, parts.keeps_refresh_cookies);
        let allowed_hosts = config.allowed_hosts.split(',').map(|host| host.trim().to_ascii_lowercase()).collect();
        Ok(Self {
            engine: parts.engine,
            cluster: parts.cluster,
            clock: parts.clock,
            known: parts.known,
            authority: parts.authority,
            feeds: parts.feeds,
            signs_playground_in: parts.signs_playground_in,
            keeps_refresh_cookies: parts.keeps_refresh_cookies,
            rates: parts.rates,
            answers: AnswerPool::new(config.max_answer, config.max_answers),
            budgets: parts.budgets,
            drain: parts.drain,
            proxies: config.proxies()?,
            forwarded_header: config.forwarded_header,
            request_timeout: Duration::from_secs(config.request_timeout),
            body_timeout: Duration::from_secs(config.body_timeout),
            max_body: config.max_body,
            max_batch: config.max_batch,
            subscribers: Subscribers::new(subscriptions.max_per_caller),
            subscriptions,
            front: Arc::new(Front { allowed_hosts, cors }),
        })
    }

    /// The request's id: the one that a trusted proxy has given it, or a new one. What anybody else calls it stands beside
    /// that in the log, since the audit trail's ids are not for callers to choose.
    fn request_id<B>(&self, request: &HttpRequest<B>) -> Uuid {
        let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let given: Option<Uuid> = given.and_then(|id| id.parse().ok());
        let peer = request.extensions().get::<Peer>().map(|peer| peer.address.ip());
        if let Some(id) = given.filter(|_| peer.is_some_and(|peer| self.proxies.contain(peer))) {
            return id;
        }
        let id = Uuid::new_v4();
        if let Some(given) = given {
            tracing::debug!(request.id = %id, client.request_id = %given, "the client has an id of its own");
        }
        id
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

/// Reads can be served, to callers who are known, and put on record, without which nothing is shown; and they go on being
/// served.
async fn ready(State(service): State<Arc<Service>>) -> (StatusCode, &'static str) {
    if service.drain.is_announced() {
        (StatusCode::SERVICE_UNAVAILABLE, "the server is stopping\n")
    } else if !service.cluster.is_ready().await {
        (StatusCode::SERVICE_UNAVAILABLE, "no database can serve reads\n")
    } else if !service.authority.has_read() {
        (StatusCode::SERVICE_UNAVAILABLE, "keys and roles have not been read yet\n")
    } else if service.cluster.can_record().await.is_err() {
        (StatusCode::SERVICE_UNAVAILABLE, "the audit spool cannot be written, and nothing is shown without it\n")
    } else {
        (StatusCode::OK, "ready\n")
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
    let wanted = LocalToken {
        role: "administrator".to_owned(),
        institution: None,
        patient: None,
        lifetime: Duration::from_hours(12),
    };
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

/// GraphQL over HTTP, as its specification has it: <https://graphql.github.io/graphql-over-http/draft/>. Every answer names
/// the request by the id that it has in the audit trail.
async fn graphql(State(service): State<Arc<Service>>, request: HttpRequest<Body>) -> Response {
    if socket::is_asked_for(&request) {
        return socket::open(service, request).await;
    }
    let id = service.request_id(&request);
    let mut response = answer(&service, request, id).await;
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

async fn answer(service: &Arc<Service>, request: HttpRequest<Body>, id: Uuid) -> Response {
    let Some(media) = media::negotiate(request.headers().get(ACCEPT)) else {
        return plain(
            StatusCode::NOT_ACCEPTABLE,
            "this endpoint answers in application/graphql-response+json, application/json or text/event-stream",
        );
    };
    let reply = Reply { media, id };
    if media == Media::EventStream {
        return events::answer(service, &reply, request).await;
    }
    let is_encrypted = request.extensions().get::<Peer>().is_some_and(|peer| peer.is_encrypted);
    let wish = match Wish::of(request.headers(), is_encrypted) {
        Ok(wish) => wish,
        Err(error) => return reply.refuse(StatusCode::BAD_REQUEST, error),
    };
    let caller = caller(service, request.headers(), service.origin(&request), id).await;
    if caller.is_nobody() && request.headers().contains_key(AUTHORIZATION) && !service.authority.has_read() {
        // Nobody who has a session is told that they have none.
        return reply.refuse(StatusCode::SERVICE_UNAVAILABLE, Error::KeysUnread);
    }
    let meter = service.rates.meter(&caller);
    let sign_in_only = match meter.ask(1) {
        Ok(()) => None,
        // Whoever asks in vain from an address does not keep others there from signing in, which has a quota of its own.
        Err(Error::RateLimited { seconds }) if caller.is_nobody() && request.method() == axum::http::Method::POST => {
            Some(seconds)
        }
        Err(error) => return reply.refuse(StatusCode::TOO_MANY_REQUESTS, error),
    };
    let after = match wish.token(&service.authority, &service.cluster).await {
        Ok(after) => after,
        Err(error @ (Error::BadRequest(_) | Error::WriteLost)) => {
            return wish.take_back(reply.refuse(StatusCode::BAD_REQUEST, error));
        }
        Err(error) => return reply.one(&Answer::refused(error, id)),
    };
    let bytes = Arc::new(service.answers.answer());
    let storage = Storage::of(request.headers(), &service.front.cors).filter(|_| service.keeps_refresh_cookies);
    let cookie = storage.map(|storage| Arc::new(storage.cookie(request.headers())));
    let (wish, kept) = (&wish, cookie.clone());
    let call = Call { service, wish, after, caller, meter, sign_in_only, bytes, cookie, clusters: Mutex::default() };
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
    let mut response = wish.tell(match tokio::time::timeout(service.request_timeout, guarded).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => reply.refuse(StatusCode::INTERNAL_SERVER_ERROR, call.panicked()),
        Err(_) => reply.refuse(StatusCode::GATEWAY_TIMEOUT, call.out_of_time()),
    });
    if let Some((storage, cookie)) = storage.zip(kept) {
        storage.tell(&mut response, &cookie, service.clock.now());
    }
    response
}

async fn by_get(call: &Call<'_>, reply: &Reply, uri: &Uri) -> Response {
    match media::query_parameters(uri.query().unwrap_or_default()) {
        Ok(request) => reply.one(&call.execute(request, Method::Get).await),
        Err(error) => reply.refuse(StatusCode::BAD_REQUEST, error),
    }
}
