//! What a constraint of the database says to people.

use sea_orm::{EntityTrait, IdenStatic, Iterable};

use crate::criteria::client_name;
use crate::database::Violation;
use crate::error::{Fault, FaultCode};

/// The fault that the name of a table's constraint tells, such as `doctors_license_number_key`, or `doctors.license_number`
/// on SQLite. Of several columns the first one is blamed; where the name tells of none, the whole input.
pub(super) fn by_name<E: EntityTrait>(violation: &Violation) -> Fault {
    let (code, name, message) = match violation {
        Violation::Unique(name) => (FaultCode::NotUnique, name, "another record has this value already"),
        Violation::Reference(name) => (FaultCode::ReferenceMissing, name, "the record referred to does not exist"),
        Violation::Check(name) => (FaultCode::InvalidFormat, name, "breaks a rule of the database"),
    };
    let column = column::<E>(name).map(|column| client_name(&column));
    Fault::new(code, std::iter::once("input".to_owned()).chain(column), message)
}

fn column<E: EntityTrait>(name: &str) -> Option<String> {
    // Of columns SQLite names each, the last one last; of expressions, their index.
    let name = name.rsplit(", ").next().unwrap_or(name);
    let name = name.strip_prefix("index '").and_then(|name| name.strip_suffix('\'')).unwrap_or(name);
    let rest = name.strip_prefix(E::default().table_name())?.strip_prefix(['_', '.'])?;
    if rest == "pkey" {
        return Some("uuid".to_owned());
    }
    // What is alike is alike of one patient.
    let begun = |rest: &str| {
        let columns = E::Column::iter().map(|column| column.as_str().to_owned());
        let own = columns.filter(|column| {
            rest.strip_prefix(column.as_str()).is_some_and(|more| more.is_empty() || more.starts_with('_'))
        });
        own.max_by_key(String::len)
    };
    rest.strip_prefix("patient_id_").and_then(begun).or_else(|| begun(rest))
}

#[cfg(test)]
mod tests {
    use entity::{doctor, health_profile, identifier, patient_condition, patient_register, phone};

    use super::*;

    fn path<E: EntityTrait>(name: &str) -> Vec<String> {
        by_name::<E>(&Violation::Unique(name.to_owned())).path
    }

    #[test]
    fn a_constraint_of_either_database_names_the_field() {
        for name in ["doctors_license_number_key", "doctors.license_number"] {
            assert_eq!(path::<doctor::Entity>(name), ["input", "licenseNumber"], "{name}");
        }
        for (name, field) in [
            ("patientregister_email_check", "email"),
            ("patientregister_pkey", "uuid"),
            ("patientregister.uuid", "uuid"),
            ("patientregister_doctor_id_fkey", "doctorId"),
        ] {
            assert_eq!(path::<patient_register::Entity>(name), ["input", field], "{name}");
        }
    }

    #[test]
    fn a_rule_of_several_columns_blames_one_that_is_a_field() {
        let habits = "health_profiles_cigarettes_per_day_smoking_check";
        assert_eq!(path::<health_profile::Entity>(habits), ["input", "cigarettesPerDay"]);
        assert_eq!(path::<health_profile::Entity>("health_profiles_patient_id_key"), ["input", "patientId"]);
        assert_eq!(path::<patient_condition::Entity>("patient_conditions_end_date_status_check"), ["input", "endDate"]);
        assert_eq!(path::<phone::Entity>("phones.patient_id, phones.number"), ["input", "number"]);
        for name in ["identifiers_patient_id_system_value_key", "index 'identifiers_patient_id_system_value_key'"] {
            assert_eq!(path::<identifier::Entity>(name), ["input", "system"], "{name}");
        }
    }

    #[test]
    fn a_rule_that_names_no_field_blames_the_whole() {
        for name in ["patientregister_complete_check", "identifiers_value_check", "FOREIGN KEY constraint failed", ""] {
            assert_eq!(path::<patient_register::Entity>(name), ["input"], "{name}");
        }
    }
}
