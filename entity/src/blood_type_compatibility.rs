//! Table `blood_type_compatibilities`: who can give red cells to whom.

use sea_orm::entity::prelude::*;

/// A row of `blood_type_compatibilities`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "blood_type_compatibilities")]
pub struct Model {
    /// The blood type that is given.
    #[sea_orm(primary_key, auto_increment = false)]
    pub donor_id: Uuid,
    /// A blood type that can receive it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub recipient_id: Uuid,
}

/// Relations are read in batches by key, so none is declared here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
