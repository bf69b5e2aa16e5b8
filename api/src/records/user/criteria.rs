use async_graphql::Enum;
use entity::user::{self, Column};
use sea_orm::sea_query::{ArrayType, Query};
use sea_orm::{ColumnTrait, Condition, Value};
use serde::Serialize;

use crate::choice_filter;
use crate::criteria;
use crate::criteria::{
    Bind, BooleanFilter, Bounded, DateTimeFilter, Direction, IntFilter, Term, TextFilter, UuidFilter,
};
use crate::error::Result;
use crate::records::Collection;
use crate::scope::{Boundary, Permission, Scope};

/// What a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Serialize)]
#[graphql(remote = "user::Kind")]
pub enum UserKind {
    /// A patient, who sees the own record.
    Patient,
    /// A doctor.
    Doctor,
    /// Staff of an institution.
    Staff,
    /// Whoever keeps the system and its directory.
    Cms,
    /// A program.
    Service,
}

impl Bind for UserKind {
    const ARRAY: ArrayType = ArrayType::String;

    fn bind(&self) -> Result<Value> {
        Ok(Value::from(user::Kind::from(*self)))
    }
}

choice_filter! {
    /// Conditions on what a user is.
    UserKindFilter for UserKind
}

criteria! {
    /// Users.
    Users: UserFilter, UserOrder, UserOrderField on user {
        /// The record's own key.
        uuid: UuidFilter => Uuid;
        /// What the user is.
        kind: UserKindFilter => Kind;
        /// What the user signs in by.
        username: TextFilter => Username;
        /// What people call the user.
        display_name: TextFilter => DisplayName;
        /// Key of the user's role.
        role_id: UuidFilter => RoleId;
        /// Key of the only institution whose records the user may touch.
        institution_id: UuidFilter => InstitutionId;
        /// Whether the user may sign in.
        is_active: BooleanFilter => IsActive;
        /// How often the record has changed, counting from 1.
        version: IntFilter => Version;
        /// When the record was created.
        created_at: DateTimeFilter => CreatedAt;
        /// When the record last changed.
        updated_at: DateTimeFilter => UpdatedAt;
    }
}

impl Bounded for Users {
    fn institution() -> Option<Column> {
        Some(Column::InstitutionId)
    }

    /// Patients who sign in belong where their registers do.
    fn within(scope: &Scope) -> Condition {
        let mut condition = Condition::all();
        if let Boundary::One(institution) = scope.boundary {
            let patients = Query::select()
                .column(entity::patient_register::Column::Uuid)
                .from(entity::patient_register::Entity)
                .and_where(entity::patient_register::Column::InstitutionId.eq(institution.0))
                .to_owned();
            let own = Condition::any().add(Column::InstitutionId.eq(institution.0));
            condition = condition.add(own.add(Column::PatientId.in_subquery(patients)));
        }
        if let Some(patient) = scope.patient {
            condition = condition.add(Column::PatientId.eq(patient));
        }
        condition
    }

    fn patient() -> Option<Column> {
        Some(Column::PatientId)
    }
}

impl Collection for Users {
    const NAME: &'static str = "User";

    const READ: Permission = Permission::ManageUsers;

    fn key() -> Column {
        Column::Uuid
    }

    fn default_order() -> Term<Column> {
        Term { column: Column::Username, direction: Direction::Asc }
    }
}
