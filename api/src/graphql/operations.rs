use async_graphql::{Context, Enum, Object, Result, SimpleObject};

use crate::instant::Instant;
use crate::records::schema_history;

use super::context::of;

/// Whether the server works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
enum HealthStatus {
    /// Reads can be served.
    Up,
    /// No database can serve reads.
    Down,
}

/// How the server does.
#[derive(Clone, Debug, SimpleObject)]
struct Health {
    /// Whether the server works.
    status: HealthStatus,
}

/// What was done to the database's schema, and what is yet to be done.
#[derive(Clone, Debug, SimpleObject)]
struct Migrations {
    /// Every migration that was applied or taken back, the oldest first.
    history: Vec<MigrationEvent>,
    /// Migrations that this server knows and the database lacks, the oldest first.
    pending: Vec<Migration>,
}

/// Which way a migration went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
enum MigrationDirection {
    /// It was applied.
    Up,
    /// It was taken back.
    Down,
}

/// A migration that was applied or taken back.
#[derive(Clone, Debug, SimpleObject)]
struct MigrationEvent {
    /// The migration's name, which begins with the time it was made.
    version: String,
    /// Whether it was applied or taken back.
    direction: MigrationDirection,
    /// SHA-256 of the migration's SQL, in hexadecimal.
    sha256: String,
    /// When.
    applied_at: Instant,
}

/// A step of the schema's history.
#[derive(Clone, Debug, SimpleObject)]
struct Migration {
    /// The migration's name, which begins with the time it was made.
    version: String,
}

#[derive(Default)]
pub(super) struct OperationsQuery;

#[Object]
impl OperationsQuery {
    /// Whether the server works. Anybody may ask.
    async fn health(&self, ctx: &Context<'_>) -> Health {
        let status = if of(ctx).cluster.is_ready().await { HealthStatus::Up } else { HealthStatus::Down };
        Health { status }
    }

    /// What was done to the database's schema, and what is yet to be done.
    async fn migrations(&self, ctx: &Context<'_>) -> Result<Option<Migrations>> {
        let context = of(ctx);
        let events = schema_history::list(&context.scope, &context.reader).await?;
        let in_force =
            |name: &String| events.iter().rfind(|event| event.version == *name).is_some_and(|event| event.up);
        let pending = context.known.migrations.iter().filter(|name| !in_force(name));
        let pending = pending.map(|name| Migration { version: name.clone() }).collect();
        let history = events
            .iter()
            .map(|event| MigrationEvent {
                version: event.version.clone(),
                direction: if event.up { MigrationDirection::Up } else { MigrationDirection::Down },
                sha256: event.sha256.clone(),
                applied_at: Instant(event.applied_at),
            })
            .collect();
        Ok(Some(Migrations { history, pending }))
    }
}
