use async_graphql::{Context, Object, Result, Value};
use uuid::Uuid;

use crate::error::Error;

use super::context::of;
use super::json::Json;

#[derive(Default)]
pub(super) struct ExportQuery;

#[Object]
impl ExportQuery {
    /// A patient's record as FHIR R4: a bundle of type `collection` with the Patient, the usual doctor and the institution,
    /// allergies, conditions and medication requests; at most 5000 of each. Blood type, habits, appointments, the state of
    /// validation and telephone country codes are left out. Patients export their own record, and others those that they may
    /// read. Null when there is no such patient.
    async fn export_patient_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The record's own key.")] uuid: Uuid,
    ) -> Result<Option<Json>> {
        let context = of(ctx);
        let exported = context.known.fhir_export.patient(&context.scope, &context.reader, uuid).await?;
        let json = exported.map(Value::from_json).transpose().map_err(Error::internal)?;
        Ok(json.map(Json))
    }
}
