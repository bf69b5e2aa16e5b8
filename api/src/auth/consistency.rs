//! What callers carry between requests, and nobody else can make up: consistency tokens, and cursors of the change log.

use crate::changelog::Cursor;
use crate::database::ConsistencyToken;
use crate::error::{Error, Result};

use super::Authority;
use super::seal::Sealed;

/// Bytes of a cursor at most: its snapshots name the transactions that were running, a few hundred at the most.
const LONGEST_CURSOR: usize = 16 * 1024;
/// What is said to whoever brings something else.
const NO_TOKEN: &str =
    "the consistency token is none of this database's: send it as it came, or send none and read what is there";
const NO_CURSOR: &str =
    "the cursor is none of this database's: send it as it came, or send none, read what is there and begin anew";

impl Authority {
    /// A consistency token as callers carry it; none as long as no key has been read.
    #[must_use]
    pub fn seal(&self, token: ConsistencyToken) -> Option<String> {
        self.vouch(Sealed::ConsistencyToken, &token.to_bytes())
    }

    /// The consistency token that a caller carried.
    ///
    /// # Errors
    /// `BadRequest` unless a server of this database has made it, with a key that was not revoked since; `Unavailable` as
    /// long as no key has been read.
    pub async fn open_seal(&self, text: &str) -> Result<ConsistencyToken> {
        let bytes = self.vouched(Sealed::ConsistencyToken, text, ConsistencyToken::LENGTH).await?;
        let token = bytes.and_then(|bytes| ConsistencyToken::from_bytes(&bytes));
        token.ok_or_else(|| Error::BadRequest(NO_TOKEN.to_owned()))
    }

    /// A cursor as callers carry it, in URL-safe letters; none as long as no key has been read.
    #[must_use]
    pub fn seal_cursor(&self, cursor: &Cursor) -> Option<String> {
        self.vouch(Sealed::Cursor, &cursor.to_bytes())
    }

    /// The cursor that a caller carried.
    ///
    /// # Errors
    /// `BadRequest` unless a server of this database has made it, with a key that was not revoked since; `Unavailable` as
    /// long as no key has been read.
    pub async fn open_cursor(&self, text: &str) -> Result<Cursor> {
        let bytes = self.vouched(Sealed::Cursor, text, LONGEST_CURSOR).await?;
        let cursor = bytes.and_then(|bytes| Cursor::from_bytes(&bytes));
        cursor.ok_or_else(|| Error::BadRequest(NO_CURSOR.to_owned()))
    }
}
