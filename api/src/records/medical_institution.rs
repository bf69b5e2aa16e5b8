//! Medical institutions: clinics and hospitals, each the tenant of its registers.

use async_graphql::{InputObject, MaybeUndefined};
use entity::medical_institution::{ActiveModel, Column, Entity, Model};
use sea_orm::ActiveValue::{Set, Unchanged};
use serde::Serialize;
use uuid::Uuid;

use crate::clock::Clock;
use crate::criteria;
use crate::criteria::{Bounded, DateTimeFilter, Direction, IntFilter, PhoneNumberFilter, Term, TextFilter, UuidFilter};
use crate::database::{Cluster, Transaction};
use crate::error::{Error, Result};
use crate::scope::{Boundary, Permission, Scope};

use super::aggregate::{Aggregate, New, Target, change, create as create_all};
use super::catalogue::{
    Countries, CountryFilter, InstitutionTypeFilter, InstitutionTypes, RegionFilter, Regions, check_choice,
    check_region,
};
use super::check::{Check, Kind, MAX_ADDRESS, optional_reference};
use super::doctor::DoctorFilter;
use super::idempotency::Key;
use super::patient_register::PatientRegisterFilter;
use super::{Collection, Deleted, Row};

criteria! {
    /// Medical institutions.
    MedicalInstitutions: MedicalInstitutionFilter, MedicalInstitutionOrder, MedicalInstitutionOrderField on medical_institution {
        /// The record's own key.
        uuid: UuidFilter => Uuid;
        /// Name.
        name: TextFilter => Name folded "name_folded";
        /// Email address.
        email: TextFilter => Email;
        /// Phone number.
        phone_number: PhoneNumberFilter => PhoneNumber;
        /// Postal address.
        address: TextFilter => Address;
        /// The key of the kind of institution.
        institution_type_id: UuidFilter => InstitutionTypeId;
        /// The key of the country where it is.
        country_id: UuidFilter => CountryId;
        /// The key of the region where it is.
        region_id: UuidFilter => RegionId;
        /// How often the record has changed, counting from 1.
        version: IntFilter => Version;
        /// When the record was created.
        created_at: DateTimeFilter => CreatedAt;
        /// When the record last changed.
        updated_at: DateTimeFilter => UpdatedAt;
    }
    relations {
        /// What kind of institution it is; none when unknown.
        institution_type: InstitutionTypeFilter => InstitutionTypeId of institution_type;
        /// The country where it is; none when unknown.
        country: CountryFilter => CountryId of country;
        /// The region where it is; none when unknown.
        region: RegionFilter => RegionId of region;
    }
    many {
        /// Who practises here.
        doctors: DoctorFilter => InstitutionId of doctor;
        /// The registers that belong here.
        patient_registers: PatientRegisterFilter => InstitutionId of patient_register;
    }
}

impl Bounded for MedicalInstitutions {
    fn institution() -> Option<Column> {
        Some(Column::Uuid)
    }
}

impl Collection for MedicalInstitutions {
    const NAME: &'static str = "MedicalInstitution";
    const READ: Permission = Permission::ReadDirectory;

    fn key() -> Column {
        Column::Uuid
    }

    fn default_order() -> Term<Column> {
        Term { column: Column::Name, direction: Direction::Asc }
    }
}

/// An institution to create.
#[derive(Clone, Debug, InputObject, Serialize)]
pub struct CreateMedicalInstitutionInput {
    /// UUID of the new record, of any version but 5; made by the server when left out.
    pub uuid: Option<Uuid>,
    /// Name: 1 to 200 characters.
    pub name: String,
    /// Email address: at most 254 characters.
    pub email: Option<String>,
    /// Phone number: 10 to 15 digits, at most 40 characters as written.
    pub phone_number: Option<String>,
    /// Postal address: 1 to 500 characters.
    pub address: Option<String>,
    /// The key of the kind of institution.
    pub institution_type_id: Option<Uuid>,
    /// The key of the country where it is.
    pub country_id: Option<Uuid>,
    /// The key of the region where it is, of that country.
    pub region_id: Option<Uuid>,
    /// A text of the client's making, at most 200 characters. Sending the same key with the same input again, within 24
    /// hours, returns the first result instead of creating twice.
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}

