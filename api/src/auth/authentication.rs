use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::error::{Error, Result, Unauthenticated};
use crate::scope::{Actor, Boundary, InstitutionId, LOCAL_OPERATOR, Permission, Permissions, Scope};

use super::Authority;
use super::authority::READ_EVERY;
use super::outside::Provider;
use super::roster::{Bearer, Roster};
use super::token::{Claims, MAX_LENGTH, named_key};

/// A token that was verified, and the key that signed it.
pub(super) struct Known {
    claims: Claims,
    key: Uuid,
}

impl Authority {
    /// The scope of a token's bearer, as it is now.
    ///
    /// # Errors
    /// Why the token is not good now. That it was good before is told to nobody but its bearer.
    pub async fn authenticate(
        &self,
        token: &str,
        request: Uuid,
        origin: Option<IpAddr>,
    ) -> Result<Scope, Unauthenticated> {
        if token.len() > MAX_LENGTH {
            return Err(Unauthenticated::NoSession);
        }
        let known = match self.0.tokens.get(token) {
            Some(known) => known,
            None => match self.0.provider.as_ref().filter(|provider| provider.claims(token)) {
                Some(provider) => return self.outsider(provider, token, request, origin).await,
                None => self.verify(token).await.ok_or(Unauthenticated::NoSession)?,
            },
        };
        let (claims, roster) = (&known.claims, self.roster());
        if let Some(why) = self.dead(&known, &roster) {
            self.0.tokens.invalidate(token);
            return Err(why);
        }
        let role = roster.roles.get(claims.role.as_str()).ok_or(Unauthenticated::NoSession)?;
        let role = Arc::clone(&role.name);
        let bearer = Bearer { user: claims.sub, role, institution: claims.institution, patient: claims.patient };
        self.scope(&bearer, Some(claims), request, origin)
    }

    /// Why a token that was verified is not good now, if it is not.
    fn dead(&self, known: &Known, roster: &Roster) -> Option<Unauthenticated> {
        let (claims, now) = (&known.claims, self.now());
        // The end of its session may be forgotten before a token that was made for longer ends.
        let is_too_long = claims.sid.is_some() && claims.lifetime() > self.0.settings.longest();
        if roster.keys.verifier(known.key).is_none() || is_too_long {
            Some(Unauthenticated::NoSession)
        } else if claims.sid.is_some_and(|session| roster.ended.contains(&session)) {
            Some(Unauthenticated::SessionEnded)
        } else if claims.has_expired_at(now) {
            Some(Unauthenticated::TokenExpired)
        } else if claims.has_begun_at(now) {
            None
        } else {
            Some(Unauthenticated::NoSession)
        }
    }

    /// The user whom the OpenID provider elsewhere means, if there is one here.
    async fn outsider(
        &self,
        provider: &Provider,
        token: &str,
        request: Uuid,
        origin: Option<IpAddr>,
    ) -> Result<Scope, Unauthenticated> {
        let subject = provider.subject(token, self.now()).await?;
        let bearer = self.roster().outsiders.get(&subject).cloned().ok_or(Unauthenticated::NoSession)?;
        self.scope(&bearer, None, request, origin)
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
        if !self.has_read() {
            return Err(Error::KeysUnread);
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

    fn scope(
        &self,
        bearer: &Bearer,
        claims: Option<&Claims>,
        request: Uuid,
        origin: Option<IpAddr>,
    ) -> Result<Scope, Unauthenticated> {
        let roster = self.roster();
        let role = roster.roles.get(&bearer.role).ok_or(Unauthenticated::NoSession)?;
        let device = claims.and_then(|claims| claims.device.as_deref());
        let holds = || role.rules.as_ref().is_some_and(|rules| rules.hold(self.now(), origin, device));
        if bearer.user != LOCAL_OPERATOR.0 && !holds() {
            return Err(Unauthenticated::NoSession);
        }
        let grant = claims.and_then(|claims| claims.grant);
        let permissions = if grant.is_some() { within_leave(role.permissions) } else { role.permissions };
        Ok(Scope {
            actor: Actor(bearer.user),
            role: Arc::clone(&role.name),
            session: claims.and_then(|claims| claims.sid),
            boundary: bearer.institution.map_or(Boundary::All, |key| Boundary::One(InstitutionId(key))),
            patient: bearer.patient,
            grant,
            permissions,
            request,
            origin,
            unauthenticated: Unauthenticated::NoSession,
        })
    }
}

/// With a leave somebody treats one patient, and manages nothing; and nothing at all once the role may take none.
fn within_leave(own: Permissions) -> Permissions {
    if own.contain(Permission::BreakGlass) { own.common(Permissions::TREATING) } else { Permissions::NONE }
}
