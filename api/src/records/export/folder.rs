use std::collections::HashMap;

use entity::{
    identifier, medical_condition, medication, patient_allergy, patient_condition, patient_medication, patient_register,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic, PaginatorTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::deed::{Action, Deed};
use crate::error::{Error, Result};
use crate::records::Collection;
use crate::records::collection::{Deleted, visible};
use crate::records::dependent::{PatientAllergies, PatientConditions, PatientMedications};
use crate::records::import::{
    ImportSource, ImportedAllergy, ImportedConcept, ImportedCondition, ImportedMedication, ImportedPerson,
    ImportedRegister, Vocabulary, among,
};
use crate::records::patient_register::PatientRegisters;
use crate::scope::Scope;

use super::directory::identifiers;
use super::page::{of_patients, page};
use super::people::people;
use super::require;

/// What is exported of a patient.
#[derive(Clone, Debug)]
pub struct Folder {
    /// The register, and who the patient is. Its lists are those of the register.
    pub register: ImportedRegister,
    /// What the patient does not tolerate.
    pub allergies: Vec<ImportedAllergy>,
    /// What the patient has or had.
    pub conditions: Vec<ImportedCondition>,
    /// What the patient takes or took.
    pub medications: Vec<ImportedMedication>,
}

/// The columns of a register that are handed out.
const REGISTER: [patient_register::Column; 14] = {
    use patient_register::Column as C;
    [
        C::Uuid,
        C::FirstName,
        C::LastName,
        C::DateOfBirth,
        C::DateOfDeath,
        C::Email,
        C::PhoneNumber,
        C::Address,
        C::EmergencyContact,
        C::Allergies,
        C::MedicalHistory,
        C::CurrentMedications,
        C::InstitutionId,
        C::DoctorId,
    ]
};

/// What is handed out with it, of other tables: of the health profile only sex and gender.
const BELONGINGS: [&str; 9] = [
    "identifiers",
    "sex_id",
    "gender_id",
    "emails",
    "phones",
    "addresses",
    "patient_allergies",
    "patient_conditions",
    "patient_medications",
];

impl Folder {
    /// That it was handed out.
    #[must_use]
    pub fn deed(&self) -> Deed {
        let of_register = REGISTER.iter().map(IdenStatic::as_str);
        Deed {
            patients: vec![self.register.uuid],
            institution: self.register.institution_id,
            fields: of_register.chain(BELONGINGS).map(Into::into).collect(),
            ..Deed::new(Action::Export, PatientRegisters::NAME).on(self.register.uuid)
        }
    }
}

/// How many patients there are.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn total(scope: &Scope, db: &impl ConnectionTrait) -> Result<u64> {
    require(scope)?;
    let query = patient_register::Entity::find().filter(visible::<PatientRegisters>(scope, Deleted::Excluded));
    Ok(query.filter(patient_register::Column::MergedInto.is_null()).count(db).await?)
}

/// The next patients in the order of their keys, after the one with this key, at most `limit`.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn folders(
    scope: &Scope,
    db: &impl ConnectionTrait,
    known: &Vocabulary,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Folder>> {
    require(scope)?;
    let registers = page::<PatientRegisters>(scope, db, after, limit).await?;
    filled(scope, db, known, registers, None).await
}

/// One patient; nothing where there is no such one within the boundary.
///
/// # Errors
/// `Forbidden`; `Limit` where there are more than `limit` records of one kind; as any read.
pub async fn folder(
    scope: &Scope,
    db: &impl ConnectionTrait,
    known: &Vocabulary,
    uuid: Uuid,
    limit: u64,
) -> Result<Option<Folder>> {
    require(scope)?;
    let query = patient_register::Entity::find().filter(visible::<PatientRegisters>(scope, Deleted::Excluded));
    let found = query.filter(patient_register::Column::Uuid.eq(uuid)).all(db).await?;
    let folders = filled(scope, db, known, found, Some(limit)).await?;
    Ok(folders.into_iter().next())
}

/// What is read of each kind, by patient.
type By<T> = HashMap<Uuid, Vec<T>>;

fn by_patient<M, T>(rows: Vec<M>, patient: impl Fn(&M) -> Uuid, of: impl Fn(M) -> T) -> By<T> {
    let mut found: By<T> = HashMap::new();
    for row in rows {
        found.entry(patient(&row)).or_default().push(of(row));
    }
    found
}

