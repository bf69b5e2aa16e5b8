use async_graphql::{Context, ID, Interface, Object, Result};
use uuid::Uuid;

use crate::error::Error;
use crate::records::find;

use super::audit_event::AuditEvent;
use super::break_glass::BreakGlassGrant;
use super::catalogue::{
    BloodType, Country, EmailType, Gender, InstitutionType, MedicalCondition, Medication, PhoneType, Region, Sex,
    SpecialtyCategory,
};
use super::context::of;
use super::doctor::Doctor;
use super::doctor_specialty::DoctorSpecialty;
use super::id::{Kind, parse};
use super::medical_institution::MedicalInstitution;
use super::patient_register::PatientRegister;
use super::record::{Record, columns};
use super::role::Role;
use super::user::User;

/// How many records `nodes` returns at most.
const MAX_NODES: usize = 100;

/// Anything that has a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The record's global id: opaque, and good for `node`."))]
pub(super) enum Node {
    PatientRegister(PatientRegister),
    MedicalInstitution(MedicalInstitution),
    Doctor(Doctor),
    DoctorSpecialty(DoctorSpecialty),
    User(User),
    Role(Role),
    BreakGlassGrant(BreakGlassGrant),
    Country(Country),
    Region(Region),
    InstitutionType(InstitutionType),
    SpecialtyCategory(SpecialtyCategory),
    Sex(Sex),
    Gender(Gender),
    BloodType(BloodType),
    EmailType(EmailType),
    PhoneType(PhoneType),
    MedicalCondition(MedicalCondition),
    Medication(Medication),
    AuditEvent(AuditEvent),
}

#[derive(Default)]
pub(super) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The record with this global id; null when there is none.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "A record's global id.")] id: ID) -> Result<Option<Node>> {
        node(ctx, &id).await
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
        futures_util::future::try_join_all(ids.iter().map(|id| node(ctx, id))).await
    }
}

async fn node(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    let Some((kind, uuid)) = parse(id) else { return Ok(None) };
    match kind {
        Kind::PatientRegister => found::<PatientRegister>(ctx, uuid).await,
        Kind::MedicalInstitution => found::<MedicalInstitution>(ctx, uuid).await,
        Kind::Doctor => found::<Doctor>(ctx, uuid).await,
        Kind::DoctorSpecialty => found::<DoctorSpecialty>(ctx, uuid).await,
        Kind::User => found::<User>(ctx, uuid).await,
        Kind::Role => found::<Role>(ctx, uuid).await,
        Kind::BreakGlassGrant => found::<BreakGlassGrant>(ctx, uuid).await,
        Kind::Country => found::<Country>(ctx, uuid).await,
        Kind::Region => found::<Region>(ctx, uuid).await,
        Kind::InstitutionType => found::<InstitutionType>(ctx, uuid).await,
        Kind::SpecialtyCategory => found::<SpecialtyCategory>(ctx, uuid).await,
        Kind::Sex => found::<Sex>(ctx, uuid).await,
        Kind::Gender => found::<Gender>(ctx, uuid).await,
        Kind::BloodType => found::<BloodType>(ctx, uuid).await,
        Kind::EmailType => found::<EmailType>(ctx, uuid).await,
        Kind::PhoneType => found::<PhoneType>(ctx, uuid).await,
        Kind::MedicalCondition => found::<MedicalCondition>(ctx, uuid).await,
        Kind::Medication => found::<Medication>(ctx, uuid).await,
        Kind::AuditEvent => found::<AuditEvent>(ctx, uuid).await,
    }
}

async fn found<R: Record + Into<Node>>(ctx: &Context<'_>, uuid: Uuid) -> Result<Option<Node>> {
    let context = of(ctx);
    let columns = columns::<R>(ctx.field().selection_set());
    let row = find::<R::Collection>(&context.scope, &context.reader, uuid, &columns).await?;
    Ok(row.map(|row| R::from(row).into()))
}
