use entity::health_profile::{ActiveModel, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ActiveModelTrait, ConnectionTrait};
use uuid::Uuid;

use crate::error::Result;
use crate::records::Collection;
use crate::records::aggregate::Aggregate;
use crate::records::dependent::HealthProfiles;

use super::How;
use super::contact::{key, patient_of, present};
use super::home::at_home;
use super::put::{Import, Item, unknown};

/// What is told of a patient's body: the sex recorded at birth and the own gender; none where neither is.
pub(super) fn profile(patient: Uuid, sex: Option<Uuid>, gender: Option<Uuid>) -> Option<Item<HealthProfiles>> {
    sex.or(gender)?;
    let uuid = key(patient, "HealthProfile", []);
    let row = ActiveModel {
        uuid: Set(uuid),
        patient_id: Set(patient),
        sex_id: sex.map_or(NotSet, |key| Set(Some(key))),
        gender_id: gender.map_or(NotSet, |key| Set(Some(key))),
        ..Default::default()
    };
    Some(Item::new(uuid, row, Vec::new()))
}

impl Import for HealthProfiles {
    fn fill(row: &mut ActiveModel) {
        for column in [&mut row.sex_id, &mut row.gender_id, &mut row.blood_type_id] {
            unknown(column);
        }
        for column in [&mut row.height_cm, &mut row.cigarettes_per_day, &mut row.alcohol_units_per_week] {
            unknown(column);
        }
        unknown(&mut row.weight_kg);
        unknown(&mut row.smoking);
        unknown(&mut row.smoking_end_date);
        unknown(&mut row.alcohol);
        row.deleted_at = Set(None);
    }

    fn is_deleted(model: &Model) -> bool {
        model.deleted_at.is_some()
    }

    /// A patient has one at most: the one that is there, whatever its key.
    async fn settle(db: &impl ConnectionTrait, how: How, items: Vec<Item<Self>>) -> Result<Vec<Item<Self>>> {
        let mut items = at_home(db, how, items).await?;
        let present = present::<Self>(db, &items).await?;
        for item in &mut items {
            if let Some(model) = present.get(&patient_of(item)).and_then(|rows| rows.first()) {
                item.uuid = Self::uuid(model);
                item.row.set(Self::key(), item.uuid.into());
            }
        }
        Ok(items)
    }
}
