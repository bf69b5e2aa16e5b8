//! Table `idempotency_keys`: which request a client has already had carried out.

use sea_orm::entity::prelude::*;

/// A row of `idempotency_keys`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// Whose key it is: the same text of another actor is another key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub actor_id: Uuid,
    /// The mutation, such as `createPatientRegister`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub operation: String,
    /// The client's key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// SHA-256 of the input.
    pub input_hash: Vec<u8>,
    /// The keys of the records made, as a JSON array.
    pub result: String,
    /// When the request was carried out.
    pub created_at: DateTimeUtc,
}

/// The result may name records of many kinds, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
