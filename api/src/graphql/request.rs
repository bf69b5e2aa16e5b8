use std::borrow::Cow;

use async_graphql::Variables;
use serde::Deserialize;

use crate::error::Error;

use super::json_object::JsonObject;
use super::json_size::check_json;

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By GET, which must change nothing.
    Get,
    /// By POST.
    Post,
}

/// A GraphQL request, as the GraphQL over HTTP specification has it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'r> {
    /// The document.
    #[serde(default, borrow)]
    pub query: Option<Cow<'r, str>>,
    /// The SHA-256 of the document in hexadecimal, in place of it; `sha256:` may stand before it.
    #[serde(default, borrow)]
    pub document_id: Option<Cow<'r, str>>,
    /// Which of the document's operations.
    #[serde(default, borrow)]
    pub operation_name: Option<Cow<'r, str>>,
    /// The operation's variables.
    #[serde(default)]
    pub variables: Option<Variables>,
    /// What is not GraphQL's own.
    #[serde(default)]
    pub extensions: Option<JsonObject<Extensions>>,
}

impl<'r> Request<'r> {
    /// Reads a request that was written as JSON.
    ///
    /// # Errors
    /// `BadRequest` for what is none, `Limit` for JSON that is too deep or holds too much.
    pub fn read(json: &'r [u8]) -> Result<Self, Error> {
        let json = without_mark(json);
        check_json(json)?;
        read::<JsonObject<Self>>(json).map(|JsonObject(request)| request)
    }

    /// Reads requests that were written as a JSON list, `max` at most.
    ///
    /// # Errors
    /// As for one of them, and `Limit` for none or too many.
    pub fn read_batch(json: &'r [u8], max: usize) -> Result<Vec<Self>, Error> {
        let json = without_mark(json);
        let items = check_json(json)?;
        if !(1..=max).contains(&items) {
            return Err(Error::Limit(format!("a batch has 1 to {max} requests")));
        }
        let requests = read::<Vec<JsonObject<Self>>>(json)?;
        Ok(requests.into_iter().map(|JsonObject(request)| request).collect())
    }

    /// True when a JSON text is a list, as requests are that come together.
    #[must_use]
    pub fn is_batch(json: &[u8]) -> bool {
        without_mark(json).trim_ascii_start().starts_with(b"[")
    }

    /// Whether it names no document at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.query.is_none() && self.document_id.is_none() && self.extensions.is_none()
    }

    /// The same request, which needs the text it was read from no longer.
    #[must_use]
    pub fn into_owned(self) -> Request<'static> {
        let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Request {
            query: owned(self.query),
            document_id: owned(self.document_id),
            operation_name: owned(self.operation_name),
            variables: self.variables,
            extensions: self.extensions,
        }
    }

    /// The document's hash, where the request names it by one.
    pub(super) fn hash(&self) -> Result<Option<[u8; 32]>, Error> {
        if let Some(JsonObject(persisted)) = self.extensions.as_ref().and_then(|known| known.0.persisted_query.as_ref())
        {
            let hash = decode(&persisted.sha256_hash).filter(|_| persisted.version == 1);
            let wrong = "extensions.persistedQuery needs version 1 and a sha256Hash in hexadecimal";
            return hash.map(Some).ok_or_else(|| Error::BadRequest(wrong.to_owned()));
        }
        let Some(id) = self.document_id.as_deref() else { return Ok(None) };
        let hash = decode(id);
        hash.map(Some).ok_or_else(|| Error::BadRequest("documentId is no SHA-256 in hexadecimal".to_owned()))
    }
}

/// Request extensions that this server knows.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Extensions {
    #[serde(default)]
    persisted_query: Option<JsonObject<PersistedQuery>>,
}

/// The hash of a document, in place of it: the "automatic persisted queries" of Apollo's clients.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersistedQuery {
    version: u32,
    sha256_hash: String,
}

/// JSON without the byte order mark that some programs begin every text with: its parser knows none.
fn without_mark(json: &[u8]) -> &[u8] {
    json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json)
}

fn read<'r, T: Deserialize<'r>>(json: &'r [u8]) -> Result<T, Error> {
    serde_json::from_slice(json).map_err(|error| malformed::<T>(json, &error))
}

/// The error's place, and nothing of the text, which may be a patient's.
fn malformed<'r, T: Deserialize<'r>>(json: &'r [u8], error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    if error.classify() != serde_json::error::Category::Data {
        return Error::BadRequest(format!("the body is not JSON (line {line}, column {column})"));
    }
    // Keeping track of the path takes time: so it is found out by reading once more.
    let again: Result<T, _> = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(json));
    let path = again.err().map(|error| error.path().to_string()).filter(|path| path != ".");
    let place = path.map(|path| format!("{path}: ")).unwrap_or_default();
    Error::BadRequest(format!(
        "{place}the body is no GraphQL request: an object with query, and perhaps operationName, variables and extensions, which are objects (line {line}, column {column})"
    ))
}

/// The SHA-256 that a text is; `sha256:` may stand before it, as the GraphQL over HTTP specification has it.
pub(super) fn decode(text: &str) -> Option<[u8; 32]> {
    let hexadecimal = text.strip_prefix("sha256:").unwrap_or(text);
    let digits = hexadecimal.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(hexadecimal.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
