//! Requests by POST: single ones and batches.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{Request as HttpRequest, StatusCode};
use axum::response::Response;

use crate::error::Error;
use crate::graphql::{Method, Request};
use crate::media;

use super::Service;
use super::call::Call;
use super::reply::{Reply, held};

/// Bytes of a request to sign in at most, from an address whose quota of other requests is used up: little to read for nothing.
const MAX_SIGN_IN: usize = 16 << 10;

pub(super) async fn by_post(call: &Call<'_>, reply: &Reply, request: HttpRequest<Body>) -> Response {
    let max = call.sign_in_only.map_or(call.service.max_body, |_| MAX_SIGN_IN.min(call.service.max_body));
    let limited = |seconds| reply.refuse(StatusCode::TOO_MANY_REQUESTS, Error::RateLimited { seconds });
    let body = match (read_body(call.service, reply, request, max).await, call.sign_in_only) {
        (Ok(body), _) => body,
        (Err(_), Some(seconds)) => return limited(seconds),
        (Err(refusal), None) => return *refusal,
    };
    let batched = Request::is_batch(&body);
    if let (true, Some(seconds)) = (batched, call.sign_in_only) {
        return limited(seconds);
    }
    if batched { batch(call, reply, &body).await } else { single(call, reply, &body).await }
}

pub(super) async fn read_body(
    service: &Service,
    reply: &Reply,
    request: HttpRequest<Body>,
    max: usize,
) -> Result<Bytes, Box<Response>> {
    let refuse = |status, error| Err(Box::new(reply.refuse(status, error)));
    if !media::is_json(request.headers().get(CONTENT_TYPE)) {
        let message = "send application/json, in UTF-8".to_owned();
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, Error::BadRequest(message));
    }
    if !media::is_plain(request.headers().get(CONTENT_ENCODING)) {
        let message = "send the body as it is, without a Content-Encoding".to_owned();
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, Error::BadRequest(message));
    }
    let limit = service.body_timeout;
    match tokio::time::timeout(limit, to_bytes(request.into_body(), max)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => {
            let message = format!("the request's body has more than {max} bytes, or broke off");
            refuse(StatusCode::PAYLOAD_TOO_LARGE, Error::Limit(message))
        }
        Err(_) => {
            let message = format!("the request's body has not come within {} s", limit.as_secs());
            refuse(StatusCode::REQUEST_TIMEOUT, Error::BadRequest(message))
        }
    }
}

async fn single(call: &Call<'_>, reply: &Reply, body: &Bytes) -> Response {
    match Request::read(body) {
        Ok(request) => {
            let is_empty = request.is_empty();
            let answer = call.execute(request, Method::Post).await;
            if is_empty { reply.send(StatusCode::BAD_REQUEST, answer.encode().into()) } else { reply.one(&answer) }
        }
        Err(error) => reply.refuse(StatusCode::BAD_REQUEST, error),
    }
}

/// The answers of a batch come in the order of its requests, which run one after the other. They are sent when all are made,
/// since the headers (consistency token, refresh cookie) are those of the whole; together they are as long as one answer may be.
async fn batch(call: &Call<'_>, reply: &Reply, body: &Bytes) -> Response {
    let requests = match Request::read_batch(body, call.service.max_batch) {
        Ok(requests) => requests,
        Err(error) => return reply.refuse(StatusCode::BAD_REQUEST, error),
    };
    if let Err(error) = call.meter.ask(requests.len() - 1) {
        return reply.refuse(StatusCode::TOO_MANY_REQUESTS, error);
    }
    let mut body = String::new();
    for request in requests {
        body.push(if body.is_empty() { '[' } else { ',' });
        let text = call.answer_in_batch(request, body.len()).await;
        body.push_str(&text);
    }
    body.push(']');
    reply.send(StatusCode::OK, held(body, &call.bytes))
}
