use async_graphql::{Context, ID, Interface, Object, Result};

use crate::error::Error;
use crate::records::audit_event::AuditEvents;
use crate::records::doctor::Doctors;
use crate::records::doctor_specialty::DoctorSpecialties;
use crate::records::find;
use crate::records::medical_institution::MedicalInstitutions;
use crate::records::patient_register::PatientRegisters;

use super::audit_event::AuditEvent;
use super::context::of;
use super::doctor::Doctor;
use super::doctor_specialty::DoctorSpecialty;
use super::id::{Kind, parse};
use super::medical_institution::MedicalInstitution;
use super::patient_register::PatientRegister;
use super::record::columns;

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
    let context = of(ctx);
    let (scope, reader) = (&context.scope, &context.reader);
    let fields = || ctx.field().selection_set().collect::<Vec<_>>().into_iter();
    Ok(match kind {
        Kind::PatientRegister => find::<PatientRegisters>(scope, reader, uuid, &columns::<PatientRegister>(fields()))
            .await?
            .map(|row| Node::from(PatientRegister::from(row))),
        Kind::MedicalInstitution => {
            find::<MedicalInstitutions>(scope, reader, uuid, &columns::<MedicalInstitution>(fields()))
                .await?
                .map(|row| Node::from(MedicalInstitution::from(row)))
        }
        Kind::Doctor => find::<Doctors>(scope, reader, uuid, &columns::<Doctor>(fields()))
            .await?
            .map(|row| Node::from(Doctor::from(row))),
        Kind::DoctorSpecialty => find::<DoctorSpecialties>(scope, reader, uuid, &columns::<DoctorSpecialty>(fields()))
            .await?
            .map(|row| Node::from(DoctorSpecialty::from(row))),
        Kind::AuditEvent => find::<AuditEvents>(scope, reader, uuid, &columns::<AuditEvent>(fields()))
            .await?
            .map(|row| Node::from(AuditEvent::from(row))),
    })
}
