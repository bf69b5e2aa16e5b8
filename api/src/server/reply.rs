use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::answer::AnswerBytes;
use crate::error::Error;
use crate::graphql::Answer;
use crate::media::Media;

use super::REQUEST_ID;

/// How a GraphQL request is answered.
pub(super) struct Reply {
    pub(super) media: Media,
    pub(super) id: Uuid,
}

impl Reply {
    pub(super) fn one(&self, answer: &Answer) -> Response {
        let status = match (answer.is_refused, self.media) {
            _ if answer.is_wrong_method => StatusCode::METHOD_NOT_ALLOWED,
            _ if answer.is_unauthenticated => StatusCode::UNAUTHORIZED,
            _ if answer.retry_after.is_some() => StatusCode::TOO_MANY_REQUESTS,
            // Clients of the older media type expect 200 for any well-formed request.
            (true, Media::GraphqlResponse) => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        };
        self.answer(status, answer)
    }

    pub(super) fn refuse(&self, status: StatusCode, error: Error) -> Response {
        self.answer(status, &Answer::refused(error, self.id))
    }

    fn answer(&self, status: StatusCode, answer: &Answer) -> Response {
        let text = answer.encode();
        let body = match &answer.bytes {
            Some(bytes) => held(text, bytes),
            None => Body::from(text),
        };
        let mut response = self.send(status, body);
        if let Some(seconds) = answer.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    pub(super) fn send(&self, status: StatusCode, body: Body) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media.content_type()));
        headers.insert(VARY, HeaderValue::from_static("accept"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        if let Ok(id) = HeaderValue::from_str(&self.id.to_string()) {
            headers.insert(REQUEST_ID, id);
        }
        response
    }
}

/// An answer's text, which counts as long as any of it is to be sent.
struct Held {
    text: String,
    _bytes: Arc<AnswerBytes>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

/// A body that is held by an answer.
pub(super) fn held(text: String, bytes: &Arc<AnswerBytes>) -> Body {
    Body::from(Bytes::from_owner(Held { text, _bytes: Arc::clone(bytes) }))
}

pub(super) fn plain(status: StatusCode, message: &'static str) -> Response {
    (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{message}\n")).into_response()
}
