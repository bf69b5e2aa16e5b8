use std::collections::BTreeMap;

use entity::user::normal_name;
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement, TransactionTrait,
};

use crate::Error;

/// A user, by key and name as they stand in the database.
struct User {
    key: String,
    name: String,
}

/// Checks that no two users would have the same name once all names are in their normal form.
pub(crate) async fn check(connection: &DatabaseConnection) -> Result<(), Error> {
    let tx = begin(connection).await?;
    let users = users(&tx).await?;
    tx.commit().await?;
    let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for user in users {
        let normal = normal_name(&user.name).unwrap_or_else(|| user.name.clone());
        by_name.entry(normal).or_default().push(format!("{} ({})", user.name, user.key));
    }
    let alike: Vec<String> =
        by_name.into_values().filter(|names| names.len() > 1).map(|names| names.join(" and ")).collect();
    if alike.is_empty() { Ok(()) } else { Err(Error::Names(alike.join("; "))) }
}

/// Brings the names of all users into their normal form. A name that has none stays as it is.
pub(crate) async fn normalize(connection: &DatabaseConnection) -> Result<(), Error> {
    let tx = begin(connection).await?;
    for user in users(&tx).await? {
        let Some(normal) = normal_name(&user.name).filter(|normal| *normal != user.name) else { continue };
        let sql = match tx.get_database_backend() {
            DbBackend::Sqlite => "UPDATE users SET username = $1 WHERE lower(hex(uuid)) = $2",
            _ => "UPDATE users SET username = $1 WHERE uuid = $2::uuid",
        };
        let values = [normal.into(), user.key.into()];
        tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    }
    Ok(tx.commit().await?)
}

/// A transaction that sees the users of all institutions.
async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let tx = connection.begin().await?;
    if tx.get_database_backend() != DbBackend::Sqlite {
        tx.execute_unprepared("SET LOCAL phr.institution = 'all'").await?;
    }
    Ok(tx)
}

/// All users; none before the step that makes their table.
async fn users(tx: &DatabaseTransaction) -> Result<Vec<User>, DbErr> {
    let backend = tx.get_database_backend();
    let (exists, all) = match backend {
        DbBackend::Sqlite => (
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'users'",
            "SELECT lower(hex(uuid)) AS key, username FROM users ORDER BY username, uuid",
        ),
        _ => (
            "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'users'",
            "SELECT uuid::text AS key, username FROM users ORDER BY username, uuid",
        ),
    };
    if tx.query_one_raw(Statement::from_string(backend, exists)).await?.is_none() {
        return Ok(Vec::new());
    }
    let rows = tx.query_all_raw(Statement::from_string(backend, all)).await?;
    rows.iter().map(|row| Ok(User { key: row.try_get("", "key")?, name: row.try_get("", "username")? })).collect()
}
