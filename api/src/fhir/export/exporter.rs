use serde_json::{Value, json};
use uuid::Uuid;

use crate::database::Reader;
use crate::error::Result;
use crate::fhir::Fhir;
use crate::records::export::{self, Exporter};
use crate::records::import::Vocabulary;
use crate::records::missed;
use crate::records::patient_register::PatientRegisters;
use crate::scope::Scope;

use super::clinical::{allergies, conditions, medications};
use super::person::{organization, patient, practitioner, practitioner_role};

/// Records of one kind in one document at most.
const MAX_RECORDS: u64 = 5000;

#[async_trait::async_trait]
impl Exporter for Fhir {
    /// A bundle of type collection.
    async fn patient(&self, scope: &Scope, reader: &Reader, uuid: Uuid) -> Result<Option<Value>> {
        export::require(scope)?;
        let known = Vocabulary::load(scope, reader).await?;
        let found = export::folder(scope, reader, &known, uuid, MAX_RECORDS).await;
        let Ok(Some(folder)) = found else {
            // How much there is of somebody tells of them as well.
            missed::<PatientRegisters>(scope, reader, &[uuid]);
            return found.map(|_| None);
        };
        reader.disclose(folder.deed().into());
        let register = &folder.register;
        let (doctor, institution) = export::around(scope, reader, register.doctor_id, register.institution_id).await?;
        let mut resources = vec![patient(register)];
        resources.extend(institution.as_ref().map(organization));
        resources.extend(doctor.as_ref().map(practitioner));
        resources.extend(doctor.as_ref().and_then(practitioner_role));
        resources.extend(allergies(&folder).into_iter().chain(conditions(&folder)).chain(medications(&folder)));
        let entries: Vec<Value> = resources.iter().map(entry).collect();
        Ok(Some(json!({ "resourceType": "Bundle", "type": "collection", "entry": entries })))
    }
}

fn entry(resource: &Value) -> Value {
    let url = resource["id"].as_str().map(|id| format!("urn:uuid:{id}"));
    json!({ "fullUrl": url, "resource": resource })
}
