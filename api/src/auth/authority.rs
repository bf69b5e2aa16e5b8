use std::net::IpAddr;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use entity::role;
use jsonwebtoken::jwk::JwkSet;
use moka::sync::Cache;
use parking_lot::{Mutex, RwLock};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::clock::SharedClock;
use crate::database::{Cluster, Consistency, Transaction};
use crate::error::{Error, Result};
use crate::scope::{Actor, Boundary, InstitutionId, LOCAL_OPERATOR, Permission, Permissions, Scope};

use super::keyring;
use super::outside::Provider;
use super::roster::{Bearer, Roster};
use super::token::{Claims, MAX_LENGTH, named_key};
use super::{KeyFile, Settings, SigningAlgorithm};

/// How often the roster is read: what was revoked anywhere is dead here after about that long. The promise is 5 s.
const READ_EVERY: Duration = Duration::from_secs(1);
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
    tried: Mutex<Option<Instant>>,
    reading: tokio::sync::Mutex<()>,
    turn: tokio::sync::Mutex<()>,
    tokens: Cache<Arc<str>, Arc<Known>>,
    provider: Option<Provider>,
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

/// A token that was verified, and the key that signed it.
struct Known {
    claims: Claims,
    key: Uuid,
}

/// A token for whoever is at the machine itself.
#[derive(Clone, Debug)]
pub struct LocalToken {
    /// The role's name.
    pub role: String,
    /// The institution whose records alone may be touched; none for all.
    pub institution: Option<Uuid>,
    /// How long it is good.
    pub lifetime: Duration,
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
        let provider = settings.outside.clone().map(Provider::new);
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
        let reader = inner.cluster.read(&Scope::server(Uuid::nil()), freshness);
        let lifetime = inner.settings.access.max(inner.settings.leave) + SKEW;
        Roster::read(&reader, &inner.file, self.now(), lifetime, inner.provider.is_some()).await
    }

    async fn make_key(&self, algorithm: SigningAlgorithm) -> Result<Uuid> {
        let tx = self.write().await?;
        let key = keyring::generate(&tx, Arc::clone(&self.0.file), algorithm, self.now()).await?;
        tx.commit().await?;
        tracing::info!(key = %key, algorithm = algorithm.name(), "a signing key was made");
        Ok(key)
    }

    /// Writes what is a user's own, on whose account it is put on record.
    pub(super) async fn write_as(&self, user: Actor, request: Uuid, origin: Option<IpAddr>) -> Result<Transaction> {
        self.0.cluster.write(&acting(user, request, origin)).await
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

    /// What a role may do, as every request is judged by.
    #[must_use]
    pub fn permissions(&self, role: &str) -> Permissions {
        self.roster().roles.get(role).map_or(Permissions::NONE, |role| role.permissions)
    }

    /// The public keys, for whoever else verifies tokens.
    #[must_use]
    pub fn published_keys(&self) -> JwkSet {
        self.roster().keys.published()
    }

    /// Whose token that is, and what they may do with it now. None for any token that is not good now, whatever the
    /// reason.
    pub async fn authenticate(&self, token: &str, request: Uuid, origin: Option<IpAddr>) -> Option<Scope> {
        if token.len() > MAX_LENGTH {
            return None;
        }
        if let Some(provider) = &self.0.provider
            && let Some(subject) = provider.subject(token, self.now())
        {
            let bearer = self.roster().outsiders.get(&subject).cloned()?;
            return self.scope(&bearer, None, request, origin);
        }
        let known = match self.0.tokens.get(token) {
            Some(known) => known,
            None => self.verify(token).await?,
        };
        let (claims, roster) = (&known.claims, self.roster());
        let is_dead = roster.keys.verifier(known.key).is_none()
            || !claims.holds_at(self.now())
            || claims.sid.is_some_and(|session| roster.ended.contains(&session));
        if is_dead {
            self.0.tokens.invalidate(token);
            return None;
        }
        let role = Arc::clone(&roster.roles.get(claims.role.as_str())?.name);
        let bearer = Bearer { user: claims.sub, role, institution: claims.institution, patient: claims.patient };
        self.scope(&bearer, Some(claims), request, origin)
    }

    async fn verify(&self, token: &str) -> Option<Arc<Known>> {
        let (key, algorithm) = named_key(token)?;
        let roster = self.roster_with(key).await.ok()?;
        let claims = roster.keys.verifier(key)?.read(token, algorithm, &self.0.settings.issuer)?;
        let known = Arc::new(Known { claims, key });
        self.0.tokens.insert(Arc::from(token), Arc::clone(&known));
        Some(known)
    }

    /// The roster, which is read anew where it lacks a key: another server may have begun to sign with it.
    pub(super) async fn roster_with(&self, key: Uuid) -> Result<Arc<Roster>> {
        if self.roster().keys.verifier(key).is_none() {
            self.read_in_turn().await;
        }
        if self.0.read.lock().is_none() {
            return Err(Error::Unavailable("no key has been read yet".into()));
        }
        Ok(self.roster())
    }

    /// Sees that the roster is read after now, by whoever comes first. Forged tokens must not make the server do so all
    /// the time: who bears one waits for the next turn.
    async fn read_in_turn(&self) {
        let came = Instant::now();
        let pause = |tried: Instant| (READ_EVERY / 2).saturating_sub(tried.elapsed());
        let pause = self.0.tried.lock().map_or(Duration::ZERO, pause);
        tokio::time::sleep(pause).await;
        let _turn = self.0.turn.lock().await;
        if self.0.tried.lock().is_none_or(|tried| tried < came) {
            self.read().await.ok();
        }
    }

    fn scope(&self, bearer: &Bearer, claims: Option<&Claims>, request: Uuid, origin: Option<IpAddr>) -> Option<Scope> {
        let roster = self.roster();
        let role = roster.roles.get(&bearer.role)?;
        let device = claims.and_then(|claims| claims.device.as_deref());
        if bearer.user != LOCAL_OPERATOR.0 && !role.rules.as_ref()?.hold(self.now(), origin, device) {
            return None;
        }
        let grant = claims.and_then(|claims| claims.grant);
        let permissions = if grant.is_some() { within_leave(role.permissions) } else { role.permissions };
        Some(Scope {
            actor: Actor(bearer.user),
            role: Arc::clone(&role.name),
            session: claims.and_then(|claims| claims.sid),
            boundary: bearer.institution.map_or(Boundary::All, |key| Boundary::One(InstitutionId(key))),
            patient: bearer.patient,
            grant,
            permissions,
            request,
            origin,
        })
    }

    pub(super) fn sign(&self, claims: &Claims) -> Result<String> {
        let roster = self.roster();
        let signer = roster.keys.signer.as_ref();
        signer.ok_or_else(|| Error::Unavailable("no signing key has been read yet".into()))?.sign(claims)
    }

    /// A token for whoever is at the machine itself, who acts as the local operator.
    ///
    /// # Errors
    /// `BadRequest` for a role that does not exist.
    pub fn local_token(&self, wanted: &LocalToken) -> Result<String> {
        if !self.has_read() {
            return Err(Error::Unavailable("it has not been read yet who may sign in".into()));
        }
        if !self.roster().roles.contains_key(wanted.role.as_str()) {
            return Err(Error::BadRequest(format!("there is no role {}", wanted.role)));
        }
        let (issuer, seconds) = (&self.0.settings.issuer, wanted.lifetime.as_secs());
        let mut claims = Claims::new(issuer, LOCAL_OPERATOR.0, &wanted.role, self.now(), seconds);
        claims.institution = wanted.institution;
        self.sign(&claims)
    }
}

/// The scope of somebody who is about to prove who they are: within no boundary yet, and with no permission.
pub(super) fn acting(user: Actor, request: Uuid, origin: Option<IpAddr>) -> Scope {
    Scope { actor: user, role: Arc::from(""), origin, ..Scope::server(request) }
}

/// With a leave somebody treats one patient, and manages nothing; and nothing at all once the role may take none.
fn within_leave(own: Permissions) -> Permissions {
    if !own.contain(Permission::BreakGlass) {
        return Permissions::NONE;
    }
    let treating =
        [Permission::ReadPatients, Permission::ReadClinical, Permission::WritePatients, Permission::ReadDirectory];
    let held = treating.into_iter().filter(|permission| own.contain(*permission));
    held.fold(Permissions::NONE, Permissions::with)
}

/// Reads the roster again and again, for as long as somebody uses it.
async fn keep_up(inner: Weak<Inner>) {
    let mut trouble = false;
    loop {
        tokio::time::sleep(READ_EVERY).await;
        let Some(inner) = inner.upgrade() else { return };
        if let Some(provider) = &inner.provider {
            provider.read_if_changed();
        }
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
