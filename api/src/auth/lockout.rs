use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use entity::login_failure::{ActiveModel, Column, Entity};
use sea_orm::{
    ColumnTrait, ConnectionTrait as _, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set, Statement,
};
use uuid::Uuid;

use crate::database::Transaction;
use crate::error::{Error, Result, Unauthenticated};
use crate::origin::network;

use super::Authority;

/// Purpose of the key that codes of user names are made with, and their form.
const PURPOSE: &[u8] = b"phr login name 1";

/// The failed attempts by one user name, of which so many within a while lock the name out. Whether a user has the name
/// makes no difference to anything here, so that a lock-out tells nothing about that.
pub(super) struct Attempts {
    code: Vec<u8>,
    /// Time for which a failure counts.
    window: TimeDelta,
    /// End of the present lock-out.
    locked_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
}

impl Authority {
    /// The failed attempts by a user name, locked until the transaction ends: attempts that come at once count one by one.
    pub(super) async fn attempts(&self, tx: &Transaction, name: &str, now: DateTime<Utc>) -> Result<Attempts> {
        let code = self.0.file.code(&[PURPOSE], name.as_bytes());
        let code = code.ok_or_else(|| Error::internal("no key could be derived"))?;
        lock(tx, &code).await?;
        let settings = &self.0.settings;
        let window = TimeDelta::from_std(settings.lockout).map_err(Error::internal)?;
        let last_allowed = u64::from(settings.lockout_failures.saturating_sub(1));
        let decisive = Entity::find()
            .select_only()
            .column(Column::FailedAt)
            .filter(Column::NameCode.eq(code.to_vec()))
            .filter(Column::FailedAt.gt(now - window))
            .order_by_desc(Column::FailedAt)
            .offset(last_allowed)
            .limit(1)
            .into_tuple::<DateTime<Utc>>()
            .one(tx)
            .await?;
        let locked_until = decisive.map(|failed_at| failed_at + window);
        Ok(Attempts { code: code.to_vec(), window, locked_until, now })
    }
}

impl Attempts {
    /// True while passwords are refused unseen.
    pub(super) const fn are_too_many(&self) -> bool {
        self.locked_until.is_some()
    }

    /// Refusal of an attempt that proved nothing.
    pub(super) fn refusal(&self) -> Unauthenticated {
        let Some(until) = self.locked_until else { return Unauthenticated::InvalidCredentials };
        let left = (until - self.now).num_milliseconds().max(0);
        Unauthenticated::LockedOut { until, seconds: u64::try_from(left).unwrap_or(0).div_ceil(1000) }
    }

    /// Counts another failure, unless the name is locked out: a flood must not keep it so for ever.
    pub(super) async fn count(&self, tx: &Transaction, origin: Option<IpAddr>) -> Result<()> {
        if self.are_too_many() {
            return Ok(());
        }
        // Whoever fails sweeps up what counts no longer.
        Entity::delete_many().filter(Column::FailedAt.lte(self.now - self.window)).exec(tx).await?;
        let row = ActiveModel {
            uuid: Set(Uuid::new_v4()),
            name_code: Set(self.code.clone()),
            origin: Set(written(origin)),
            failed_at: Set(self.now),
        };
        Entity::insert(row).exec_without_returning(tx).await?;
        Ok(())
    }

    /// Takes back the failures that came from where somebody has now proved to be the user. Those from elsewhere stay
    /// (NIST SP 800-63B, section 5.2.2): or whoever fails there could tell by the count that such a user has signed in.
    pub(super) async fn forgive(&self, tx: &Transaction, origin: Option<IpAddr>) -> Result<()> {
        let own = written(origin).map_or_else(|| Column::Origin.is_null(), |origin| Column::Origin.eq(origin));
        Entity::delete_many().filter(Column::NameCode.eq(self.code.clone())).filter(own).exec(tx).await?;
        Ok(())
    }
}

fn written(origin: Option<IpAddr>) -> Option<String> {
    origin.map(|origin| network(origin).to_string())
}

/// Lets one transaction at a time count failures by a name. There need be no row to lock; `SQLite` has one writer anyway.
async fn lock(tx: &Transaction, code: &[u8; 32]) -> Result<()> {
    if tx.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let (key, _) = code.split_at(8);
    let key = i64::from_be_bytes(key.try_into().map_err(Error::internal)?);
    let lock = Statement::from_sql_and_values(DbBackend::Postgres, "SELECT pg_advisory_xact_lock($1)", [key.into()]);
    tx.execute_raw(lock).await?;
    Ok(())
}
