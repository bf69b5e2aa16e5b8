use entity::user_secret::{ActiveModel, Entity};
use sea_orm::{EntityTrait, Set};
use uuid::Uuid;

use crate::error::Result;
use crate::scope::Scope;

use super::Authority;
use super::login::locked;
use super::password;
use super::session::changed;

impl Authority {
    /// Gives a user a password, whoever knows it, and begins no session. It was checked before.
    ///
    /// # Errors
    /// `Forbidden`, `Rejected` when there is no such user whom the caller manages; as any write.
    pub async fn give_password(&self, scope: &Scope, user: Uuid, password: String) -> Result<()> {
        let user = self.managed(scope, user, &["uuid"]).await?.uuid;
        let hash = password::hash(password).await?;
        let tx = self.1.write(scope).await?;
        locked(&tx, user).await?;
        let changes = ActiveModel { user_id: Set(user), password_hash: Set(Some(hash)), ..ActiveModel::default() };
        Entity::update(changes).exec(&tx).await?;
        tx.note(changed(user, "password"));
        tx.commit().await
    }
}
