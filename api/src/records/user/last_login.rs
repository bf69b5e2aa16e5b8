use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::user_secret::{Column, Entity};
use sea_orm::{ColumnTrait, ConnectionTrait as _, DbBackend, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::Users;
use crate::database::Reader;
use crate::error::Result;
use crate::records::Collection as _;
use crate::scope::Scope;

/// When these users last signed in, those who never did left out. The users were found within the caller's boundary.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn last_logins(scope: &Scope, reader: &Reader, users: &[Uuid]) -> Result<HashMap<Uuid, DateTime<Utc>>> {
    Users::permit(scope)?;
    if users.is_empty() {
        return Ok(HashMap::new());
    }
    let among = match reader.get_database_backend() {
        DbBackend::Postgres => Column::UserId.eq_any(users.to_vec()),
        _ => Column::UserId.is_in(users.iter().copied()),
    };
    let rows = Entity::find()
        .select_only()
        .columns([Column::UserId, Column::LastLoginAt])
        .filter(among)
        .into_tuple::<(Uuid, Option<DateTime<Utc>>)>()
        .all(reader)
        .await?;
    Ok(rows.into_iter().filter_map(|(user, at)| Some((user, at?))).collect())
}
