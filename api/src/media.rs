//! How GraphQL requests and responses are written in HTTP.

use std::borrow::Cow;

use axum::http::HeaderValue;

use crate::error::Error;
use crate::graphql::{Request, check_json};

/// In which form a response is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    GraphqlResponse,
    Json,
    EventStream,
}

impl Media {
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::EventStream => "text/event-stream; charset=utf-8",
        }
    }
}

/// The form that a client prefers of those that there are; none when it accepts neither. Who says nothing gets the older
/// one, as clients that say nothing are older ones.
pub(crate) fn negotiate(accept: Option<&HeaderValue>) -> Option<Media> {
    let Some(accept) = accept else { return Some(Media::Json) };
    let mut best: Option<(f32, Media)> = None;
    for range in accept.to_str().ok()?.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let media = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/graphql-response+json" => Media::GraphqlResponse,
            "application/json" | "application/*" | "*/*" => Media::Json,
            "text/event-stream" => Media::EventStream,
            _ => continue,
        };
        let mut quality = 1.0;
        for part in parts {
            match part.split_once('=') {
                Some((name, value)) if name.eq_ignore_ascii_case("q") => quality = value.parse().unwrap_or(0.0),
                Some((name, value)) if name.eq_ignore_ascii_case("charset") && !is_utf_8(value) => {
                    quality = 0.0;
                }
                _ => {}
            }
        }
        if quality > 0.0 && best.is_none_or(|(known, _)| quality > known) {
            best = Some((quality, media));
        }
    }
    best.map(|(_, media)| media)
}

/// Whether a body is JSON in UTF-8. Anything else is refused, also because browsers send some of it across origins
/// without asking.
pub(crate) fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let Some(Ok(text)) = content_type.map(HeaderValue::to_str) else { return false };
    let mut parts = text.split(';').map(str::trim);
    let json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    json && parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => is_utf_8(value),
        _ => true,
    })
}

/// Many clients leave out the hyphen of its name.
fn is_utf_8(charset: &str) -> bool {
    let charset = charset.trim_matches('"');
    ["utf-8", "utf8"].iter().any(|name| charset.eq_ignore_ascii_case(name))
}

/// Whether a body is sent as it is, not compressed.
pub(crate) fn is_plain(content_encoding: Option<&HeaderValue>) -> bool {
    content_encoding.is_none_or(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// A request written into a URL's query.
///
/// # Errors
/// `BadRequest` for what cannot be read, `Limit` for JSON that is too deep or holds too much.
pub(crate) fn query_parameters(query: &str) -> Result<Request<'static>, Error> {
    let mut request = Request::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let wrong = || Error::BadRequest(format!("the parameter {name} is not a JSON object"));
        if matches!(&*name, "variables" | "extensions") {
            check_json(value.as_bytes())?;
        }
        match &*name {
            "query" => request.query = Some(Cow::Owned(value.into_owned())),
            "documentId" => request.document_id = Some(Cow::Owned(value.into_owned())),
            "operationName" => request.operation_name = Some(Cow::Owned(value.into_owned())),
            "variables" if !value.is_empty() => {
                request.variables = serde_json::from_str(&value).map_err(|_| wrong())?;
            }
            "extensions" if !value.is_empty() => {
                request.extensions = serde_json::from_str(&value).map_err(|_| wrong())?;
            }
            _ => {}
        }
    }
    if request.is_empty() {
        return Err(Error::BadRequest("the request has no query".to_owned()));
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(text: &'static str) -> Option<Media> {
        negotiate(Some(&HeaderValue::from_static(text)))
    }

    #[test]
    fn the_client_chooses_the_form() {
        assert_eq!(negotiate(None), Some(Media::Json));
        assert_eq!(accept("application/graphql-response+json, application/json;q=0.9"), Some(Media::GraphqlResponse));
        assert_eq!(accept("application/json, application/graphql-response+json;q=0.5"), Some(Media::Json));
        assert_eq!(accept("*/*"), Some(Media::Json));
        assert_eq!(accept("text/event-stream"), Some(Media::EventStream));
        assert_eq!(accept("application/json, text/event-stream;q=0.5"), Some(Media::Json));
        assert_eq!(accept("text/html"), None);
        assert_eq!(accept("application/json;q=0"), None);
        assert_eq!(accept("application/graphql-response+json; charset=latin1"), None);
    }

    #[test]
    fn only_json_in_utf_8_is_read() {
        let is_json = |text| super::is_json(Some(&HeaderValue::from_static(text)));
        assert!(is_json("application/json"));
        assert!(is_json("Application/JSON; charset=UTF-8"));
        assert!(is_json("application/json;charset=utf8"));
        for wrong in [
            "text/plain",
            "application/json; charset=latin1",
            "multipart/form-data",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!is_json(wrong), "{wrong}");
        }
        assert!(!super::is_json(None));
    }
}
