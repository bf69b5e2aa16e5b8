//! Table `import_references`: what references of a later import lead to, of resources that are not kept themselves.

use sea_orm::entity::prelude::*;

/// A row of `import_references`: the practitioner of a `PractitionerRole`, or the medicine that a Medication is.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_references")]
pub struct Model {
    /// Key of the resource.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// Base URL of the FHIR server; empty where the input named none.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: String,
    /// The doctor, of a role.
    pub doctor_id: Option<Uuid>,
    /// Code system of the medicine.
    pub system: Option<String>,
    /// Code of the medicine in that system.
    pub code: Option<String>,
    /// What the code is called.
    pub name: Option<String>,
    /// The medicine in words: 1 to 500 characters.
    pub display: Option<String>,
}

/// Rows are read by their keys, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
