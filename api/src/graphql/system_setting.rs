use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SelectionField, Value};
use chrono::{DateTime, Utc};
use entity::system_setting::{Column, Entity};
use uuid::Uuid;

use crate::error::Error;
use crate::records::system_setting::{
    self, ChangedSetting, NewSetting, SettingType, SystemSettingFilter, SystemSettingOrder, SystemSettings,
};
use crate::records::{Loaded, Row};

use super::context::of;
use super::id::{Kind, global_id};
use super::json::Json;
use super::object::fields;
use super::payload::{change_payload, payload};
use super::queries::queries;
use super::record::Record;

/// What administrators set while the system runs.
#[derive(Clone)]
pub(super) struct SystemSetting(Row<Entity>);

impl Record for SystemSetting {
    type Collection = SystemSettings;

    const NAME: &'static str = "SystemSetting";

    fn relation(field: &str) -> Option<Column> {
        (field == "type").then_some(Column::Value)
    }

    async fn of(_: &super::context::Context, _: &[SelectionField<'_>], rows: Vec<Row<Entity>>) -> Vec<Self> {
        rows.into_iter().map(Self).collect()
    }
}

impl SystemSetting {
    fn stored(&self) -> Result<serde_json::Value> {
        Ok(system_setting::stored(self.0.value.loaded()?)?)
    }
}

fields! {
    /// What administrators set while the system runs.
    SystemSetting {
        /// The record's global id: opaque, and good for `node`.
        fn id(&self) -> Result<ID> {
            Ok(global_id(Kind::SystemSetting, *self.0.uuid.loaded()?))
        }

        /// The record's own key.
        fn uuid(&self) -> Result<Uuid> {
            Ok(*self.0.uuid.loaded()?)
        }

        /// What the setting is known by.
        fn key(&self) -> Result<&str> {
            Ok(self.0.key.loaded()?)
        }

        /// Its value.
        fn value(&self) -> Result<Json> {
            Ok(Json(Value::from_json(self.stored()?).map_err(Error::internal)?))
        }

        /// Of what type its value is, and stays.
        #[name = "type"]
        fn kind(&self) -> Result<SettingType> {
            let kind = SettingType::of(&self.stored()?);
            Ok(kind.ok_or_else(|| Error::internal("a setting without a value"))?)
        }

        /// What it is for; null when nobody said.
        fn description(&self) -> Result<Option<&str>> {
            Ok(self.0.description.loaded()?.as_deref())
        }

        /// How often the record has changed, counting from 1.
        fn version(&self) -> Result<i32> {
            Ok(*self.0.version.loaded()?)
        }

        /// When the record was created.
        fn created_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.0.created_at.loaded()?)
        }

        /// When the record last changed.
        fn updated_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.0.updated_at.loaded()?)
        }
    }
}

/// A setting to create.
#[derive(InputObject)]
pub(super) struct CreateSystemSettingInput {
    /// UUID of the new record, of any version but 5; made by the server when left out.
    uuid: Option<Uuid>,
    /// What the setting is known by: 1 to 100 small letters, digits, `_` and inner dots, such as `clinic.opening_hours`; no
    /// two settings have the same.
    key: String,
    /// Its value, but for null: at most 10,000 characters as JSON. Its type never changes.
    value: Json,
    /// What it is for: 1 to 500 characters.
    description: Option<String>,
    /// A text of the client's making, at most 200 characters. Sending the same key with the same input again, within 24
    /// hours, returns the first result instead of creating twice.
    idempotency_key: Option<String>,
}

/// A setting to change. What is left out stays as it is.
#[derive(InputObject)]
pub(super) struct UpdateSystemSettingInput {
    /// The record's own key.
    uuid: Uuid,
    /// The version that the changes are meant for. If the record has changed since, nothing is written.
    expected_version: Option<i32>,
    /// Its value, of the same type as before.
    value: MaybeUndefined<Json>,
    /// What it is for: 1 to 500 characters. Null means unknown.
    description: MaybeUndefined<String>,
}

fn json(value: Json) -> crate::error::Result<serde_json::Value> {
    value.0.into_json().map_err(Error::internal)
}

queries! {
    SystemSettingQuery of SystemSetting {
        /// The setting with this key of its own; null when there is none.
        system_setting;
        /// Settings, by their names unless another order is asked for.
        system_settings: SystemSettingFilter, SystemSettingOrder;
    }
}

payload! {
    /// What became of a setting to create.
    CreateSystemSettingPayload {
        /// The setting as created; null when it was not.
        system_setting: SystemSetting
    },
}

change_payload! {
    /// What became of a change to a setting.
    UpdateSystemSettingPayload {
        /// The setting as changed; null when it was not.
        system_setting: SystemSetting
    },
}

#[derive(Default)]
pub(super) struct SystemSettingMutation;

#[Object]
impl SystemSettingMutation {
    /// Creates a setting.
    async fn create_system_setting(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: CreateSystemSettingInput,
    ) -> Result<Option<CreateSystemSettingPayload>> {
        let context = of(ctx);
        let CreateSystemSettingInput { uuid, key, value, description, idempotency_key } = input;
        let new = NewSetting { uuid, key, value: json(value)?, description, idempotency_key };
        let created = system_setting::create(&context.scope, &context.cluster, &*context.clock, new).await;
        CreateSystemSettingPayload::of(ctx, created).await
    }

    /// Changes a setting. What is left out stays as it is.
    async fn update_system_setting(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: UpdateSystemSettingInput,
    ) -> Result<Option<UpdateSystemSettingPayload>> {
        let context = of(ctx);
        let value = match input.value {
            MaybeUndefined::Undefined => MaybeUndefined::Undefined,
            MaybeUndefined::Null => MaybeUndefined::Null,
            MaybeUndefined::Value(value) => MaybeUndefined::Value(json(value)?),
        };
        let UpdateSystemSettingInput { uuid, expected_version, description, .. } = input;
        let changed = ChangedSetting { uuid, expected_version, value, description };
        let updated = system_setting::update(&context.scope, &context.cluster, changed).await;
        UpdateSystemSettingPayload::of(ctx, updated).await
    }
}
