use crate::fhir::r4::Identifier;
use crate::records::import::{ImportedIdentifier, MAX_IDENTIFIERS};

use super::Problem;

/// Systems of the codes for kinds of identifiers.
pub(super) const KINDS: [&str; 3] = [
    "http://terminology.hl7.org/CodeSystem/v2-0203",
    "http://hl7.org/fhir/v2/0203",
    "urn:oid:2.16.840.1.113883.18.108",
];

/// The identifiers that can be kept; the others are left out, such as those whose value is masked.
pub(super) fn identifiers(root: &str, told: Vec<Identifier>, left_out: &mut Vec<Problem>) -> Vec<ImportedIdentifier> {
    let mut kept: Vec<ImportedIdentifier> = Vec::with_capacity(told.len());
    for (number, identifier) in told.into_iter().enumerate() {
        let place = format!("{root}.identifier[{number}]");
        let Some(value) = identifier.value.filter(|value| !value.trim().is_empty()) else {
            left_out.push(Problem::new(place, "was left out: it has no value"));
            continue;
        };
        let type_code = identifier.kind.as_ref().and_then(|kind| kind.code_of(&KINDS)).map(str::to_owned);
        let record = ImportedIdentifier { number, system: identifier.system, value, type_code };
        if kept.len() == MAX_IDENTIFIERS {
            let reason = format!("was left out: a record has at most {MAX_IDENTIFIERS} identifiers");
            left_out.push(Problem::new(place, reason));
        } else if let Some(fault) = record.fault() {
            let field = fault.path.first().map_or("", |field| if field == "typeCode" { "type" } else { field });
            left_out.push(Problem::new(format!("{place}.{field}"), format!("was left out: {}", fault.message)));
        } else {
            kept.push(record);
        }
    }
    kept
}
