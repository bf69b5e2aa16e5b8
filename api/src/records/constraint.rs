//! What a constraint of the database says to people.

use crate::criteria::client_name;
use crate::database::Violation;
use crate::error::{Fault, FaultCode};

/// The tables whose constraints are told by name.
const TABLES: [&str; 26] = [
    "patientregister",
    "medical_institutions",
    "doctor_specialties",
    "doctors",
    "users",
    "countries",
    "regions",
    "institution_types",
    "specialty_categories",
    "sexes",
    "genders",
    "blood_types",
    "email_types",
    "phone_types",
    "medical_conditions",
    "medications",
    "health_profiles",
    "emails",
    "phones",
    "addresses",
    "patient_conditions",
    "patient_medications",
    "patient_allergies",
    "identifiers",
    "appointments",
    "system_settings",
];

/// The fault that a constraint's name tells, such as `doctors_license_number_key`, or `doctors.license_number` on SQLite.
pub(super) fn by_name(violation: &Violation) -> Fault {
    let (code, name, message) = match violation {
        Violation::Unique(name) => (FaultCode::NotUnique, name, "another record has this value already"),
        Violation::Reference(name) => (FaultCode::ReferenceMissing, name, "the record referred to does not exist"),
        Violation::Check(name) => (FaultCode::InvalidFormat, name, "breaks a rule of the database"),
    };
    // Of several columns SQLite names each, and the last one is blamed.
    let name = name.rsplit(", ").next().unwrap_or(name);
    let is_key = name.ends_with("_pkey");
    let column =
        ["_check", "_fkey", "_pkey", "_key", "_excl"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let column =
        TABLES.iter().find_map(|table| column.strip_prefix(table)).unwrap_or(column).trim_start_matches(['_', '.']);
    // What is alike is alike of one patient.
    let column = if is_key { "uuid" } else { column.strip_prefix("patient_id_").unwrap_or(column) };
    let column = (!column.is_empty()).then(|| client_name(column));
    Fault::new(code, std::iter::once("input".to_owned()).chain(column), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_of_either_database_names_the_field() {
        for name in ["doctors_license_number_key", "doctors.license_number"] {
            let fault = by_name(&Violation::Unique(name.to_owned()));
            assert_eq!(fault.path, ["input", "licenseNumber"], "{name}");
        }
        let fault = by_name(&Violation::Check("patientregister_email_check".to_owned()));
        assert_eq!(fault.path, ["input", "email"]);
        let fault = by_name(&Violation::Unique("patientregister_pkey".to_owned()));
        assert_eq!(fault.path, ["input", "uuid"]);
    }
}