async fn filled(
    scope: &Scope,
    db: &impl ConnectionTrait,
    known: &Vocabulary,
    registers: Vec<patient_register::Model>,
    limit: Option<u64>,
) -> Result<Vec<Folder>> {
    let keys: Vec<Uuid> = registers.iter().map(|register| register.uuid).collect();
    let one_more = limit.map(|limit| limit + 1);
    let conditions = of_patients::<PatientConditions>(scope, db, &keys, one_more).await?;
    let medications = of_patients::<PatientMedications>(scope, db, &keys, one_more).await?;
    let allergies = of_patients::<PatientAllergies>(scope, db, &keys, one_more).await?;
    let most = conditions.len().max(medications.len()).max(allergies.len()) as u64;
    if limit.is_some_and(|limit| most > limit) {
        let message = "the patient has more records of one kind than one document holds: export with phr export fhir";
        return Err(Error::Limit(message.to_owned()));
    }
    let named: Vec<Uuid> = conditions
        .iter()
        .filter_map(|row| row.medical_condition_id)
        .chain(allergies.iter().filter_map(|row| row.medical_condition_id))
        .collect();
    let of_conditions = names::<medical_condition::Entity>(
        db,
        (medical_condition::Column::Uuid, medical_condition::Column::Name),
        named,
    )
    .await?;
    let named = medications.iter().filter_map(|row| row.medication_id).collect();
    let of_medications =
        names::<medication::Entity>(db, (medication::Column::Uuid, medication::Column::Name), named).await?;
    let mut conditions = by_patient(conditions, |row| row.patient_id, |row| condition(row, &of_conditions));
    let mut medications = by_patient(medications, |row| row.patient_id, |row| medication_of(row, &of_medications));
    let mut allergies = by_patient(allergies, |row| row.patient_id, |row| allergy(row, &of_conditions));
    let mut people = people(scope, db, known, &keys).await?;
    let mut numbers = identifiers(db, identifier::Column::PatientId, |model| model.patient_id, keys).await?;
    let folder = |register: patient_register::Model| {
        let key = register.uuid;
        Folder {
            conditions: conditions.remove(&key).unwrap_or_default(),
            medications: medications.remove(&key).unwrap_or_default(),
            allergies: allergies.remove(&key).unwrap_or_default(),
            register: ImportedRegister {
                identifiers: numbers.remove(&key).unwrap_or_default(),
                person: people.remove(&key).unwrap_or_default(),
                ..register_of(register)
            },
        }
    };
    Ok(registers.into_iter().map(folder).collect())
}

fn register_of(model: patient_register::Model) -> ImportedRegister {
    ImportedRegister {
        uuid: model.uuid,
        source: ImportSource::default(),
        first_name: model.first_name,
        last_name: model.last_name,
        date_of_birth: model.date_of_birth,
        date_of_death: model.date_of_death,
        email: model.email,
        phone_number: model.phone_number,
        address: model.address,
        emergency_contact: model.emergency_contact,
        allergies: Some(model.allergies.0),
        medical_history: Some(model.medical_history.0),
        current_medications: Some(model.current_medications.0),
        institution_id: Some(model.institution_id),
        doctor_id: model.doctor_id,
        identifiers: Vec::new(),
        person: ImportedPerson::default(),
    }
}

/// Names of entries of a catalogue.
type Names = HashMap<Uuid, String>;

async fn names<E: EntityTrait>(
    db: &impl ConnectionTrait,
    (key, name): (E::Column, E::Column),
    mut keys: Vec<Uuid>,
) -> Result<Names> {
    keys.sort_unstable();
    keys.dedup();
    let query = E::find().select_only().columns([key, name]).filter(among(db, key, keys));
    Ok(query.into_tuple::<(Uuid, String)>().all(db).await?.into_iter().collect())
}

fn concept(
    system: Option<String>,
    code: Option<String>,
    display: String,
    entry: Option<Uuid>,
    names: &Names,
) -> ImportedConcept {
    let name = entry.and_then(|entry| names.get(&entry).cloned());
    ImportedConcept { code: system.zip(code), name, display }
}

fn condition(row: patient_condition::Model, names: &Names) -> ImportedCondition {
    ImportedCondition {
        uuid: row.uuid,
        source: ImportSource::default(),
        patient_id: row.patient_id,
        concept: concept(row.system, row.code, row.display, row.medical_condition_id, names),
        status: row.status.into(),
        severity: row.severity.map(Into::into),
        onset_date: row.onset_date,
        end_date: row.end_date,
    }
}

fn medication_of(row: patient_medication::Model, names: &Names) -> ImportedMedication {
    ImportedMedication {
        uuid: row.uuid,
        source: ImportSource::default(),
        patient_id: row.patient_id,
        concept: concept(row.system, row.code, row.display, row.medication_id, names),
        status: row.status.into(),
        dose: row.dose,
        instructions: row.instructions,
        start_date: row.start_date,
        end_date: row.end_date,
    }
}

fn allergy(row: patient_allergy::Model, names: &Names) -> ImportedAllergy {
    ImportedAllergy {
        uuid: row.uuid,
        source: ImportSource::default(),
        patient_id: row.patient_id,
        concept: concept(row.system, row.code, row.display, row.medical_condition_id, names),
        category: row.category.map(Into::into),
        status: row.status.into(),
        severity: row.severity.map(Into::into),
        reaction: row.reaction,
        onset_date: row.onset_date,
        end_date: row.end_date,
    }
}
