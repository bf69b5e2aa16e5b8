use entity::{user, user_secret};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::auth::Authority;
use crate::clock::Clock;
use crate::database::{Cluster, Consistency, Target};
use crate::error::Result;
use crate::records::user::{CreateUserInput, UpdateUserInput, UserKind, create, update};
use crate::scope::Scope;

use super::{key, keys};

/// What the demonstration's user signs in by.
const USERNAME: &str = "doctor@clinic.example";
/// The password that everybody knows: it opens made-up records, and only while they are demonstrated.
const PASSWORD: &str = "made-up records only";

/// Lets a doctor of the first institution sign in to a demonstration, with a password that everybody knows, and to
/// nothing else: where the same database is served in earnest, that user's sessions end. Only an embedded one can have
/// been a demonstration.
///
/// # Errors
/// When that user cannot be kept out.
pub(crate) async fn admit_guest(
    target: &Target,
    cluster: &Cluster,
    clock: &dyn Clock,
    authority: &Authority,
    is_demo: bool,
) -> Result<()> {
    match target {
        Target::Postgres(_) => {}
        Target::Sqlite(_) if !is_demo => dismiss(cluster, authority).await?,
        Target::Sqlite(_) => {
            if let Err(error) = welcome(cluster, clock, authority).await {
                tracing::warn!(%error, "the demonstration goes without its user");
            }
        }
    }
    Ok(())
}

async fn welcome(cluster: &Cluster, clock: &dyn Clock, authority: &Authority) -> Result<()> {
    let scope = Scope::local_operator(Uuid::new_v4());
    let uuid = match find(cluster, &scope).await? {
        None => {
            let role_id = authority.role(&scope, "doctor").await?;
            create(&scope, cluster, clock, guest(role_id)).await?;
            key("user", 0)
        }
        Some(guest) => {
            if !guest.is_active {
                set_active(cluster, &scope, guest.uuid, true).await?;
            }
            guest.uuid
        }
    };
    let reader = cluster.read(&scope, Consistency::Strong);
    let secret = user_secret::Entity::find_by_id(uuid).one(&reader).await?;
    if secret.is_some_and(|secret| secret.password_hash.is_some()) {
        return Ok(());
    }
    authority.give_password(&scope, uuid, PASSWORD.to_owned()).await
}

async fn dismiss(cluster: &Cluster, authority: &Authority) -> Result<()> {
    let scope = Scope::local_operator(Uuid::new_v4());
    if let Some(guest) = find(cluster, &scope).await?.filter(|guest| guest.is_active) {
        set_active(cluster, &scope, guest.uuid, false).await?;
        authority.catch_up().await;
    }
    Ok(())
}

async fn find(cluster: &Cluster, scope: &Scope) -> Result<Option<user::Model>> {
    let reader = cluster.read(scope, Consistency::Strong);
    Ok(user::Entity::find().filter(user::Column::Uuid.is_in(keys("user", 0))).one(&reader).await?)
}

fn guest(role_id: Uuid) -> CreateUserInput {
    CreateUserInput {
        uuid: Some(key("user", 0)),
        kind: UserKind::Doctor,
        username: USERNAME.to_owned(),
        display_name: Some("The demonstration's doctor".to_owned()),
        role_id,
        institution_id: Some(key("institution", 0)),
        patient_id: None,
        doctor_id: Some(key("doctor", 0)),
        external_issuer: None,
        external_subject: None,
        idempotency_key: None,
    }
}

async fn set_active(cluster: &Cluster, scope: &Scope, uuid: Uuid, is_active: bool) -> Result<()> {
    use async_graphql::MaybeUndefined::Undefined;
    let input = UpdateUserInput {
        uuid,
        expected_version: None,
        display_name: Undefined,
        role_id: Undefined,
        institution_id: Undefined,
        external_issuer: Undefined,
        external_subject: Undefined,
        is_active: Some(is_active),
    };
    update(scope, cluster, input).await.map(drop)
}
