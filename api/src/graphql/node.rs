use std::collections::HashMap;

use async_graphql::{Context, ID, Interface, Object, Result};
use futures_util::future::{BoxFuture, try_join_all};
use uuid::Uuid;

use crate::error::Error;

use super::appointment::Appointment;
use super::audit_event::AuditEvent;
use super::break_glass::BreakGlassGrant;
use super::catalogue::{
    BloodType, Country, EmailType, Gender, InstitutionType, MedicalCondition, Medication, PhoneType, Region, Sex,
    SpecialtyCategory,
};
use super::dependent::{
    Address, Email, HealthProfile, Identifier, PatientAllergy, PatientCondition, PatientMedication, Phone,
};
use super::doctor::Doctor;
use super::doctor_specialty::DoctorSpecialty;
use super::id::{Kind, parse};
use super::medical_institution::MedicalInstitution;
use super::patient_merge::PatientMerge;
use super::patient_register::PatientRegister;
use super::patient_validation::PatientValidation;
use super::record::{Record, by_keys};
use super::role::Role;
use super::shown::Shown;
use super::system_setting::SystemSetting;
use super::user::User;

/// How many records `nodes` returns at most.
const MAX_NODES: usize = 100;

/// Declares the kinds of records that have a global id.
macro_rules! kinds {
    ($($kind:ident),+ $(,)?) => {
        /// Anything that has a global id.
        #[derive(Clone, Interface)]
        #[graphql(field(name = "id", ty = "ID", desc = "The record's global id: opaque, and good for `node`."))]
        pub(super) enum Node {
            $($kind(Shown<$kind>),)+
        }

        /// Records of one kind are read together, and the kinds side by side.
        async fn records(ctx: &Context<'_>, asked: Vec<Option<(Kind, Uuid)>>) -> Result<Vec<Option<Node>>> {
            let keys = |wanted| asked.iter().flatten().filter(|(kind, _)| *kind == wanted).map(|(_, key)| *key).collect();
            let reads: Vec<BoxFuture<'_, Result<Found>>> =
                vec![$(Box::pin(of_kind::<$kind>(ctx, Kind::$kind, keys(Kind::$kind)))),+];
            let found: Found = try_join_all(reads).await?.into_iter().flatten().collect();
            Ok(asked.into_iter().map(|asked| found.get(&asked?).cloned()).collect())
        }
    };
}

kinds! {
    PatientRegister,
    MedicalInstitution,
    Doctor,
    DoctorSpecialty,
    User,
    Role,
    BreakGlassGrant,
    AuditEvent,
    Country,
    Region,
    InstitutionType,
    SpecialtyCategory,
    Sex,
    Gender,
    BloodType,
    EmailType,
    PhoneType,
    MedicalCondition,
    Medication,
    HealthProfile,
    Email,
    Phone,
    Address,
    Identifier,
    PatientCondition,
    PatientMedication,
    PatientAllergy,
    PatientValidation,
    PatientMerge,
    Appointment,
    SystemSetting,
}

type Found = HashMap<(Kind, Uuid), Node>;

async fn of_kind<R: Record>(ctx: &Context<'_>, kind: Kind, keys: Vec<Uuid>) -> Result<Found>
where
    Shown<R>: Into<Node>,
{
    let found = by_keys::<R>(ctx, keys).await?;
    Ok(found.into_iter().map(|(key, record)| ((kind, key), record.into())).collect())
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
    ) -> Result<Option<Vec<Option<Node>>>> {
        if ids.len() > MAX_NODES {
            return Err(Error::Limit(format!("ids: at most {MAX_NODES} records can be asked for at once")).into());
        }
        nodes(ctx, &ids).await.map(Some)
    }
}

async fn nodes(ctx: &Context<'_>, ids: &[ID]) -> Result<Vec<Option<Node>>> {
    records(ctx, ids.iter().map(parse).collect()).await
}

/// The record of this kind with this key, as the current field selects it.
pub(super) async fn record(ctx: &Context<'_>, kind: Kind, key: Uuid) -> Result<Option<Node>> {
    Ok(records(ctx, vec![Some((kind, key))]).await?.pop().flatten())
}
