//! Doctors: who treats, each in an institution.

use async_graphql::{InputObject, MaybeUndefined};
use entity::doctor::{ActiveModel, Column, Entity, Model};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ActiveValue, ColumnTrait};
use serde::Serialize;
use uuid::Uuid;

use crate::clock::Clock;
use crate::criteria;
use crate::criteria::{Bounded, DateTimeFilter, Direction, IntFilter, PhoneNumberFilter, Term, TextFilter, UuidFilter};
use crate::database::{Cluster, Transaction};
use crate::error::{Error, FaultCode, Result};
use crate::scope::{Permission, Scope};

use super::aggregate::{Aggregate, New, Target, change, create as create_all, exists};
use super::check::{Check, Kind, MAX_NAME, optional_reference};
use super::doctor_specialty::{DoctorSpecialties, DoctorSpecialtyFilter};
use super::idempotency::Key;
use super::medical_institution::{MedicalInstitutionFilter, MedicalInstitutions};
use super::patient_register::PatientRegisterFilter;
use super::{Collection, Deleted, Row};

criteria! {
    /// Doctors.
    Doctors: DoctorFilter, DoctorOrder, DoctorOrderField on doctor {
        /// The record's own key.
        uuid: UuidFilter => Uuid;
        /// First name.
        first_name: TextFilter => FirstName folded "first_name_folded";
        /// Last name.
        last_name: TextFilter => LastName folded "last_name_folded";
        /// The licence to practise.
        license_number: TextFilter => LicenseNumber;
        /// Email address.
        email: TextFilter => Email;
        /// Phone number.
        phone_number: PhoneNumberFilter => PhoneNumber;
        /// Key of the institution where the doctor practises.
        institution_id: UuidFilter => InstitutionId;
        /// Key of what the doctor practises.
        specialty_id: UuidFilter => SpecialtyId;
        /// How often the record has changed, counting from 1.
        version: IntFilter => Version;
        /// When the record was created.
        created_at: DateTimeFilter => CreatedAt;
        /// When the record last changed.
        updated_at: DateTimeFilter => UpdatedAt;
    }
    relations {
        /// Where the doctor practises.
        institution: MedicalInstitutionFilter => InstitutionId of medical_institution;
        /// What the doctor practises.
        specialty: DoctorSpecialtyFilter => SpecialtyId of doctor_specialty;
    }
    many {
        /// The registers of the patients whose usual doctor this is.
        patient_registers: PatientRegisterFilter => DoctorId of patient_register;
    }
    orders {
        /// Name of the institution where the doctor practises.
        InstitutionName: MedicalInstitutionFilter => InstitutionId of medical_institution Name;
        /// Name of what the doctor practises.
        SpecialtyName: DoctorSpecialtyFilter => SpecialtyId of doctor_specialty Name;
    }
}

impl Bounded for Doctors {
    fn institution() -> Option<Column> {
        Some(Column::InstitutionId)
    }
}

impl Collection for Doctors {
    const NAME: &'static str = "Doctor";
    const READ: Permission = Permission::ReadDirectory;

    fn key() -> Column {
        Column::Uuid
    }

    fn default_order() -> Term<Column> {
        Term { column: Column::LastName, direction: Direction::Asc }
    }
}

/// A doctor to create.
#[derive(Clone, Debug, InputObject, Serialize)]
pub struct CreateDoctorInput {
    /// UUID of the new record, of any version but 5; made by the server when left out.
    pub uuid: Option<Uuid>,
    /// First name: 1 to 200 characters. A doctor must have one name at least.
    pub first_name: Option<String>,
    /// Last name: 1 to 200 characters. A doctor must have one name at least.
    pub last_name: Option<String>,
    /// The licence to practise: 1 to 50 characters; no two doctors have the same.
    pub license_number: Option<String>,
    /// Email address: at most 254 characters.
    pub email: Option<String>,
    /// Phone number: 10 to 15 digits, at most 40 characters as written.
    pub phone_number: Option<String>,
    /// Key of the institution where the doctor practises; the caller's own when left out.
    pub institution_id: Option<Uuid>,
    /// Key of what the doctor practises.
    pub specialty_id: Option<Uuid>,
    /// A text of the client's making, at most 200 characters. Sending the same key with the same input again, within 24
    /// hours, returns the first result instead of creating twice.
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}

/// A doctor to change. What is left out stays as it is; null means unknown.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateDoctorInput {
    /// The record's own key.
    pub uuid: Uuid,
    /// The version that the changes are meant for. If the record has changed since, nothing is written.
    pub expected_version: Option<i32>,
    /// First name: 1 to 200 characters. A doctor must have one name at least.
    pub first_name: MaybeUndefined<String>,
    /// Last name: 1 to 200 characters. A doctor must have one name at least.
    pub last_name: MaybeUndefined<String>,
    /// The licence to practise: 1 to 50 characters; no two doctors have the same.
    pub license_number: MaybeUndefined<String>,
    /// Email address: at most 254 characters.
    pub email: MaybeUndefined<String>,
    /// Phone number: 10 to 15 digits, at most 40 characters as written.
    pub phone_number: MaybeUndefined<String>,
    /// Key of the institution where the doctor practises.
    pub institution_id: MaybeUndefined<Uuid>,
    /// Key of what the doctor practises.
    pub specialty_id: MaybeUndefined<Uuid>,
}

