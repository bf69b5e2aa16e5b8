//! What administrators set while the system runs, by name.

use async_graphql::{Enum, MaybeUndefined};
use entity::system_setting::{ActiveModel, Column, Entity, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ActiveValue, ColumnTrait};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::clock::Clock;
use crate::criteria;
use crate::criteria::{Bounded, DateTimeFilter, Direction, IntFilter, Term, TextFilter, UuidFilter};
use crate::database::{Cluster, Transaction};
use crate::error::{Error, FaultCode, FaultParams, Result};
use crate::scope::{Permission, Scope};

use super::aggregate::{Aggregate, New, Target, change, create as create_all, exists};
use super::check::{Check, Kind};
use super::idempotency::Key;
use super::{Collection, Deleted, Row};

/// Characters of a key at most.
const MAX_KEY: usize = 100;
/// Characters of a value at most, as JSON.
const MAX_VALUE: usize = 10_000;

criteria! {
    /// Settings.
    SystemSettings: SystemSettingFilter, SystemSettingOrder, SystemSettingOrderField on system_setting {
        /// The record's own key.
        uuid: UuidFilter => Uuid;
        /// What the setting is known by.
        key: TextFilter => Key;
        /// What it is for.
        description: TextFilter => Description;
        /// How often the record has changed, counting from 1.
        version: IntFilter => Version;
        /// When the record was created.
        created_at: DateTimeFilter => CreatedAt;
        /// When the record last changed.
        updated_at: DateTimeFilter => UpdatedAt;
    }
}

impl Bounded for SystemSettings {
    fn institution() -> Option<Column> {
        None
    }
}

impl Collection for SystemSettings {
    const NAME: &'static str = "SystemSetting";
    const READ: Permission = Permission::Operate;

    fn key() -> Column {
        Column::Uuid
    }

    fn default_order() -> Term<Column> {
        Term { column: Column::Key, direction: Direction::Asc }
    }
}

/// Of what type a setting's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SettingType {
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// Values by name.
    Object,
}

impl SettingType {
    /// The type of a value; none of null.
    #[must_use]
    pub const fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(_) => Some(Self::Boolean),
            Value::Number(_) => Some(Self::Number),
            Value::String(_) => Some(Self::Text),
            Value::Array(_) => Some(Self::List),
            Value::Object(_) => Some(Self::Object),
        }
    }
}

/// A setting to create.
#[derive(Clone, Debug, Serialize)]
pub struct NewSetting {
    /// The record's own key.
    pub uuid: Option<Uuid>,
    /// What it is known by.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// What it is for.
    pub description: Option<String>,
    /// See the other inputs of this name.
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}

/// A setting to change.
#[derive(Clone, Debug)]
pub struct ChangedSetting {
    /// The record's own key.
    pub uuid: Uuid,
    /// The version that the changes are meant for.
    pub expected_version: Option<i32>,
    /// Its value, of the same type as before.
    pub value: MaybeUndefined<Value>,
    /// What it is for.
    pub description: MaybeUndefined<String>,
}

/// What is stored as a value.
///
/// # Errors
/// `Internal` when the database holds something else than was written.
pub fn stored(value: &str) -> Result<Value> {
    serde_json::from_str(value).map_err(Error::internal)
}

