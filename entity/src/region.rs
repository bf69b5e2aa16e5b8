//! Table `regions`: states, provinces and what they are made of, as ISO 3166-2 lists them.

use sea_orm::entity::prelude::*;

/// A row of `regions`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "regions")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// The country that the region is part of.
    pub country_id: Uuid,
    /// The region that this one is part of, in the same country.
    pub parent_id: Option<Uuid>,
    /// The code of ISO 3166-2, such as `US-MA`, unique.
    pub code: String,
    /// 1 to 100 characters.
    pub name: String,
    /// Whether the entry is to be chosen for new records.
    pub is_active: bool,
    /// Counts the row's changes, from 1; kept by the database.
    pub version: i32,
    /// When the row came to be; kept by the database.
    pub created_at: DateTimeUtc,
    /// When the row last changed; kept by the database.
    pub updated_at: DateTimeUtc,
}

/// Relations are read in batches by key, so none is declared here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
