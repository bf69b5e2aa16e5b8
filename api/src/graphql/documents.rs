use std::sync::Arc;

use async_graphql::ServerError;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::{self, parse_query};
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

use super::executor::Validated;
use super::limits::Limits;

/// Bytes of document text that are remembered, parsed.
const REMEMBERED_BYTES: u64 = 2 * 1024 * 1024;
/// Bytes of document text that are remembered for clients who send only their hash.
const PERSISTED_BYTES: u64 = 2 * 1024 * 1024;
/// A document longer than this is never remembered.
const MAX_REMEMBERED: usize = 64 * 1024;

/// Documents that clients send again and again: parsed once, and validated before they are kept.
#[derive(Debug)]
pub(super) struct Documents {
    validated: Cache<String, (Arc<ExecutableDocument>, Validated)>,
    persisted: Cache<[u8; 32], Arc<str>>,
}

/// A document to be executed.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) parsed: Arc<ExecutableDocument>,
    /// None when it has not been validated yet.
    pub(super) validated: Option<Validated>,
}

/// Why there is no document to execute.
pub(super) enum Fault {
    /// Not GraphQL.
    Syntax(ServerError),
    /// Too much of it.
    Refused(Error),
}

impl Documents {
    pub(super) fn new() -> Self {
        let weight =
            |text: &String, _: &(Arc<ExecutableDocument>, Validated)| u32::try_from(text.len()).unwrap_or(u32::MAX);
        let persisted_weight = |_: &[u8; 32], text: &Arc<str>| u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self {
            validated: Cache::builder().weigher(weight).max_capacity(REMEMBERED_BYTES).build(),
            persisted: Cache::builder().weigher(persisted_weight).max_capacity(PERSISTED_BYTES).build(),
        }
    }

    pub(super) fn get(&self, text: &str, limits: &Limits) -> Result<Document, Fault> {
        if let Some((parsed, validated)) = self.validated.get(text) {
            return Ok(Document { parsed, validated: Some(validated) });
        }
        limits.check_text(text).map_err(Fault::Refused)?;
        let parsed = parse_query(text).map_err(|error| match error {
            parser::Error::RecursionLimitExceeded => {
                Fault::Refused(Error::Limit("the document nests too many levels deep".to_owned()))
            }
            error => Fault::Syntax(error.into()),
        })?;
        Ok(Document { parsed: Arc::new(parsed), validated: None })
    }

    /// Keeps a document that passed validation.
    pub(super) fn remember(&self, text: &str, parsed: Arc<ExecutableDocument>, validated: Validated) {
        if text.len() <= MAX_REMEMBERED {
            self.validated.insert(text.to_owned(), (parsed, validated));
        }
    }

    /// The text whose SHA-256 a client sent instead of it; none when it has to be sent once more.
    pub(super) fn by_hash(&self, hash: &[u8; 32]) -> Option<Arc<str>> {
        self.persisted.get(hash)
    }

    /// Keeps a text under its SHA-256.
    ///
    /// # Errors
    /// `BadRequest` when the hash is another text's.
    pub(super) fn persist(&self, hash: [u8; 32], text: &str) -> Result<()> {
        if Sha256::digest(text)[..] != hash {
            return Err(Error::BadRequest(
                "extensions.persistedQuery.sha256Hash is not the hash of the query".to_owned(),
            ));
        }
        if text.len() <= MAX_REMEMBERED {
            self.persisted.insert(hash, Arc::from(text));
        }
        Ok(())
    }
}
