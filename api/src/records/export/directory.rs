use std::collections::HashMap;

use entity::identifier;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::error::Result;
use crate::records::Collection;
use crate::records::collection::{Deleted, visible};
use crate::records::doctor::Doctors;
use crate::records::import::{ImportSource, ImportedDoctor, ImportedIdentifier, ImportedInstitution, among};
use crate::records::medical_institution::MedicalInstitutions;
use crate::scope::{Permission, Scope};

use super::page::page;

/// The next doctors in the order of their keys, after the one with this key, at most `limit`.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn doctors(
    scope: &Scope,
    db: &impl ConnectionTrait,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<ImportedDoctor>> {
    scope.require(Permission::ReadDirectory)?;
    let models = page::<Doctors>(scope, db, after, limit).await?;
    doctors_of(db, models).await
}

/// The doctor with this key, and the institution with that one, as far as they are within the boundary.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn around(
    scope: &Scope,
    db: &impl ConnectionTrait,
    doctor: Option<Uuid>,
    institution: Option<Uuid>,
) -> Result<(Option<ImportedDoctor>, Option<ImportedInstitution>)> {
    scope.require(Permission::ReadDirectory)?;
    let doctors = Doctors::key().is_in(doctor);
    let doctors = entity::doctor::Entity::find().filter(visible::<Doctors>(scope, Deleted::Excluded)).filter(doctors);
    let doctors = doctors_of(db, doctors.all(db).await?).await?;
    let institutions = MedicalInstitutions::key().is_in(institution);
    let institutions = entity::medical_institution::Entity::find()
        .filter(visible::<MedicalInstitutions>(scope, Deleted::Excluded))
        .filter(institutions);
    let institutions = institutions_of(db, institutions.all(db).await?).await?;
    Ok((doctors.into_iter().next(), institutions.into_iter().next()))
}

async fn doctors_of(db: &impl ConnectionTrait, models: Vec<entity::doctor::Model>) -> Result<Vec<ImportedDoctor>> {
    let keys = models.iter().map(|model| model.uuid).collect();
    let mut identifiers = identifiers(db, identifier::Column::DoctorId, |model| model.doctor_id, keys).await?;
    let doctor = |model: entity::doctor::Model| ImportedDoctor {
        identifiers: identifiers.remove(&model.uuid).unwrap_or_default(),
        uuid: model.uuid,
        source: ImportSource::default(),
        first_name: model.first_name,
        last_name: model.last_name,
        email: model.email,
        phone_number: model.phone_number,
        institution_id: Some(model.institution_id),
    };
    Ok(models.into_iter().map(doctor).collect())
}

/// The next institutions in the order of their keys, after the one with this key, at most `limit`.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn institutions(
    scope: &Scope,
    db: &impl ConnectionTrait,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<ImportedInstitution>> {
    scope.require(Permission::ReadDirectory)?;
    let models = page::<MedicalInstitutions>(scope, db, after, limit).await?;
    institutions_of(db, models).await
}

async fn institutions_of(
    db: &impl ConnectionTrait,
    models: Vec<entity::medical_institution::Model>,
) -> Result<Vec<ImportedInstitution>> {
    let keys = models.iter().map(|model| model.uuid).collect();
    let owner = |model: &identifier::Model| model.medical_institution_id;
    let mut identifiers = identifiers(db, identifier::Column::MedicalInstitutionId, owner, keys).await?;
    let institution = |model: entity::medical_institution::Model| ImportedInstitution {
        identifiers: identifiers.remove(&model.uuid).unwrap_or_default(),
        uuid: model.uuid,
        source: ImportSource::default(),
        name: Some(model.name),
        email: model.email,
        phone_number: model.phone_number,
        address: model.address,
    };
    Ok(models.into_iter().map(institution).collect())
}

/// What others know these owners by.
pub(super) async fn identifiers(
    db: &impl ConnectionTrait,
    column: identifier::Column,
    owner: impl Fn(&identifier::Model) -> Option<Uuid>,
    owners: Vec<Uuid>,
) -> Result<HashMap<Uuid, Vec<ImportedIdentifier>>> {
    let query = identifier::Entity::find().filter(among(db, column, owners));
    let query = query.filter(identifier::Column::DeletedAt.is_null()).order_by_asc(identifier::Column::Uuid);
    let mut found: HashMap<Uuid, Vec<ImportedIdentifier>> = HashMap::new();
    for model in query.all(db).await? {
        if let Some(owner) = owner(&model) {
            let identifier =
                ImportedIdentifier { number: 0, system: model.system, value: model.value, type_code: model.type_code };
            found.entry(owner).or_default().push(identifier);
        }
    }
    Ok(found)
}
