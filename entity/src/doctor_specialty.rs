//! Table `doctor_specialties`: what doctors practise.

use sea_orm::entity::prelude::*;

/// A row of `doctor_specialties`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "doctor_specialties")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// 1 to 100 characters, unique.
    pub name: String,
    /// 1 to 500 characters.
    pub description: Option<String>,
    /// What the specialty belongs to.
    pub category_id: Option<Uuid>,
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