/// An institution to change. What is left out stays as it is; null means unknown.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateMedicalInstitutionInput {
    /// The record's own key.
    pub uuid: Uuid,
    /// The version that the changes are meant for. If the record has changed since, nothing is written.
    pub expected_version: Option<i32>,
    /// Name: 1 to 200 characters.
    pub name: MaybeUndefined<String>,
    /// Email address: at most 254 characters.
    pub email: MaybeUndefined<String>,
    /// Phone number: 10 to 15 digits, at most 40 characters as written.
    pub phone_number: MaybeUndefined<String>,
    /// Postal address: 1 to 500 characters.
    pub address: MaybeUndefined<String>,
    /// The key of the kind of institution.
    pub institution_type_id: MaybeUndefined<Uuid>,
    /// The key of the country where it is.
    pub country_id: MaybeUndefined<Uuid>,
    /// The key of the region where it is, of that country.
    pub region_id: MaybeUndefined<Uuid>,
}

/// Creates an institution.
///
/// # Errors
/// `Rejected` with every broken rule; `Forbidden`, also for who is bound to an institution already; as any write.
pub async fn create(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: CreateMedicalInstitutionInput,
) -> Result<Row<Entity>> {
    scope.require(MedicalInstitutions::WRITE)?;
    if scope.boundary != Boundary::All {
        return Err(Error::Forbidden("only who works for all institutions may create one".to_owned()));
    }
    let key = Key::new("createMedicalInstitution", input.idempotency_key.as_deref(), &input)?;
    let mut check = Check::new(["input"]);
    let uuid = input.uuid.unwrap_or_else(Uuid::new_v4);
    let row = ActiveModel {
        uuid: Set(uuid),
        name: check.required("name", Kind::Name(200), &MaybeUndefined::Value(input.name)),
        email: check.optional("email", Kind::Email, &Some(input.email).into()),
        phone_number: check.optional("phoneNumber", Kind::Phone, &Some(input.phone_number).into()),
        address: check.optional("address", Kind::Plain(MAX_ADDRESS), &Some(input.address).into()),
        institution_type_id: Set(input.institution_type_id),
        country_id: Set(input.country_id),
        region_id: Set(input.region_id),
        ..ActiveModel::default()
    };
    let new = New::<MedicalInstitutions> { check, uuid, row };
    let mut rows = create_all(scope, cluster, clock.now(), vec![new], key).await?;
    rows.pop().ok_or_else(|| Error::internal("a record was created and not returned"))
}

/// Changes an institution.
///
/// # Errors
/// `Rejected` with every broken rule; `Forbidden`; as any write.
pub async fn update(scope: &Scope, cluster: &Cluster, input: UpdateMedicalInstitutionInput) -> Result<Row<Entity>> {
    scope.require(MedicalInstitutions::WRITE)?;
    let mut check = Check::new(["input"]);
    let changes = ActiveModel {
        name: check.required("name", Kind::Name(200), &input.name),
        email: check.optional("email", Kind::Email, &input.email),
        phone_number: check.optional("phoneNumber", Kind::Phone, &input.phone_number),
        address: check.optional("address", Kind::Plain(MAX_ADDRESS), &input.address),
        institution_type_id: optional_reference(&input.institution_type_id),
        country_id: optional_reference(&input.country_id),
        region_id: optional_reference(&input.region_id),
        ..ActiveModel::default()
    };
    let target = Target { uuid: input.uuid, expected_version: input.expected_version, deleted: Deleted::Excluded };
    change::<MedicalInstitutions>(scope, cluster, check, target, changes).await
}

impl Aggregate for MedicalInstitutions {
    const WRITE: Permission = Permission::WriteDirectory;

    /// The database does not mind inactive entries of catalogues.
    const ALWAYS_CHECKED: bool = true;

    fn uuid(model: &Model) -> Uuid {
        model.uuid
    }

    fn version(model: &Model) -> i32 {
        model.version
    }

    fn complete(present: &Model, changes: &mut ActiveModel, _: &mut Check) {
        // Where only one of the two is named, it must fit the other as it stands.
        if changes.country_id.is_not_set() {
            changes.country_id = Unchanged(present.country_id);
        }
        if changes.region_id.is_not_set() {
            changes.region_id = Unchanged(present.region_id);
        }
    }

    async fn check_others(
        row: &ActiveModel,
        _: Uuid,
        check: &mut Check,
        scope: &Scope,
        tx: &Transaction,
    ) -> Result<()> {
        if let Set(Some(key)) = row.institution_type_id {
            check_choice::<InstitutionTypes>("institutionTypeId", key, check, scope, tx).await?;
        }
        if let Set(Some(key)) = row.country_id {
            check_choice::<Countries>("countryId", key, check, scope, tx).await?;
        }
        if let Set(Some(key)) = row.region_id {
            check_choice::<Regions>("regionId", key, check, scope, tx).await?;
        }
        let keys = (row.region_id.try_as_ref().copied().flatten(), row.country_id.try_as_ref().copied().flatten());
        check_region(keys, check, scope, tx).await
    }
}
