use sea_orm::{DbBackend, DbErr, Statement};

use super::pool::{Pool, PoolLimits};
use super::target::{Purpose, Target};

/// One database server, or the SQLite file.
#[derive(Debug)]
pub struct Node {
    backend: DbBackend,
    address: String,
    pub(super) reads: Pool,
    pub(super) writes: Pool,
}

impl Node {
    pub(super) fn new(target: Target, limits: PoolLimits) -> Self {
        let writers = match target {
            Target::Postgres(_) => limits,
            Target::Sqlite(_) => PoolLimits { max: 1, ..limits },
        };
        Self {
            backend: target.backend(),
            address: target.address(),
            reads: Pool::new(target.clone(), Purpose::Read, limits),
            writes: Pool::new(target, Purpose::Write, writers),
        }
    }

    /// Which SQL it speaks.
    #[must_use]
    pub const fn backend(&self) -> DbBackend {
        self.backend
    }

    /// `host:port`, or `sqlite`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    pub(super) async fn ping(&self) -> Result<(), DbErr> {
        let mut lease = self.reads.acquire().await?;
        lease.query_all(Statement::from_string(self.backend, "SELECT 1")).await.map(drop)
    }
}
