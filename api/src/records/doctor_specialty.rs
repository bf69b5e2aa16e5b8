//! Doctor specialties: what doctors practise.

use async_graphql::{InputObject, MaybeUndefined};
use entity::doctor_specialty::{ActiveModel, Column, Entity, Model};
use sea_orm::ActiveValue::Set;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::ExprTrait as _;
use serde::Serialize;
use uuid::Uuid;

use crate::clock::Clock;
use crate::criteria;
use crate::criteria::{Bounded, DateTimeFilter, Direction, IntFilter, Term, TextFilter, UuidFilter};
use crate::database::{Cluster, Transaction};
use crate::error::{Error, FaultCode, Result};
use crate::scope::{Permission, Scope};

use super::aggregate::{Aggregate, New, Target, change, create as create_all, exists};
use super::catalogue::{SpecialtyCategories, SpecialtyCategoryFilter, check_choice};
use super::check::{Check, Kind, optional_reference};
use super::doctor::DoctorFilter;
use super::idempotency::Key;
use super::{Collection, Deleted, Row};

criteria! {
    /// Doctor specialties.
    DoctorSpecialties: DoctorSpecialtyFilter, DoctorSpecialtyOrder, DoctorSpecialtyOrderField on doctor_specialty {
        /// The record's own key.
        uuid: UuidFilter => Uuid;
        /// Name.
        name: TextFilter => Name folded "name_folded";
        /// What the specialty is about.
        description: TextFilter => Description;
        /// The key of the category that the specialty belongs to.
        category_id: UuidFilter => CategoryId;
        /// How often the record has changed, counting from 1.
        version: IntFilter => Version;
        /// When the record was created.
        created_at: DateTimeFilter => CreatedAt;
        /// When the record last changed.
        updated_at: DateTimeFilter => UpdatedAt;
    }
    relations {
        /// The category that the specialty belongs to; none when unknown.
        category: SpecialtyCategoryFilter => CategoryId of specialty_category;
    }
    many {
        /// Who practises it.
        doctors: DoctorFilter => SpecialtyId of doctor;
    }
}

impl Bounded for DoctorSpecialties {
    fn institution() -> Option<Column> {
        None
    }
}

impl Collection for DoctorSpecialties {
    const NAME: &'static str = "DoctorSpecialty";
    const READ: Permission = Permission::ReadDirectory;

    fn key() -> Column {
        Column::Uuid
    }

    fn default_order() -> Term<Column> {
        Term { column: Column::Name, direction: Direction::Asc }
    }
}

/// A specialty to create.
#[derive(Clone, Debug, InputObject, Serialize)]
pub struct CreateDoctorSpecialtyInput {
    /// UUID of the new record, of any version but 5; made by the server when left out.
    pub uuid: Option<Uuid>,
    /// Name: 1 to 100 characters; no two specialties have the same.
    pub name: String,
    /// What the specialty is about: 1 to 500 characters.
    pub description: Option<String>,
    /// The key of the category that the specialty belongs to.
    pub category_id: Option<Uuid>,
    /// A text of the client's making, at most 200 characters. Sending the same key with the same input again, within 24
    /// hours, returns the first result instead of creating twice.
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}

/// A specialty to change. What is left out stays as it is; null means unknown.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateDoctorSpecialtyInput {
    /// The record's own key.
    pub uuid: Uuid,
    /// The version that the changes are meant for. If the record has changed since, nothing is written.
    pub expected_version: Option<i32>,
    /// Name: 1 to 100 characters; no two specialties have the same.
    pub name: MaybeUndefined<String>,
    /// What the specialty is about: 1 to 500 characters.
    pub description: MaybeUndefined<String>,
    /// The key of the category that the specialty belongs to.
    pub category_id: MaybeUndefined<Uuid>,
}

/// Creates a specialty.
///
/// # Errors
/// `Rejected` with every broken rule; `Forbidden`; as any write.
pub async fn create(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: CreateDoctorSpecialtyInput,
) -> Result<Row<Entity>> {
    scope.require(DoctorSpecialties::WRITE)?;
    let key = Key::new("createDoctorSpecialty", input.idempotency_key.as_deref(), &input)?;
    let mut check = Check::new(["input"]);
    let uuid = input.uuid.unwrap_or_else(Uuid::new_v4);
    let row = ActiveModel {
        uuid: Set(uuid),
        name: check.required("name", Kind::Plain(100), &MaybeUndefined::Value(input.name)),
        description: check.optional("description", Kind::Plain(500), &Some(input.description).into()),
        category_id: Set(input.category_id),
        ..ActiveModel::default()
    };
    let new = New::<DoctorSpecialties> { check, uuid, row };
    let mut rows = create_all(scope, cluster, clock.now(), vec![new], key).await?;
    rows.pop().ok_or_else(|| Error::internal("a record was created and not returned"))
}

/// Changes a specialty.
///
/// # Errors
/// `Rejected` with every broken rule; `Forbidden`; as any write.
pub async fn update(scope: &Scope, cluster: &Cluster, input: UpdateDoctorSpecialtyInput) -> Result<Row<Entity>> {
    scope.require(DoctorSpecialties::WRITE)?;
    let mut check = Check::new(["input"]);
    let changes = ActiveModel {
        name: check.required("name", Kind::Plain(100), &input.name),
        description: check.optional("description", Kind::Plain(500), &input.description),
        category_id: optional_reference(&input.category_id),
        ..ActiveModel::default()
    };
    let target = Target { uuid: input.uuid, expected_version: input.expected_version, deleted: Deleted::Excluded };
    change::<DoctorSpecialties>(scope, cluster, check, target, changes).await
}

impl Aggregate for DoctorSpecialties {
    const WRITE: Permission = Permission::WriteDirectory;

    /// The database does not mind an inactive category.
    const ALWAYS_CHECKED: bool = true;

    fn uuid(model: &Model) -> Uuid {
        model.uuid
    }

    fn version(model: &Model) -> i32 {
        model.version
    }

    async fn check_others(
        row: &ActiveModel,
        own: Uuid,
        check: &mut Check,
        scope: &Scope,
        tx: &Transaction,
    ) -> Result<()> {
        if let Some(name) = row.name.try_as_ref() {
            let other = Column::Name.eq(name.as_str()).and(Column::Uuid.ne(own));
            if exists::<DoctorSpecialties>(tx, scope, other).await? {
                check.fault(&["name"], FaultCode::NotUnique, "another specialty has this name");
            }
        }
        if let Set(Some(key)) = row.category_id {
            check_choice::<SpecialtyCategories>("categoryId", key, check, scope, tx).await?;
        }
        Ok(())
    }
}
