use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::{patient_register, permission, role, role_permission, session, user};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::error::Result;
use crate::records::role::Rules;
use crate::scope::{Permission, Permissions};

use super::KeyFile;
use super::keyring::Keyring;

/// What every request is judged by, as it stood in the database when it was last read: which keys sign, what roles may
/// do, and which sessions have ended before their tokens have.
#[derive(Default)]
pub(super) struct Roster {
    pub(super) keys: Keyring,
    pub(super) roles: HashMap<Arc<str>, Role>,
    /// Sessions that ended not longer ago than a token lives.
    pub(super) ended: HashSet<Uuid>,
    /// Users by what the configured OpenID provider calls them.
    pub(super) outsiders: HashMap<String, Bearer>,
}

/// What a role may do.
pub(super) struct Role {
    pub(super) name: Arc<str>,
    pub(super) permissions: Permissions,
    /// None when they make no sense: then the role is of no use.
    pub(super) rules: Option<Rules>,
}

/// A user as a token would tell of them.
#[derive(Clone)]
pub(super) struct Bearer {
    pub(super) user: Uuid,
    pub(super) role: Arc<str>,
    pub(super) institution: Option<Uuid>,
    pub(super) patient: Option<Uuid>,
}

impl Roster {
    /// Reads everything. Tokens live for `lifetime` at most; `outside` is the issuer of the OpenID provider, where one is
    /// configured.
    pub(super) async fn read(
        database: &impl ConnectionTrait,
        file: &KeyFile,
        now: DateTime<Utc>,
        lifetime: Duration,
        outside: Option<&str>,
    ) -> Result<Self> {
        let keys = Keyring::read(database, file).await?;
        let (roles, names) = roles(database).await?;
        let since = now - lifetime;
        let ended = session::Entity::find()
            .select_only()
            .column(session::Column::Uuid)
            .filter(session::Column::RevokedAt.gt(since))
            .into_tuple::<Uuid>()
            .all(database)
            .await?;
        let outsiders = match outside {
            Some(issuer) => outsiders(database, issuer, &names).await?,
            None => HashMap::new(),
        };
        Ok(Self { keys, roles, ended: ended.into_iter().collect(), outsiders })
    }
}

/// The roles by their names, and the names by their keys.
pub(super) async fn roles(
    database: &impl ConnectionTrait,
) -> Result<(HashMap<Arc<str>, Role>, HashMap<Uuid, Arc<str>>)> {
    let known: HashMap<Uuid, Permission> = permission::Entity::find()
        .all(database)
        .await?
        .into_iter()
        .filter_map(|row| Some((row.uuid, Permission::named(&row.resource, &row.action)?)))
        .collect();
    let mut allowed: HashMap<Uuid, Permissions> = HashMap::new();
    for row in role_permission::Entity::find().all(database).await? {
        if let Some(permission) = known.get(&row.permission_id) {
            let held = allowed.entry(row.role_id).or_insert(Permissions::NONE);
            *held = held.with(*permission);
        }
    }
    let (mut roles, mut names) = (HashMap::new(), HashMap::new());
    for row in role::Entity::find().all(database).await? {
        let name: Arc<str> = row.name.into();
        let permissions = allowed.get(&row.uuid).copied().unwrap_or(Permissions::NONE);
        let conditions = Rules::read(&row.conditions);
        if conditions.is_none() {
            tracing::error!(role = %name, "the role's conditions make no sense: nobody can use it");
        }
        names.insert(row.uuid, Arc::clone(&name));
        roles.insert(Arc::clone(&name), Role { name, permissions, rules: conditions });
    }
    Ok((roles, names))
}

/// The subject, the user, the role, the institution and the patient of somebody whom the provider knows, and the institution
/// that the patient's register belongs to.
type Outsider = (Option<String>, Uuid, Uuid, Option<Uuid>, Option<Uuid>, Option<Uuid>);

async fn outsiders(
    database: &impl ConnectionTrait,
    issuer: &str,
    names: &HashMap<Uuid, Arc<str>>,
) -> Result<HashMap<String, Bearer>> {
    let registers = user::Entity::belongs_to(patient_register::Entity)
        .from(user::Column::PatientId)
        .to(patient_register::Column::Uuid);
    let users = user::Entity::find()
        .select_only()
        .columns([user::Column::ExternalSubject, user::Column::Uuid, user::Column::RoleId])
        .columns([user::Column::InstitutionId, user::Column::PatientId])
        .column_as(patient_register::Column::InstitutionId, "registered")
        .join(JoinType::LeftJoin, registers.into())
        .filter(user::Column::ExternalIssuer.eq(issuer))
        .filter(user::Column::IsActive.eq(true))
        .into_tuple::<Outsider>()
        .all(database)
        .await?;
    let bearers = users.into_iter().filter_map(|(subject, user, role, own, patient, registered)| {
        let (institution, patient) = super::bounded(own, patient, registered);
        Some((subject?, Bearer { user, role: Arc::clone(names.get(&role)?), institution, patient }))
    });
    Ok(bearers.collect())
}
