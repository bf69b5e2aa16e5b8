use std::sync::Arc;

use uuid::Uuid;

use crate::clock::Clock;
use crate::database::Cluster;
use crate::deed::{Action, Deed};
use crate::error::{Error, Result};
use crate::scope::Scope;

use super::keyring::{self, Keyring};
use super::{Authority, ForeignKeys, KeyFile, SigningAlgorithm};

/// What the audit trail calls keys that sign tokens.
pub(super) const SIGNING_KEY: &str = "SigningKey";

impl Authority {
    /// Makes a new key sign, on all servers of the database. What others have signed stays good, or with `revoke` is good
    /// no longer: every session then ends. Returns the new key's name.
    ///
    /// # Errors
    /// `BadRequest` when another key file sealed the present keys, unless they are revoked; as any write.
    pub async fn rotate(
        cluster: &Cluster,
        clock: &dyn Clock,
        file: KeyFile,
        algorithm: SigningAlgorithm,
        revoke: bool,
    ) -> Result<Uuid> {
        let now = clock.now();
        let tx = cluster.write(&Scope::local_operator(Uuid::new_v4())).await?;
        let present = Keyring::read(&tx, &file).await?;
        if !revoke && present.signer.is_none() && present.foreign > 0 {
            // Servers that have the right file would know none of what signs from then on.
            tx.rollback().await?;
            return Err(Error::BadRequest(ForeignKeys.to_string()));
        }
        let key = keyring::generate(&tx, Arc::new(file), algorithm, now).await?;
        tx.note(Deed::new(Action::Create, SIGNING_KEY).on(key));
        let field = if revoke { "revokedAt" } else { "retiredAt" };
        tx.note(Deed { fields: [field.into()].into(), ..Deed::new(Action::Update, SIGNING_KEY) });
        if revoke {
            keyring::revoke_others(&tx, key, now).await?;
        } else {
            keyring::retire_others(&tx, key, now).await?;
        }
        tx.commit().await?;
        Ok(key)
    }
}
