use std::net::IpAddr;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use entity::{role, user};
use jsonwebtoken::jwk::JwkSet;
use moka::sync::Cache;
use parking_lot::{Mutex, RwLock};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::clock::SharedClock;
use crate::database::{Cluster, Consistency, Transaction};
use crate::deed::{Action, Deed};
use crate::error::{Error, Result};
use crate::scope::{Actor, Boundary, InstitutionId, Scope};

use super::authentication::Known;
use super::keyring;
use super::login::login_name;
use super::outside::Provider;
use super::roster::Roster;
use super::rotation::SIGNING_KEY;
use super::token::Claims;
use super::{KeyFile, Settings, SigningAlgorithm};

/// How often the roster is read: what was revoked anywhere is dead here after about that long. The promise is 5 s.
pub(super) const READ_EVERY: Duration = Duration::from_secs(1);
/// How long a start waits for the first roster: later, whoever asks is told that it has not been read yet.
const FIRST_READ: Duration = Duration::from_secs(5);
/// Tokens that are remembered as verified.
const REMEMBERED: u64 = 10_000;
/// How much longer than a token lives the end of its session is remembered: clocks differ.
const SKEW: Duration = Duration::from_mins(1);

/// Tells who a caller is, and lets callers in and out. Shared by all requests of a server; each writes through its own
/// handle of the cluster.
#[derive(Clone)]
pub struct Authority(pub(super) Arc<Inner>, pub(super) Cluster);

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("file", &self.0.file).finish_non_exhaustive()
    }
}

pub(super) struct Inner {
    pub(super) cluster: Cluster,
    pub(super) clock: SharedClock,
    pub(super) settings: Settings,
    pub(super) file: Arc<KeyFile>,
    roster: RwLock<Arc<Roster>>,
    /// When the roster was last read.
    read: Mutex<Option<Instant>>,
    /// When reading it last began, whatever came of that.
    pub(super) tried: Mutex<Option<Instant>>,
    reading: tokio::sync::Mutex<()>,
    pub(super) turn: tokio::sync::Mutex<()>,
    pub(super) tokens: Cache<Arc<str>, Arc<Known>>,
    pub(super) provider: Option<Arc<Provider>>,
}

/// The keys of the database cannot be used.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error(
    "the keys of this database were sealed by another key file: name that file in PHR_KEY_FILE, or make new keys with `phr key rotate --revoke`, which ends every session"
)]
pub struct ForeignKeys;

/// What became of reading the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    Done,
    /// There are keys, and none of them was sealed by this key file.
    ForeignKeys,
}

impl Authority {
    /// Reads who may do what, makes a signing key where there is none, and keeps up with what changes. Where no database
    /// can be read yet, nobody can be let in until one can.
    ///
    /// # Errors
    /// When the database's keys were sealed by another key file.
    pub async fn open(
        cluster: Cluster,
        clock: SharedClock,
        settings: Settings,
        file: KeyFile,
    ) -> Result<Self, ForeignKeys> {
        let provider = settings.outside.clone().map(Provider::start);
        let through = cluster.clone();
        let inner = Arc::new(Inner {
            cluster,
            clock,
            settings,
            file: Arc::new(file),
            roster: RwLock::default(),
            read: Mutex::default(),
            tried: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            tokens: Cache::builder().max_capacity(REMEMBERED).build(),
            provider,
        });
        let authority = Self(inner, through);
        match tokio::time::timeout(FIRST_READ, authority.read()).await {
            Ok(Ok(Read::ForeignKeys)) => return Err(ForeignKeys),
            Ok(Ok(Read::Done)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "cannot read who may sign in yet"),
            Err(_) => tracing::warn!("cannot read who may sign in yet: no database answers"),
        }
        tokio::spawn(keep_up(Arc::downgrade(&authority.0)));
        Ok(authority)
    }

