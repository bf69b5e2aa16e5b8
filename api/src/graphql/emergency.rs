//! Root fields that emergency access (`breakGlass`) covers. It is for treating one patient: whoever has it reads that
//! patient's record, writes into it, and looks up institutions, doctors and catalogues. It covers nothing else: no audit
//! trail, no administration of the register, no other patient. A root field that is not listed here is refused, so that a
//! new one is refused until somebody decides otherwise.

use std::collections::HashSet;

use async_graphql::parser::types::ExecutableDocument;

use crate::deed::{Action, Deed, Outcome};
use crate::error::{Error, Result};

use super::Context;
use super::limits::chosen;
use super::public::{PUBLIC, collect};
use super::types::root;

/// Root fields that belong to no kind of record which is read by `one` and `many` of them.
const SINGLE: &[&str] = &[
    "__schema",
    "__type",
    "viewer",
    "node",
    "nodes",
    "exportPatientRegister",
    "updatePatientRegister",
    "patientRegisterChanged",
    "changes",
];

/// Kinds that are read: the patient's register and appointments, and the directory.
const READ: &[(&str, &str)] = &[
    ("patientRegister", "patientRegisters"),
    ("appointment", "appointments"),
    ("medicalInstitution", "medicalInstitutions"),
    ("doctor", "doctors"),
    ("doctorSpecialty", "doctorSpecialties"),
    ("country", "countries"),
    ("region", "regions"),
    ("institutionType", "institutionTypes"),
    ("specialtyCategory", "specialtyCategories"),
    ("sex", "sexes"),
    ("gender", "genders"),
    ("bloodType", "bloodTypes"),
    ("emailType", "emailTypes"),
    ("phoneType", "phoneTypes"),
    ("medicalCondition", "medicalConditions"),
    ("medication", "medications"),
];

/// Kinds that are read, added, changed and removed: what belongs to the patient.
const WRITTEN: &[(&str, &str)] = &[
    ("healthProfile", "healthProfiles"),
    ("email", "emails"),
    ("phone", "phones"),
    ("address", "addresses"),
    ("identifier", "identifiers"),
    ("patientCondition", "patientConditions"),
    ("patientMedication", "patientMedications"),
    ("patientAllergy", "patientAllergies"),
];

/// Refuses an operation with a root field that the caller's emergency access does not cover, and puts that on record.
///
/// # Errors
/// `Forbidden`; `Unrecorded`.
pub(super) async fn check(context: &Context, document: &ExecutableDocument, operation: Option<&str>) -> Result<()> {
    let (Some(_), Some(operation)) = (context.scope.grant, chosen(document, operation)) else { return Ok(()) };
    let mut fields = Vec::new();
    collect(&operation.selection_set.node, document, &mut HashSet::new(), &mut fields);
    let Some(field) = fields.into_iter().find(|field| !is_covered(field)) else { return Ok(()) };
    let kind = root(operation.ty);
    // The field may be none of the schema's, so it is not named.
    context.cluster.record(&context.scope, vec![(Deed::new(Action::Execute, kind), Outcome::Denied)]).await?;
    Err(Error::Forbidden(format!("emergency access does not cover {field}: use your session's own token")))
}

fn is_covered(field: &str) -> bool {
    let is_read = |kinds: &[(&str, &str)]| kinds.iter().any(|(one, many)| [*one, *many].contains(&field));
    let verb = ["add", "update", "remove"].iter().find_map(|verb| field.strip_prefix(verb));
    let is_written = |noun: &str| WRITTEN.iter().any(|(one, _)| one.eq_ignore_ascii_case(noun));
    PUBLIC.contains(&field)
        || SINGLE.contains(&field)
        || is_read(READ)
        || is_read(WRITTEN)
        || verb.is_some_and(is_written)
}
