use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SelectionField};
use chrono::{DateTime, Utc};
use entity::user::{Column, Entity};
use futures_util::future::join3;
use uuid::Uuid;

use crate::error::Error;
use crate::records::user::{self, CreateUserInput, UpdateUserInput, UserFilter, UserKind, UserOrder, Users};
use crate::records::{Loaded, Row};

use super::context::of;
use super::doctor::Doctor;
use super::id::{Kind, global_id};
use super::medical_institution::MedicalInstitution;
use super::object::fields;
use super::one::{One, Refers, one};
use super::payload::{change_payload, payload};
use super::queries::queries;
use super::record::Record;
use super::related::Related;
use super::role::Role;
use super::shown::Shown;

/// Who may sign in, as whom, and what for.
#[derive(Clone)]
pub(super) struct User {
    row: Row<Entity>,
    role: Related<Role>,
    institution: Related<MedicalInstitution>,
    doctor: Related<Doctor>,
    /// Read where it is shown.
    last_login: std::result::Result<Option<DateTime<Utc>>, Arc<Error>>,
}

const ROLE: Refers<User, Role> = one("role", Column::RoleId);
const INSTITUTION: Refers<User, MedicalInstitution> = one("institution", Column::InstitutionId);
const DOCTOR: Refers<User, Doctor> = one("doctor", Column::DoctorId);

impl Record for User {
    type Collection = Users;

    const NAME: &'static str = "User";

    const ONES: &'static [&'static dyn One<Self>] = &[&ROLE, &INSTITUTION, &DOCTOR];

    fn relation(field: &str) -> Option<Column> {
        match field {
            "patientUuid" => Some(Column::PatientId),
            "lastLoginAt" => Some(Column::Uuid),
            _ => None,
        }
    }

    async fn of(context: &super::context::Context, fields: &[SelectionField<'_>], rows: Vec<Row<Entity>>) -> Vec<Self> {
        let (roles, institutions, doctors) = join3(
            ROLE.read(context, fields, &rows),
            INSTITUTION.read(context, fields, &rows),
            DOCTOR.read(context, fields, &rows),
        )
        .await;
        let is_shown = fields.iter().any(|field| field.name() == "lastLoginAt");
        let keys: Vec<Uuid> = rows.iter().filter(|_| is_shown).filter_map(|row| row.key(Column::Uuid)).collect();
        let logins = user::last_logins(&context.scope, &context.reader, &keys).await.map_err(Arc::new);
        let last_login = |row: &Row<Entity>| match &logins {
            Ok(logins) => Ok(row.key(Column::Uuid).and_then(|key| logins.get(&key).copied())),
            Err(error) => Err(Arc::clone(error)),
        };
        let record = |row: Row<Entity>| Self {
            last_login: last_login(&row),
            role: roles.of(&row),
            institution: institutions.of(&row),
            doctor: doctors.of(&row),
            row,
        };
        rows.into_iter().map(record).collect()
    }
}

fields! {
    /// Who may sign in, as whom, and what for.
    User {
        /// The record's global id: opaque, and good for `node`.
        fn id(&self) -> Result<ID> {
            Ok(global_id(Kind::User, *self.row.uuid.loaded()?))
        }

        /// The record's own key.
        fn uuid(&self) -> Result<Uuid> {
            Ok(*self.row.uuid.loaded()?)
        }

        /// What the user is.
        fn kind(&self) -> Result<UserKind> {
            Ok((*self.row.kind.loaded()?).into())
        }

        /// What the user signs in by.
        fn username(&self) -> Result<&str> {
            Ok(self.row.username.loaded()?)
        }

        /// What people call the user.
        fn display_name(&self) -> Result<Option<&str>> {
            Ok(self.row.display_name.loaded()?.as_deref())
        }

        /// What the user may do.
        fn role(&self) -> Result<Option<&Shown<Role>>> {
            Ok(self.role.get()?)
        }

        /// The only institution whose records the user may touch; null for all, and of patients.
        fn institution(&self) -> Result<Option<&Shown<MedicalInstitution>>> {
            Ok(self.institution.get()?)
        }

        /// The doctor that the user is.
        fn doctor(&self) -> Result<Option<&Shown<Doctor>>> {
            Ok(self.doctor.get()?)
        }

        /// Key of the patient that the user is.
        fn patient_uuid(&self) -> Result<Option<Uuid>> {
            Ok(*self.row.patient_id.loaded()?)
        }

        /// The OpenID provider that knows the user too: the `iss` of its tokens.
        fn external_issuer(&self) -> Result<Option<&str>> {
            Ok(self.row.external_issuer.loaded()?.as_deref())
        }

        /// What that provider calls the user: the `sub` of its tokens.
        fn external_subject(&self) -> Result<Option<&str>> {
            Ok(self.row.external_subject.loaded()?.as_deref())
        }

        /// Whether the user may sign in.
        fn is_active(&self) -> Result<bool> {
            Ok(*self.row.is_active.loaded()?)
        }

        /// When the user last signed in here, by a password or a one-time token; null for never.
        fn last_login_at(&self) -> Result<Option<DateTime<Utc>>> {
            Ok(self.last_login.clone()?)
        }

        /// How often the record has changed, counting from 1.
        fn version(&self) -> Result<i32> {
            Ok(*self.row.version.loaded()?)
        }

        /// When the record was created.
        fn created_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.row.created_at.loaded()?)
        }

        /// When the record last changed.
        fn updated_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.row.updated_at.loaded()?)
        }
    }
}

queries! {
    UserQuery of User {
        /// The user with this key; null when there is none.
        user;
        /// Users, by what they sign in by unless another order is asked for.
        users: UserFilter, UserOrder;
    }
}

payload! {
    /// What became of a user to create.
    CreateUserPayload {
        /// The user as created; null when it was not.
        user: User
    },
}

change_payload! {
    /// What became of a change to a user.
    UpdateUserPayload {
        /// The user as changed; null when it was not.
        user: User
    },
}

#[derive(Default)]
pub(super) struct UserMutation;

#[Object]
impl UserMutation {
    /// Creates a user, who signs in first with a one-time token: see `createOneTimeToken`.
    async fn create_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: CreateUserInput,
    ) -> Result<Option<CreateUserPayload>> {
        let context = of(ctx);
        CreateUserPayload::of(ctx, user::create(&context.scope, &context.cluster, &*context.clock, input).await).await
    }

    /// Changes a user. What is left out stays as it is.
    async fn update_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: UpdateUserInput,
    ) -> Result<Option<UpdateUserPayload>> {
        let context = of(ctx);
        let updated = user::update(&context.scope, &context.cluster, input).await;
        if updated.is_ok() {
            context.authority.catch_up().await;
        }
        UpdateUserPayload::of(ctx, updated).await
    }
}
