use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SelectionField};
use chrono::{DateTime, Utc};
use entity::role::{Column, Entity};
use uuid::Uuid;

use crate::error::Error;
use crate::records::role::{
    self, Conditions, CreateRoleInput, Day, Location, RoleFilter, RoleOrder, Roles, UpdateRoleInput,
};
use crate::records::{Loaded, Row};
use crate::scope::Permissions;

use super::context::of;
use super::id::{Kind, global_id};
use super::object::{fields, object};
use super::payload::{change_payload, payload};
use super::queries::queries;
use super::record::Record;
use super::session::{Allowed, listed};

/// What a kind of user may do, and when, from where and with what.
#[derive(Clone)]
pub(super) struct Role {
    row: Row<Entity>,
    /// Read where it is shown.
    allowed: std::result::Result<Permissions, Arc<Error>>,
}

impl Record for Role {
    type Collection = Roles;

    const NAME: &'static str = "Role";

    fn relation(field: &str) -> Option<Column> {
        (field == "permissions").then_some(Column::Uuid)
    }

    async fn of(context: &super::context::Context, fields: &[SelectionField<'_>], rows: Vec<Row<Entity>>) -> Vec<Self> {
        let is_shown = fields.iter().any(|field| field.name() == "permissions");
        let keys: Vec<Uuid> = rows.iter().filter(|_| is_shown).filter_map(|row| row.key(Column::Uuid)).collect();
        let found = role::allowed(&context.scope, &context.reader, &keys).await.map_err(Arc::new);
        let of = |row: &Row<Entity>| match &found {
            Ok(found) => {
                Ok(row.key(Column::Uuid).and_then(|key| found.get(&key).copied()).unwrap_or(Permissions::NONE))
            }
            Err(error) => Err(Arc::clone(error)),
        };
        rows.into_iter().map(|row| Self { allowed: of(&row), row }).collect()
    }
}

fields! {
    /// What a kind of user may do, and when, from where and with what.
    Role {
        /// The record's global id: opaque, and good for `node`.
        fn id(&self) -> Result<ID> {
            Ok(global_id(Kind::Role, *self.row.uuid.loaded()?))
        }

        /// The record's own key.
        fn uuid(&self) -> Result<Uuid> {
            Ok(*self.row.uuid.loaded()?)
        }

        /// Name.
        fn name(&self) -> Result<&str> {
            Ok(self.row.name.loaded()?)
        }

        /// What the role is for.
        fn description(&self) -> Result<Option<&str>> {
            Ok(self.row.description.loaded()?.as_deref())
        }

        /// What the role may do.
        fn permissions(&self) -> Result<Vec<Allowed>> {
            Ok(listed(self.allowed.clone()?))
        }

        /// When, from where and with what the role may be used.
        fn conditions(&self) -> Result<RoleConditions> {
            Ok(RoleConditions(serde_json::from_str(self.row.conditions.loaded()?).map_err(Error::internal)?))
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

pub(super) struct RoleConditions(Conditions);

fields! {
    /// When, from where and with what a role may be used. Each kind of condition that is given must hold.
    RoleConditions {
        /// On which days; on any when empty.
        fn weekdays(&self) -> Result<&[Day]> {
            Ok(&self.0.weekdays)
        }

        /// From which time of day on, as `07:00`.
        fn from(&self) -> Result<Option<&str>> {
            Ok(self.0.from.as_deref())
        }

        /// Until which time of day, as `19:30`. Before `from`, the time in between lies across midnight.
        fn until(&self) -> Result<Option<&str>> {
            Ok(self.0.until.as_deref())
        }

        /// In which zone days and times are meant, as an offset from UTC such as `+02:00`; UTC when left out.
        fn utc_offset(&self) -> Result<Option<&str>> {
            Ok(self.0.utc_offset.as_deref())
        }

        /// From which places; from anywhere when empty.
        fn locations(&self) -> Result<Vec<RoleLocation>> {
            Ok(self.0.locations.iter().cloned().map(RoleLocation).collect())
        }

        /// With which devices: SHA-256 of the key that the device shows when it signs in, in hexadecimal; with any when
        /// empty.
        fn devices(&self) -> Result<&[String]> {
            Ok(&self.0.devices)
        }
    }
}

object!(RoleConditions, "RoleConditions".into());

pub(super) struct RoleLocation(Location);

fields! {
    /// A place, by the addresses of its network.
    RoleLocation {
        /// What people call it.
        fn name(&self) -> Result<&str> {
            Ok(&self.0.name)
        }

        /// Its addresses, as `10.1.0.0/16` or `fd00::/8`.
        fn network(&self) -> Result<&str> {
            Ok(&self.0.network)
        }
    }
}

object!(RoleLocation, "RoleLocation".into());

queries! {
    RoleQuery of Role {
        /// The role with this key; null when there is none.
        role;
        /// Roles, by name unless another order is asked for.
        roles: RoleFilter, RoleOrder;
    }
}

payload! {
    /// What became of a role to create.
    CreateRolePayload {
        /// The role as created; null when it was not.
        role: Role
    },
}

change_payload! {
    /// What became of a change to a role.
    UpdateRolePayload {
        /// The role as changed; null when it was not.
        role: Role
    },
}

#[derive(Default)]
pub(super) struct RoleMutation;

#[Object]
impl RoleMutation {
    /// Creates a role.
    async fn create_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: CreateRoleInput,
    ) -> Result<Option<CreateRolePayload>> {
        let context = of(ctx);
        let created = role::create(&context.scope, &context.cluster, input).await;
        if created.is_ok() {
            context.authority.catch_up().await;
        }
        CreateRolePayload::of(ctx, created).await
    }

    /// Changes a role, for everybody who has it: what is left out stays as it is.
    async fn update_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: UpdateRoleInput,
    ) -> Result<Option<UpdateRolePayload>> {
        let context = of(ctx);
        let updated = role::update(&context.scope, &context.cluster, &*context.clock, input).await;
        if updated.is_ok() {
            context.authority.catch_up().await;
        }
        UpdateRolePayload::of(ctx, updated).await
    }
}
