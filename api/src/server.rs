//! HTTP: routes, negotiation, limits.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request as HttpRequest, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use futures_util::FutureExt;
use uuid::Uuid;

use crate::clock::SharedClock;
use crate::config;
use crate::database::{Cluster, Consistency};
use crate::error::Error;
use crate::graphql::{Answer, Context, Engine, Known, Method, Request};
use crate::media::{self, Media};
use crate::playground;
use crate::scope::Scope;

const CONSISTENCY: HeaderName = HeaderName::from_static("x-consistency");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the handlers share.
#[derive(Clone)]
pub struct Service {
    engine: Engine,
    cluster: Cluster,
    clock: SharedClock,
    known: Known,
    request_timeout: Duration,
    max_body: usize,
    max_batch: usize,
    allowed_hosts: Vec<String>,
}

impl Service {
    /// A service over these databases.
    #[must_use]
    pub fn new(config: &config::Server, engine: Engine, cluster: Cluster, clock: SharedClock, known: Known) -> Self {
        Self {
            engine,
            cluster,
            clock,
            known,
            request_timeout: Duration::from_secs(config.request_timeout),
            max_body: config.max_body,
            max_batch: config.max_batch,
            allowed_hosts: config.allowed_hosts.split(',').map(|host| host.trim().to_ascii_lowercase()).collect(),
        }
    }
}

/// Every route.
pub fn router(service: Service, with_playground: bool) -> Router {
    let mut router = Router::new()
        .route("/graphql", any(graphql))
        .route("/healthz/live", get(live))
        .route("/healthz/ready", get(ready));
    if with_playground {
        router = router.route("/", get(page)).route("/playground/{file}", get(page));
    }
    let service = Arc::new(service);
    router.layer(from_fn_with_state(Arc::clone(&service), known_host)).with_state(service)
}

/// Refuses requests that are addressed to another host.
async fn known_host(State(service): State<Arc<Service>>, request: HttpRequest<Body>, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name).to_ascii_lowercase();
    if service.allowed_hosts.contains(&name) {
        return next.run(request).await;
    }
    plain(StatusCode::MISDIRECTED_REQUEST, "this server is not known by that name: see the setting allowed_hosts")
}

/// The process answers.
async fn live() -> &'static str {
    "live\n"
}

/// Reads can be served.
async fn ready(State(service): State<Arc<Service>>) -> (StatusCode, &'static str) {
    if service.cluster.is_ready().await {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "no database can serve reads\n")
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
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(REFERRER_POLICY, "no-referrer");
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
    let consistency = match consistency(request.headers()) {
        Ok(consistency) => consistency,
        Err(message) => return reply.refuse(StatusCode::BAD_REQUEST, Error::BadRequest(message.to_owned())),
    };
    let call = Call { service: &service, consistency, id };
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
        Ok(Ok(response)) => response,
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
    let Ok(body) = to_bytes(request.into_body(), max).await else {
        let message = format!("the request's body has more than {max} bytes, or broke off");
        return reply.refuse(StatusCode::PAYLOAD_TOO_LARGE, Error::Limit(message));
    };
    let batched = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    if batched { batch(call, reply, &body).await } else { single(call, reply, &body).await }
}

async fn single(call: &Call<'_>, reply: &Reply, body: &Bytes) -> Response {
    match serde_json::from_slice::<Request<'_>>(body) {
        Ok(request) => {
            let is_empty = request.query.is_none() && request.extensions.is_none();
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

fn consistency(headers: &HeaderMap) -> Result<Consistency, &'static str> {
    match headers.get(CONSISTENCY) {
        None => Ok(Consistency::default()),
        Some(wish) => wish.to_str().unwrap_or_default().parse(),
    }
}

struct Call<'s> {
    service: &'s Service,
    consistency: Consistency,
    id: Uuid,
}

impl Call<'_> {
    async fn execute(&self, request: Request<'_>, method: Method) -> Answer {
        let service = self.service;
        let context = Context::new(
            Scope::local_operator(self.id),
            service.cluster.clone(),
            SharedClock::clone(&service.clock),
            service.known.clone(),
            self.consistency,
        );
        // Large, and moved by every layer of the router if it stood in their futures.
        Box::pin(service.engine.execute(request, method, context)).await
    }
}

struct Reply {
    media: Media,
    id: Uuid,
}

impl Reply {
    fn one(&self, answer: &Answer) -> Response {
        let status = match (answer.is_refused, self.media) {
            _ if answer.is_wrong_method => StatusCode::METHOD_NOT_ALLOWED,
            // Clients of the older media type expect 200 for any well-formed request.
            (true, Media::GraphqlResponse) => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        };
        self.send(status, media::encode(answer))
    }

    fn refuse(&self, status: StatusCode, error: Error) -> Response {
        self.send(status, media::encode(&Answer::refused(error, self.id)))
    }

    fn send(&self, status: StatusCode, body: Vec<u8>) -> Response {
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media.content_type()));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(VARY, HeaderValue::from_static("accept"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        if let Ok(id) = HeaderValue::from_str(&self.id.to_string()) {
            headers.insert(REQUEST_ID, id);
        }
        response
    }
}

fn plain(status: StatusCode, message: &'static str) -> Response {
    (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{message}\n")).into_response()
}
