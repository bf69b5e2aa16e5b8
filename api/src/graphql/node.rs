use async_graphql::{Context, ID, Interface, Object, Result};
use futures_util::future::{try_join3, try_join4};
use uuid::Uuid;

use crate::error::Error;

use super::appointment::Appointment;
use super::audit_event::AuditEvent;
use super::break_glass::BreakGlassGrant;
use super::doctor::Doctor;
use super::doctor_specialty::DoctorSpecialty;
use super::id::{Kind, parse};
use super::medical_institution::MedicalInstitution;
use super::patient_merge::PatientMerge;
use super::patient_register::PatientRegister;
use super::patient_validation::PatientValidation;
use super::record::by_keys;
use super::role::Role;
use super::shown::Shown;
use super::system_setting::SystemSetting;
use super::user::User;

/// How many records `nodes` returns at most.
const MAX_NODES: usize = 100;

/// Anything that has a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The record's global id: opaque, and good for `node`."))]
pub(super) enum Node {
    PatientRegister(Shown<PatientRegister>),
    MedicalInstitution(Shown<MedicalInstitution>),
    Doctor(Shown<Doctor>),
    DoctorSpecialty(Shown<DoctorSpecialty>),
    User(Shown<User>),
    Role(Shown<Role>),
    BreakGlassGrant(Shown<BreakGlassGrant>),
    AuditEvent(Shown<AuditEvent>),
    PatientValidation(Shown<PatientValidation>),
    PatientMerge(Shown<PatientMerge>),
    Appointment(Shown<Appointment>),
    SystemSetting(Shown<SystemSetting>),
}

#[derive(Default)]
pub(super) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The record with this global id; null when there is none.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "A record's global id.")] id: ID) -> Result<Option<Node>> {
        Ok(nodes(ctx, &[id]).await?.pop().flatten())
    }

    /// The records with these global ids, in this order; null for an id that no record has.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Records' global ids: 100 at most.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > MAX_NODES {
            return Err(Error::Limit(format!("ids: at most {MAX_NODES} records can be asked for at once")).into());
        }
        nodes(ctx, &ids).await
    }
}

async fn nodes(ctx: &Context<'_>, ids: &[ID]) -> Result<Vec<Option<Node>>> {
    records(ctx, ids.iter().map(parse).collect()).await
}

/// The record of this kind with this key, as the current field selects it.
pub(super) async fn record(ctx: &Context<'_>, kind: Kind, key: Uuid) -> Result<Option<Node>> {
    Ok(records(ctx, vec![Some((kind, key))]).await?.pop().flatten())
}

/// Records of one kind are read together.
async fn records(ctx: &Context<'_>, asked: Vec<Option<(Kind, Uuid)>>) -> Result<Vec<Option<Node>>> {
    let keys = |wanted| asked.iter().flatten().filter(|(kind, _)| *kind == wanted).map(|(_, key)| *key).collect();
    let (
        (registers, institutions, doctors, specialties),
        (users, roles, grants, events),
        (validations, merges, appointments, settings),
    ) = try_join3(
        try_join4(
            by_keys::<PatientRegister>(ctx, keys(Kind::PatientRegister)),
            by_keys::<MedicalInstitution>(ctx, keys(Kind::MedicalInstitution)),
            by_keys::<Doctor>(ctx, keys(Kind::Doctor)),
            by_keys::<DoctorSpecialty>(ctx, keys(Kind::DoctorSpecialty)),
        ),
        try_join4(
            by_keys::<User>(ctx, keys(Kind::User)),
            by_keys::<Role>(ctx, keys(Kind::Role)),
            by_keys::<BreakGlassGrant>(ctx, keys(Kind::BreakGlassGrant)),
            by_keys::<AuditEvent>(ctx, keys(Kind::AuditEvent)),
        ),
        try_join4(
            by_keys::<PatientValidation>(ctx, keys(Kind::PatientValidation)),
            by_keys::<PatientMerge>(ctx, keys(Kind::PatientMerge)),
            by_keys::<Appointment>(ctx, keys(Kind::Appointment)),
            by_keys::<SystemSetting>(ctx, keys(Kind::SystemSetting)),
        ),
    )
    .await?;
    let node = |(kind, key): (Kind, Uuid)| match kind {
        Kind::PatientRegister => registers.get(&key).cloned().map(Node::from),
        Kind::MedicalInstitution => institutions.get(&key).cloned().map(Node::from),
        Kind::Doctor => doctors.get(&key).cloned().map(Node::from),
        Kind::DoctorSpecialty => specialties.get(&key).cloned().map(Node::from),
        Kind::User => users.get(&key).cloned().map(Node::from),
        Kind::Role => roles.get(&key).cloned().map(Node::from),
        Kind::BreakGlassGrant => grants.get(&key).cloned().map(Node::from),
        Kind::AuditEvent => events.get(&key).cloned().map(Node::from),
        Kind::PatientValidation => validations.get(&key).cloned().map(Node::from),
        Kind::PatientMerge => merges.get(&key).cloned().map(Node::from),
        Kind::Appointment => appointments.get(&key).cloned().map(Node::from),
        Kind::SystemSetting => settings.get(&key).cloned().map(Node::from),
    };
    Ok(asked.into_iter().map(|asked| asked.and_then(node)).collect())
}
