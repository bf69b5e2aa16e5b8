//! Table `change_log`: every change of a record, appended by the database itself.

use sea_orm::entity::prelude::*;

use crate::TextList;

/// A row of `change_log`. Names of changed fields are kept, never values.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change_log")]
pub struct Model {
    /// Rises with every change; rows of one record are in the order of their commits.
    #[sea_orm(primary_key)]
    pub sequence: i64,
    /// The kind of record, such as `PatientRegister`.
    pub entity: String,
    /// The record's key.
    pub key: Uuid,
    /// The institution that the record belongs to, if it belongs to one.
    pub institution_id: Option<Uuid>,
    /// `CREATED`, `UPDATED` or `DELETED`.
    pub operation: String,
    /// The record's version after the change.
    pub version: i32,
    /// Names of the columns that an update changed.
    pub changed_fields: TextList,
    /// Who made the change; null for a change made outside the server.
    pub actor_id: Option<Uuid>,
    /// In which request; null for a change made outside the server.
    pub request_id: Option<Uuid>,
    /// When.
    pub occurred_at: DateTimeUtc,
}

/// A change refers to records of many kinds, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
