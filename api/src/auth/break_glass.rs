use async_graphql::{InputObject, SimpleObject};
use chrono::{DateTime, Duration, Utc};
use entity::{break_glass_grant, patient_register, session};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use uuid::Uuid;

use crate::database::Consistency;
use crate::deed::{Action, Deed};
use crate::error::{Error, FaultCode, NO_SESSION, Result};
use crate::scope::{Boundary, Permission, Scope};

use super::Authority;
use super::session::own_session;
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
    pub expires_at: DateTime<Utc>,
}

impl Authority {
    /// Opens one record outside the caller's boundary, at once.
    ///
    /// # Errors
    /// `Forbidden`; `Rejected` when there is no such register, or the reason or the time will not do; as any write.
    pub async fn break_glass(&self, scope: &Scope, input: BreakGlassInput) -> Result<Leave> {
        scope.require(Permission::BreakGlass)?;
        let session = own_session(scope)?;
        if scope.patient.is_some() {
            let message = "who may see one patient's records only opens no others".to_owned();
            return Err(Error::Forbidden(message));
        }
        let lifetime = self.lifetime(&input)?;
        let reader = self.0.cluster.read(&Scope::server(scope.request), Consistency::Strong);
        let found = patient_register::Entity::find_by_id(input.patient_uuid)
            .filter(patient_register::Column::DeletedAt.is_null())
            .one(&reader)
            .await?;
        let Some(patient) = found else {
            let path = ["input", "patientUuid"];
            return Err(Error::rejected(FaultCode::NotFound, &path, "there is no such register"));
        };
        let session = session::Entity::find_by_id(session).one(&reader).await?;
        let session = session.ok_or(Error::Unauthenticated(NO_SESSION))?;
        let now = self.now();
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
        // The leave is the other institution's: the caller could not write it within the own boundary.
        let tx = self.1.write_within(scope, Boundary::All).await?;
        break_glass_grant::Entity::insert(leave).exec_without_returning(&tx).await?;
        tx.note(Deed {
            institution: Some(patient.institution_id),
            patient: Some(patient.uuid),
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
        Ok(Leave { uuid, access_token: self.sign(&claims)?, expires_at })
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
            return Err(Error::rejected(FaultCode::TooLong, &at("reason"), message));
        }
        if reason.chars().any(char::is_control) {
            return Err(Error::rejected(FaultCode::InvalidFormat, &at("reason"), "has no control characters"));
        }
        let longest = i64::try_from(self.0.settings.leave.as_secs() / 60).unwrap_or(i64::MAX);
        let minutes = input.minutes.map_or_else(|| MINUTES.min(longest), i64::from);
        if minutes < 1 || minutes > longest {
            let message = format!("is between 1 and {longest}");
            return Err(Error::rejected(FaultCode::OutOfRange, &at("minutes"), message));
        }
        Ok(Duration::minutes(minutes))
    }
}