    /// The same, for one request: what it writes counts as written by the caller whose handle of the cluster this is.
    #[must_use]
    pub fn through(self, cluster: Cluster) -> Self {
        Self(self.0, cluster)
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// Whether it is known who may do what: from the first moment on in which a database could be read.
    #[must_use]
    pub fn has_read(&self) -> bool {
        self.0.read.lock().is_some()
    }

    pub(super) fn roster(&self) -> Arc<Roster> {
        Arc::clone(&self.0.roster.read())
    }

    /// Reads the roster anew.
    pub(super) async fn read(&self) -> Result<Read> {
        let inner = &self.0;
        let _reading = inner.reading.lock().await;
        let began = Instant::now();
        *inner.tried.lock() = Some(began);
        let roster = self.look().await?;
        let has_foreign_keys = roster.keys.signer.is_none() && roster.keys.foreign > 0;
        let roster = if roster.keys.signer.is_none() && !has_foreign_keys && inner.cluster.has_primary() {
            self.make_key(SigningAlgorithm::default()).await?;
            self.look().await?
        } else {
            roster
        };
        // With foreign keys too: what was revoked is dead, whoever sealed what signs now.
        *inner.roster.write() = Arc::new(roster);
        *inner.read.lock() = Some(began);
        Ok(if has_foreign_keys { Read::ForeignKeys } else { Read::Done })
    }

    /// Takes up at once what was just changed, as far as this server is concerned.
    pub async fn catch_up(&self) {
        if let Err(error) = self.read().await {
            tracing::warn!(%error, "cannot read who may sign in");
        }
    }

    async fn look(&self) -> Result<Roster> {
        let inner = &self.0;
        // What was revoked a moment ago stands on the primary; without one nothing is being revoked.
        let freshness = if inner.cluster.has_primary() { Consistency::Strong } else { Consistency::Eventual };
        let reader = inner.cluster.read(&Scope::server(Uuid::nil()), freshness).own();
        let lifetime = inner.settings.longest() + SKEW;
        let outside = inner.provider.as_ref().map(|provider| provider.issuer());
        Roster::read(&reader, &inner.file, self.now(), lifetime, outside).await
    }

    async fn make_key(&self, algorithm: SigningAlgorithm) -> Result<Uuid> {
        let tx = self.write().await?;
        let key = keyring::generate(&tx, Arc::clone(&self.0.file), algorithm, self.now()).await?;
        tx.note(Deed::new(Action::Create, SIGNING_KEY).on(key));
        tx.commit().await?;
        tracing::info!(key = %key, algorithm = algorithm.name(), "a signing key was made");
        Ok(key)
    }

    pub(super) async fn write(&self) -> Result<Transaction> {
        self.1.write(&Scope::server(Uuid::new_v4())).await
    }

    /// The key of the role with this name.
    ///
    /// # Errors
    /// `BadRequest` when there is none.
    pub async fn role(&self, scope: &Scope, name: &str) -> Result<Uuid> {
        let reader = self.0.cluster.read(scope, Consistency::Strong);
        let found = role::Entity::find().filter(role::Column::Name.eq(name)).one(&reader).await?;
        found.map(|role| role.uuid).ok_or_else(|| Error::BadRequest(format!("there is no role {name}")))
    }

    /// The key of the user with this name.
    ///
    /// # Errors
    /// `BadRequest` when there is none.
    pub async fn named(&self, scope: &Scope, name: &str) -> Result<Uuid> {
        let found = self.user(user::Column::Username.eq(login_name(name)), scope.request).await?;
        found.map(|(user, _)| user.uuid).ok_or_else(|| Error::BadRequest(format!("there is no user {name}")))
    }

    /// The public keys, for whoever else verifies tokens.
    #[must_use]
    pub fn published_keys(&self) -> JwkSet {
        self.roster().keys.published()
    }

    pub(super) fn sign(&self, claims: &Claims) -> Result<String> {
        let roster = self.roster();
        let signer = roster.keys.signer.as_ref();
        signer.ok_or(Error::KeysUnread)?.sign(claims)
    }
}

/// The scope of somebody who is about to prove who they are: of the institution that they are bound to, and with no
/// permission. What it takes to let them in is written beyond that boundary.
pub(super) fn acting(user: Actor, institution: Option<Uuid>, request: Uuid, origin: Option<IpAddr>) -> Scope {
    let boundary = institution.map_or(Boundary::All, |institution| Boundary::One(InstitutionId(institution)));
    Scope { actor: user, role: Arc::from(""), boundary, origin, ..Scope::server(request) }
}

/// Reads the roster again and again, for as long as somebody uses it.
async fn keep_up(inner: Weak<Inner>) {
    let mut trouble = false;
    loop {
        tokio::time::sleep(READ_EVERY).await;
        let Some(inner) = inner.upgrade() else { return };
        let through = inner.cluster.clone();
        let result = Authority(inner, through).read().await;
        match &result {
            _ if trouble => {}
            Ok(Read::Done) => {}
            Ok(Read::ForeignKeys) => tracing::error!("{ForeignKeys}"),
            Err(error) => {
                tracing::warn!(%error, "cannot read who may sign in: what was revoked meanwhile is not known");
            }
        }
        trouble = !matches!(result, Ok(Read::Done));
    }
}
