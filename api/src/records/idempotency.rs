//! Asking again safely: the same key with the same input returns the first result.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::idempotency_key::{ActiveModel, Column, Entity};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::database::Transaction;
use crate::error::{Error, FaultCode, Result};
use crate::scope::Scope;

/// How long a key is remembered.
pub const REMEMBERED: Duration = Duration::from_hours(24);
/// Characters of a key at most.
const MAX_LENGTH: usize = 200;

/// A client's key, together with what it was sent with.
#[derive(Clone, Debug)]
pub(super) struct Key {
    operation: &'static str,
    text: String,
    input_hash: Vec<u8>,
}

/// Whether the request has still to be carried out.
pub(super) enum Claim {
    New,
    /// Carried out before; these are the keys of the records made.
    Done(Vec<Uuid>),
}

impl Key {
    /// The key of a request, if the client sent one.
    pub(super) fn new(operation: &'static str, text: Option<&str>, input: &impl Serialize) -> Result<Option<Self>> {
        let Some(text) = text else { return Ok(None) };
        if text.is_empty() || text.chars().count() > MAX_LENGTH || text.chars().any(char::is_control) {
            return Err(Error::rejected(
                FaultCode::InvalidFormat,
                &["input", "idempotencyKey"],
                format!("must have 1 to {MAX_LENGTH} characters and no control characters"),
            ));
        }
        let input = serde_json::to_vec(input).map_err(Error::internal)?;
        Ok(Some(Self { operation, text: text.to_owned(), input_hash: Sha256::digest(input).to_vec() }))
    }

    /// Takes the key for records that are about to be made, or finds what was made under it. Another request with the
    /// same key waits until this transaction ends.
    pub(super) async fn claim(
        &self,
        tx: &Transaction,
        scope: &Scope,
        now: DateTime<Utc>,
        result: &[Uuid],
    ) -> Result<Claim> {
        Entity::delete_many().filter(Column::CreatedAt.lt(now - REMEMBERED)).exec(tx).await?;
        let row = ActiveModel {
            actor_id: Set(scope.actor.0),
            operation: Set(self.operation.to_owned()),
            key: Set(self.text.clone()),
            input_hash: Set(self.input_hash.clone()),
            result: Set(serde_json::to_string(result).map_err(Error::internal)?),
            created_at: Set(now),
        };
        let first = OnConflict::columns([Column::ActorId, Column::Operation, Column::Key]).do_nothing().to_owned();
        let inserted = Entity::insert_many([row]).on_conflict(first).exec_without_returning(tx).await?;
        if inserted == 1 {
            return Ok(Claim::New);
        }
        self.earlier(tx, scope).await
    }

    async fn earlier(&self, tx: &Transaction, scope: &Scope) -> Result<Claim> {
        let key = (scope.actor.0, self.operation.to_owned(), self.text.clone());
        let earlier = Entity::find_by_id(key).one(tx).await?;
        let earlier = earlier.ok_or_else(|| Error::internal("an idempotency key vanished"))?;
        if earlier.input_hash != self.input_hash {
            return Err(Error::rejected(
                FaultCode::IdempotencyMismatch,
                &["input", "idempotencyKey"],
                "this key was used before, with another input; use a new key for a new request",
            ));
        }
        serde_json::from_str(&earlier.result).map(Claim::Done).map_err(Error::internal)
    }
}
