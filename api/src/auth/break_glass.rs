use async_graphql::{InputObject, SimpleObject};
use chrono::{DateTime, Duration, Utc};
use entity::{break_glass_grant, patient_register, role, session, user};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Set};
use uuid::Uuid;

use crate::database::Transaction;
use crate::deed::{Action, Deed};
use crate::error::{Error, FaultCode, FaultParams, Result, Unauthenticated};
use crate::instant::Instant;
use crate::records::sought;
use crate::scope::{Boundary, Permission, Scope};

use super::Authority;
use super::session::{NO_SESSION_HERE, without_leave};
use super::token::Claims;

/// For how many minutes a record is opened when nothing else is said.
const MINUTES: i64 = 60;
/// Characters of a reason at most.
const MAX_REASON: usize = 500;

/// A record to open that lies outside the caller's boundary.
#[derive(Clone, Debug, InputObject)]
pub struct BreakGlassInput {
    /// Key of the patient's register.
    pub patient_uuid: Uuid,
    /// Why: 1 to 500 characters. Whoever reviews the leave reads it.
    pub reason: String,
    /// For how many minutes, 60 when left out; the server's settings say how many at most.
    pub minutes: Option<i32>,
}

/// Leave to treat one patient of another institution, for a while.
#[derive(Clone, SimpleObject)]
#[graphql(name = "BreakGlassLeave")]
pub struct Leave {
    /// The leave's key, which stands in every audit entry made under it.
    pub uuid: Uuid,
    /// An access token for that one record: to be sent with the requests that need it, and with no others.
    pub access_token: String,
    /// Until when the record is open.
    pub expires_at: Instant,
}

impl Authority {
    /// Opens one record outside the caller's boundary, at once.
    ///
    /// # Errors
    /// `Forbidden`; `Rejected` when there is no such register, or the reason or the time will not do; `BadRequest` for a
    /// token that was made at the machine itself; as any write.
    pub async fn break_glass(&self, scope: &Scope, input: BreakGlassInput) -> Result<Leave> {
        scope.require(Permission::BreakGlass)?;
        without_leave(scope)?;
        if scope.patient.is_some() {
            let message = "who may see one patient's records only opens no others".to_owned();
            return Err(Error::Forbidden(message));
        }
        let lifetime = self.lifetime(&input)?;
        let now = self.now();
        // The leave is the other institution's: the caller could not write it within the own boundary.
        let tx = self.1.write_within(scope, Boundary::All).await?;
        let opened = async {
            // First: who can have no session is not told which registers there are.
            let session = session_for_leave(&tx, scope, now, lifetime).await?;
            Ok((session, register(&tx, scope, input.patient_uuid).await?))
        };
        let (session, patient) = match opened.await {
            Ok(found) => found,
            Err(error) => {
                tx.rollback().await?;
                return Err(error);
            }
        };
        // Not longer than the session, by whose end it is known to have ended.
        let expires_at = (now + lifetime).min(session.expires_at);
        let leave = break_glass_grant::ActiveModel {
            uuid: Set(Uuid::new_v4()),
            user_id: Set(scope.actor.0),
            patient_id: Set(patient.uuid),
            institution_id: Set(patient.institution_id),
            reason: Set(input.reason.trim().to_owned()),
            created_at: Set(now),
            expires_at: Set(expires_at),
            reviewed_at: Set(None),
            reviewed_by: Set(None),
            review_note: Set(None),
        };
        let uuid = *leave.uuid.as_ref();
        break_glass_grant::Entity::insert(leave).exec_without_returning(&tx).await?;
        tx.note(Deed {
            institution: Some(patient.institution_id),
            patients: vec![patient.uuid],
            ..Deed::new(Action::Create, "BreakGlassGrant").on(uuid)
        });
        tx.commit().await?;
        let mut claims = Claims::new(&self.0.settings.issuer, scope.actor.0, &scope.role, now, 0);
        claims.exp = expires_at.timestamp();
        claims.sid = Some(session.uuid);
        claims.institution = Some(patient.institution_id);
        claims.patient = Some(patient.uuid);
        claims.grant = Some(uuid);
        claims.device = session.device;
        Ok(Leave { uuid, access_token: self.sign(&claims)?, expires_at: Instant(expires_at) })
    }

    fn lifetime(&self, input: &BreakGlassInput) -> Result<Duration> {
        let reason = input.reason.trim();
        let length = reason.chars().count();
        let at = |field| ["input", field];
        if length == 0 {
            return Err(Error::rejected(FaultCode::Required, &at("reason"), "say why the record is opened"));
        }
        if length > MAX_REASON {
            let message = format!("has {MAX_REASON} characters at most");
            let refused = Error::rejected(FaultCode::TooLong, &at("reason"), message);
            return Err(refused.with(&FaultParams::at_most(MAX_REASON)));
        }
        if reason.chars().any(char::is_control) {
            return Err(Error::rejected(FaultCode::InvalidFormat, &at("reason"), "has no control characters"));
        }
        let longest = i64::try_from(self.0.settings.leave.as_secs() / 60).unwrap_or(i64::MAX);
        let minutes = input.minutes.map_or_else(|| MINUTES.min(longest), i64::from);
        if minutes < 1 || minutes > longest {
            let message = format!("is between 1 and {longest}");
            let refused = Error::rejected(FaultCode::OutOfRange, &at("minutes"), message);
            let longest = u32::try_from(longest).unwrap_or(u32::MAX);
            return Err(refused.with(&FaultParams::between(1, longest)));
        }
        Ok(Duration::minutes(minutes))
    }
}

/// The register to open, wherever it belongs.
async fn register(tx: &Transaction, scope: &Scope, uuid: Uuid) -> Result<patient_register::Model> {
    let found = patient_register::Entity::find_by_id(uuid)
        .filter(patient_register::Column::DeletedAt.is_null())
        .one(tx)
        .await?;
    let path = ["input", "patientUuid"];
    if found.is_none() {
        sought(tx, scope, uuid);
    }
    found.ok_or_else(|| Error::rejected(FaultCode::NotFound, &path, "there is no such register"))
}

/// The session that a leave belongs to: the caller's. Whoever comes with a token of a provider elsewhere has none, and gets
/// one for the leave alone, which nothing prolongs.
async fn session_for_leave(
    tx: &Transaction,
    scope: &Scope,
    now: DateTime<Utc>,
    lifetime: Duration,
) -> Result<session::Model> {
    if let Some(own) = scope.session {
        let found = session::Entity::find_by_id(own).one(tx).await?;
        return found.ok_or_else(|| Unauthenticated::SessionEnded.into());
    }
    // As the user is now, and stays until the session stands: whatever takes away what they may do ends their sessions.
    let found = user::Entity::find_by_id(scope.actor.0).lock_exclusive().one(tx).await?;
    let user = found.ok_or_else(|| Error::BadRequest(NO_SESSION_HERE.to_owned()))?;
    let role = role::Entity::find_by_id(user.role_id).one(tx).await?;
    let is_theirs = role.is_some_and(|role| *role.name == *scope.role);
    if !user.is_active || user.external_subject.is_none() || !is_theirs {
        return Err(Unauthenticated::NoSession.into());
    }
    let row = session::Model {
        uuid: Uuid::new_v4(),
        user_id: user.uuid,
        device: None,
        origin: scope.origin.map(|origin| origin.to_string()),
        created_at: now,
        expires_at: now + lifetime,
        revoked_at: None,
    };
    session::Entity::insert(session::ActiveModel::from(row.clone())).exec_without_returning(tx).await?;
    Ok(row)
}
