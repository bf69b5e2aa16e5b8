//! Table `import_origins`: the source that an imported record came from.

use sea_orm::entity::prelude::*;

/// A row of `import_origins`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_origins")]
pub struct Model {
    /// UUID of the record.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// Kind of the record, such as `PatientRegister`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub entity: String,
    /// Institution that the record belonged to after the last import that wrote it.
    pub institution_id: Uuid,
    /// Base URL of the FHIR server; empty where the input named none.
    pub source: String,
    /// Time of the first import.
    pub created_at: DateTimeUtc,
}

/// The record may be of several kinds, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
