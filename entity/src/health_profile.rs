//! Table `health_profiles`: what is known of a patient's body and habits.

use sea_orm::entity::prelude::*;

/// Whether somebody does something, such as smoking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(7))", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Habit {
    /// Never did.
    Never,
    /// Did, and has stopped.
    Former,
    /// Does.
    Current,
}

/// A row of `health_profiles`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "health_profiles")]
pub struct Model {
    /// The record's own key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub uuid: Uuid,
    /// Whose it is.
    pub patient_id: Uuid,
    /// The institution that the patient belongs to.
    pub institution_id: Uuid,
    /// The sex recorded at birth.
    pub sex_id: Option<Uuid>,
    /// The patient's own gender.
    pub gender_id: Option<Uuid>,
    /// Blood type.
    pub blood_type_id: Option<Uuid>,
    /// 20 to 300 cm.
    pub height_cm: Option<i32>,
    /// 0.2 to 700 kg.
    pub weight_kg: Option<f64>,
    /// Whether the patient smokes.
    pub smoking: Option<Habit>,
    /// 1 to 200; only of who smokes.
    pub cigarettes_per_day: Option<i32>,
    /// Only of who has stopped.
    pub smoking_end_date: Option<Date>,
    /// Whether the patient drinks alcohol.
    pub alcohol: Option<Habit>,
    /// 1 to 500, of 8 g of pure alcohol each; only of who drinks.
    pub alcohol_units_per_week: Option<i32>,
    /// Counts the row's changes, from 1; kept by the database.
    pub version: i32,
    /// When the row came to be; kept by the database.
    pub created_at: DateTimeUtc,
    /// When the row last changed; kept by the database.
    pub updated_at: DateTimeUtc,
    /// When it was removed: such a row is a tombstone.
    pub deleted_at: Option<DateTimeUtc>,
}

/// Relations are read in batches by key, so none is declared here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
