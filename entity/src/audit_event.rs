//! Table `audit_events`: who did what to whose records. Appended by the server, and never changed.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{TextList, UuidList};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(30))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// Data were shown.
    Read,
    /// A record was made.
    Create,
    /// A record was changed.
    Update,
    /// A record was deleted.
    Delete,
    /// A deleted record was brought back.
    Restore,
    /// Data were handed out as a file.
    Export,
    /// Somebody signed in.
    Login,
    /// Somebody signed out, or was signed out.
    Logout,
    /// Anything else that a mutation does.
    Execute,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(30))", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// It was about to be committed; another entry settles what became of it.
    Intended,
    /// It was done.
    Succeeded,
    /// It was not done.
    Failed,
    /// It was not allowed.
    Denied,
    /// Nobody can tell: the connection was lost while it was being committed.
    Unknown,
}

/// A row of `audit_events`. Names of fields are kept, never values.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub struct Model {
    /// The entry's own key, made of its instance and its number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// The server process that wrote the entry.
    pub instance: Uuid,
    /// The entry's number among those of its instance, from 1 on.
    pub sequence: i64,
    /// When it was put on record; never before the instance's earlier entries.
    pub occurred_at: DateTimeUtc,
    /// Who did it.
    pub actor_id: Uuid,
    /// In which role; empty for nobody.
    pub role: String,
    /// In which session.
    pub session_id: Option<Uuid>,
    /// The institution that they were bound to; null for who may reach all.
    pub institution_id: Option<Uuid>,
    /// The leave by which they reached a record outside their own boundary.
    pub grant_id: Option<Uuid>,
    /// The address they came from.
    pub origin: Option<String>,
    /// In which request.
    pub request_id: Uuid,
    /// What was done.
    pub action: Action,
    /// The kind of record, such as `PatientRegister`.
    pub resource: String,
    /// The record's key.
    pub resource_id: Option<Uuid>,
    /// The record's version after the change; null for what changes none.
    pub version: Option<i32>,
    /// The institution that the record belongs to.
    pub resource_institution_id: Option<Uuid>,
    /// The form that it is kept and hashed in: 1 names one patient, 2 several.
    pub form: i16,
    /// The patient whose data it was, of form 1.
    pub patient_id: Option<Uuid>,
    /// The patients whose data it was, of form 2: all of one institution; null when it was nobody's.
    pub patient_ids: Option<UuidList>,
    /// Names of the fields that were changed or shown.
    pub fields: TextList,
    /// The fields and operators of a question that the answer depended on; null for what answers none.
    pub operators: Option<TextList>,
    /// The number of records that matched; null where they were not counted.
    pub matched: Option<i64>,
    /// The arguments of the question, sealed under a key that the database does not have.
    pub query: Option<Vec<u8>>,
    /// What became of it.
    pub outcome: Outcome,
    /// The number of the intent that this settles.
    pub settles: Option<i64>,
    /// The hash of the instance's entry before this one.
    pub previous_hash: Vec<u8>,
    /// SHA-256 of the previous hash and this entry.
    pub hash: Vec<u8>,
}

/// Entries outlive what they speak of, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