/// Creates a setting.
///
/// # Errors
/// `Rejected` with every broken rule; `Forbidden`; as any write.
pub async fn create(scope: &Scope, cluster: &Cluster, clock: &dyn Clock, input: NewSetting) -> Result<Row<Entity>> {
    scope.require(SystemSettings::WRITE)?;
    let idempotency = Key::new("createSystemSetting", input.idempotency_key.as_deref(), &input)?;
    let mut check = Check::new(["input"]);
    let uuid = input.uuid.unwrap_or_else(Uuid::new_v4);
    let key = check.required("key", Kind::Plain(MAX_KEY), &MaybeUndefined::Value(input.key));
    if key.try_as_ref().is_some_and(|key| !is_key(key)) {
        let message = "must consist of small letters, digits, _ and inner dots, and begin with a letter";
        check.fault_with(&["key"], FaultCode::InvalidFormat, message, FaultParams::matching(KEY));
    }
    let row = ActiveModel {
        uuid: Set(uuid),
        key,
        value: value(&MaybeUndefined::Value(input.value), &mut check)?,
        description: check.optional("description", Kind::Plain(500), &Some(input.description).into()),
        ..ActiveModel::default()
    };
    let new = New::<SystemSettings> { check, uuid, row };
    let mut rows = create_all(scope, cluster, clock.now(), vec![new], idempotency).await?;
    rows.pop().ok_or_else(|| Error::internal("a record was created and not returned"))
}

/// Changes a setting.
///
/// # Errors
/// `Rejected` with every broken rule; `Forbidden`; as any write.
pub async fn update(scope: &Scope, cluster: &Cluster, input: ChangedSetting) -> Result<Row<Entity>> {
    scope.require(SystemSettings::WRITE)?;
    let mut check = Check::new(["input"]);
    let changes = ActiveModel {
        value: value(&input.value, &mut check)?,
        description: check.optional("description", Kind::Plain(500), &input.description),
        ..ActiveModel::default()
    };
    let target = Target { uuid: input.uuid, expected_version: input.expected_version, deleted: Deleted::Excluded };
    change::<SystemSettings>(scope, cluster, check, target, changes).await
}

/// Keys of settings, as a regular expression (ECMA-262).
const KEY: &str = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$";

/// Names, separated by dots.
fn is_key(key: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    key.split('.').all(is_name)
}

fn value(value: &MaybeUndefined<Value>, check: &mut Check) -> Result<ActiveValue<String>> {
    let value = match value {
        MaybeUndefined::Undefined => return Ok(NotSet),
        MaybeUndefined::Null | MaybeUndefined::Value(Value::Null) => {
            check.fault(&["value"], FaultCode::Required, "must not be null");
            return Ok(NotSet);
        }
        MaybeUndefined::Value(value) => value,
    };
    let text = serde_json::to_string(value).map_err(Error::internal)?;
    if text.chars().count() > MAX_VALUE {
        let message = format!("must have at most {MAX_VALUE} characters as JSON");
        check.fault_with(&["value"], FaultCode::TooLong, message, FaultParams::at_most(MAX_VALUE));
    }
    if has_nul(value) {
        check.fault(&["value"], FaultCode::InvalidFormat, "must not have the character U+0000");
    }
    Ok(Set(text))
}

/// PostgreSQL cannot hold it.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

impl Aggregate for SystemSettings {
    const WRITE: Permission = Permission::Operate;

    fn uuid(model: &Model) -> Uuid {
        model.uuid
    }

    fn version(model: &Model) -> i32 {
        model.version
    }

    /// Whoever reads a setting relies on its type.
    fn complete(present: &Model, changes: &mut ActiveModel, check: &mut Check) {
        let kind = |text: &str| stored(text).ok().as_ref().and_then(SettingType::of);
        if changes.value.try_as_ref().is_some_and(|value| kind(value) != kind(&present.value)) {
            check.fault(&["value"], FaultCode::InvalidFormat, "must be of the same type as before");
        }
    }

    async fn check_others(
        row: &ActiveModel,
        own: Uuid,
        check: &mut Check,
        scope: &Scope,
        tx: &Transaction,
    ) -> Result<()> {
        if let Some(key) = row.key.try_as_ref() {
            let other = Column::Key.eq(key.as_str()).and(Column::Uuid.ne(own));
            if exists::<SystemSettings>(tx, scope, other).await? {
                check.fault(&["key"], FaultCode::NotUnique, "another setting has this key");
            }
        }
        Ok(())
    }
}