/// Creates a doctor.
///
/// # Errors
/// `Rejected` with every broken rule; `Forbidden`; as any write.
pub async fn create(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: CreateDoctorInput,
) -> Result<Row<Entity>> {
    scope.require(Doctors::WRITE)?;
    let key = Key::new("createDoctor", input.idempotency_key.as_deref(), &input)?;
    let mut check = Check::new(["input"]);
    let uuid = input.uuid.unwrap_or_else(Uuid::new_v4);
    let row = ActiveModel {
        uuid: Set(uuid),
        first_name: check.not_blank("firstName", Kind::Name(MAX_NAME), &Some(input.first_name).into()),
        last_name: check.not_blank("lastName", Kind::Name(MAX_NAME), &Some(input.last_name).into()),
        license_number: check.optional("licenseNumber", Kind::Plain(50), &Some(input.license_number).into()),
        email: check.optional("email", Kind::Email, &Some(input.email).into()),
        phone_number: check.optional("phoneNumber", Kind::Phone, &Some(input.phone_number).into()),
        institution_id: Set(input.institution_id.unwrap_or(scope.default_institution().0)),
        specialty_id: Set(input.specialty_id),
        ..ActiveModel::default()
    };
    require_name(None, &row, &mut check);
    let new = New::<Doctors> { check, uuid, row };
    let mut rows = create_all(scope, cluster, clock.now(), vec![new], key).await?;
    rows.pop().ok_or_else(|| Error::internal("a record was created and not returned"))
}

/// Changes a doctor.
///
/// # Errors
/// `Rejected` with every broken rule; `Forbidden`; as any write.
pub async fn update(scope: &Scope, cluster: &Cluster, input: UpdateDoctorInput) -> Result<Row<Entity>> {
    scope.require(Doctors::WRITE)?;
    let mut check = Check::new(["input"]);
    let changes = ActiveModel {
        first_name: check.not_blank("firstName", Kind::Name(MAX_NAME), &input.first_name),
        last_name: check.not_blank("lastName", Kind::Name(MAX_NAME), &input.last_name),
        license_number: check.optional("licenseNumber", Kind::Plain(50), &input.license_number),
        email: check.optional("email", Kind::Email, &input.email),
        phone_number: check.optional("phoneNumber", Kind::Phone, &input.phone_number),
        institution_id: check.reference("institutionId", &input.institution_id),
        specialty_id: optional_reference(&input.specialty_id),
        ..ActiveModel::default()
    };
    let target = Target { uuid: input.uuid, expected_version: input.expected_version, deleted: Deleted::Excluded };
    change::<Doctors>(scope, cluster, check, target, changes).await
}

/// A doctor has a first name or a last name: some have a single one. `present` is the record before a change.
pub(super) fn require_name(present: Option<&Model>, row: &ActiveModel, check: &mut Check) {
    let is_known = |told: &ActiveValue<Option<String>>, present: Option<&String>| {
        told.try_as_ref().map_or(present.is_some(), Option::is_some)
    };
    let first = is_known(&row.first_name, present.and_then(|present| present.first_name.as_ref()));
    let last = is_known(&row.last_name, present.and_then(|present| present.last_name.as_ref()));
    if !first && !last && !check.blames("lastName") {
        check.fault(&["lastName"], FaultCode::Required, "a doctor must have a first name or a last name");
    }
}

impl Aggregate for Doctors {
    const WRITE: Permission = Permission::WriteDirectory;

    fn uuid(model: &Model) -> Uuid {
        model.uuid
    }

    fn version(model: &Model) -> i32 {
        model.version
    }

    fn complete(present: &Model, changes: &mut ActiveModel, check: &mut Check) {
        require_name(Some(present), changes, check);
    }

    async fn check_others(
        row: &ActiveModel,
        own: Uuid,
        check: &mut Check,
        scope: &Scope,
        tx: &Transaction,
    ) -> Result<()> {
        if let Some(key) = row.institution_id.try_as_ref() {
            let condition = entity::medical_institution::Column::Uuid.eq(*key);
            if !exists::<MedicalInstitutions>(tx, scope, condition).await? {
                check.fault(&["institutionId"], FaultCode::ReferenceMissing, "there is no such institution");
            }
        }
        if let Some(Some(key)) = row.specialty_id.try_as_ref() {
            let condition = entity::doctor_specialty::Column::Uuid.eq(*key);
            if !exists::<DoctorSpecialties>(tx, scope, condition).await? {
                check.fault(&["specialtyId"], FaultCode::ReferenceMissing, "there is no such specialty");
            }
        }
        if let Some(Some(license)) = row.license_number.try_as_ref() {
            let other = Column::LicenseNumber.eq(license.as_str()).and(Column::Uuid.ne(own));
            if exists::<Doctors>(tx, scope, other).await? {
                check.fault(&["licenseNumber"], FaultCode::NotUnique, "another doctor has this licence");
            }
        }
        Ok(())
    }
}
