//! Subscriptions as server-sent events: the distinct connections mode of
//! <https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, Request as HttpRequest, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::stream::{self, Stream};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::error::Error;
use crate::graphql::{Answer, Method, Request};
use crate::media::{self, Media};

use super::Service;
use super::operation::{Started, Told, begin};
use super::post::read_body;
use super::reply::{Reply, plain};
use super::visitor::{CHECK_EVERY, Refusal, Visitor};

/// Nginx and its like would keep events until there are enough of them.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// A comment, which clients ignore and proxies take for life.
const COMMENT: &[u8] = b":\n\n";
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";

/// Answers a request whose client accepts events.
pub(super) async fn answer(service: &Arc<Service>, reply: &Reply, request: HttpRequest<Body>) -> Response {
    // What is refused before there is anything to stream is refused as ever.
    let reply = Reply { media: Media::GraphqlResponse, id: reply.id };
    let (headers, origin) = (request.headers().clone(), service.origin(&request));
    let (request, method) = match read(service, &reply, request).await {
        Ok(read) => read,
        Err(refusal) => return *refusal,
    };
    let visitor = match Visitor::admit(service, &headers, origin).await {
        Ok(visitor) => Arc::new(visitor),
        Err(refusal) => return refuse(&reply, refusal),
    };
    let started = begin(Arc::clone(&visitor), request, method, reply.id).await;
    match &started {
        Started::Over(Told::Last(answer))
            if answer.is_unauthenticated || answer.is_wrong_method || answer.retry_after.is_some() =>
        {
            reply.one(answer)
        }
        Started::Over(Told::Unauthenticated(why)) => refuse(&reply, Refusal::Token(*why)),
        _ => stream_of(&headers, &reply, Events::new(visitor, started)),
    }
}

async fn read(
    service: &Service,
    reply: &Reply,
    request: HttpRequest<Body>,
) -> Result<(Request<'static>, Method), Box<Response>> {
    let bad = |error| Box::new(reply.refuse(StatusCode::BAD_REQUEST, error));
    match *request.method() {
        Verb::GET => {
            let read = media::query_parameters(request.uri().query().unwrap_or_default());
            read.map(|request| (request, Method::Get)).map_err(bad)
        }
        Verb::POST => {
            let body = read_body(service, reply, request, service.max_body).await?;
            Ok((Request::read(&body).map_err(bad)?.into_owned(), Method::Post))
        }
        _ => {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "use GET or POST");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
            Err(Box::new(response))
        }
    }
}

fn refuse(reply: &Reply, refusal: Refusal) -> Response {
    let unread = || Error::Unavailable("it has not been read yet who may sign in".into());
    match refusal {
        Refusal::Token(why) => reply.refuse(StatusCode::UNAUTHORIZED, why.into()),
        Refusal::Unread => reply.refuse(StatusCode::SERVICE_UNAVAILABLE, unread()),
        Refusal::TooMany(error) => reply.refuse(StatusCode::TOO_MANY_REQUESTS, error),
        Refusal::Wish(error @ (Error::BadRequest(_) | Error::WriteLost)) => {
            reply.refuse(StatusCode::BAD_REQUEST, error)
        }
        Refusal::Wish(error) => reply.one(&Answer::refused(error, reply.id)),
    }
}

fn stream_of(headers: &HeaderMap, reply: &Reply, events: Events) -> Response {
    tracing::debug!(request.id = %reply.id, accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()), "events");
    let head = [
        (CONTENT_TYPE, HeaderValue::from_static(Media::EventStream.content_type())),
        (VARY, HeaderValue::from_static("accept")),
        (BUFFERING, HeaderValue::from_static("no")),
    ];
    (head, Body::from_stream(events.written())).into_response()
}

/// What is streamed to one client.
struct Events {
    visitor: Arc<Visitor>,
    told: Pin<Box<dyn Stream<Item = Told> + Send>>,
    ticks: Interval,
    commented: Instant,
}

impl Events {
    fn new(visitor: Arc<Visitor>, started: Started) -> Self {
        let mut ticks = interval_at(Instant::now() + CHECK_EVERY, CHECK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { visitor, told: started.follow().boxed(), ticks, commented: Instant::now() }
    }

    fn written(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        let rest = stream::unfold(Some(self), |events| async { events?.next().await });
        stream::iter([Ok(Bytes::from_static(COMMENT))]).chain(rest.map(Ok))
    }

    /// The next bytes, and what follows them.
    async fn next(mut self) -> Option<(Bytes, Option<Self>)> {
        loop {
            let told = tokio::select! {
                told = self.told.next() => told.unwrap_or(Told::Complete),
                _ = self.ticks.tick() => match self.visitor.scope().await {
                    Err(why) => Told::Unauthenticated(why),
                    Ok(_) if self.commented.elapsed() >= self.visitor.service.subscriptions.ping_interval() => {
                        self.commented = Instant::now();
                        return Some((Bytes::from_static(COMMENT), Some(self)));
                    }
                    Ok(_) => continue,
                },
            };
            return match told {
                Told::Event(telling) => Some((next(telling.written(Answer::encode)), Some(self))),
                Told::Last(answer) | Told::TooCostly(answer) => Some((last(&answer), None)),
                Told::Complete => Some((Bytes::from_static(COMPLETE), None)),
                Told::Unauthenticated(why) => Some((last(&Answer::refused(why.into(), uuid::Uuid::new_v4())), None)),
                // A stream that breaks off is one that clients ask for again.
                Told::Leaving => None,
            };
        }
    }
}

fn next(written: &str) -> Bytes {
    ["event: next\ndata: ", written, "\n\n"].concat().into()
}

fn last(answer: &Answer) -> Bytes {
    [next(&answer.encode()).as_ref(), COMPLETE].concat().into()
}
