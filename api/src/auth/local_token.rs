use std::time::Duration;

use entity::patient_register;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::database::Consistency;
use crate::error::{Error, Result};
use crate::scope::{LOCAL_OPERATOR, PATIENT, Scope};

use super::Authority;
use super::token::Claims;

/// A token for whoever is at the machine itself.
#[derive(Clone, Debug)]
pub struct LocalToken {
    /// The role's name.
    pub role: String,
    /// The institution whose records alone may be touched; none for all.
    pub institution: Option<Uuid>,
    /// The patient whose record alone may be touched, and the institution is that record's; none for all.
    pub patient: Option<Uuid>,
    /// How long it is good.
    pub lifetime: Duration,
}

impl Authority {
    /// The institution that a patient's record belongs to.
    ///
    /// # Errors
    /// `BadRequest` when there is no such record; as any read.
    pub async fn institution_of(&self, scope: &Scope, patient: Uuid) -> Result<Uuid> {
        let reader = self.0.cluster.read(scope, Consistency::Strong);
        let found = patient_register::Entity::find_by_id(patient)
            .filter(patient_register::Column::DeletedAt.is_null())
            .one(&reader)
            .await?;
        let missing = || Error::BadRequest(format!("there is no patient {patient}"));
        found.map(|register| register.institution_id).ok_or_else(missing)
    }

    /// A token for whoever is at the machine itself, who acts as the local operator.
    ///
    /// # Errors
    /// `BadRequest` for a role that does not exist, and for a patient's without a patient; `KeysUnread`.
    pub fn local_token(&self, wanted: &LocalToken) -> Result<String> {
        if !self.has_read() {
            return Err(Error::KeysUnread);
        }
        if !self.roster().roles.contains_key(wanted.role.as_str()) {
            return Err(Error::BadRequest(format!("there is no role {}", wanted.role)));
        }
        if wanted.role == PATIENT && wanted.patient.is_none() {
            let message = "in this role one sees the own record: say whose that is, with --patient UUID";
            return Err(Error::BadRequest(message.to_owned()));
        }
        let (issuer, seconds) = (&self.0.settings.issuer, wanted.lifetime.as_secs());
        let mut claims = Claims::new(issuer, LOCAL_OPERATOR.0, &wanted.role, self.now(), seconds);
        claims.institution = wanted.institution;
        claims.patient = wanted.patient;
        self.sign(&claims)
    }
}
