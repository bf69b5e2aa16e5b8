//! What patients have and take, as code systems name it.

use crate::records::Collection;
use crate::records::check::Kind;

use super::declare::catalogue;

catalogue! {
    /// Medical conditions: diseases and findings, as code systems name them.
    MedicalConditions: MedicalConditionFilter, MedicalConditionOrder, MedicalConditionOrderField on medical_condition,
        "MedicalCondition" of CreateMedicalConditionInput, UpdateMedicalConditionInput {
        keys {
            /// The code system, as a URI such as `http://snomed.info/sct`: 1 to 200 characters.
            system: Kind::Plain(200) => System;
            /// Code: 1 to 200 characters of printable ASCII, with single spaces between them; no two entries of a code system have the same.
            code: Kind::SpacedCode(200) => Code;
        }
        unique System, Code;
        /// Name: 1 to 500 characters.
        name: Kind::Plain(500);
    }
}

catalogue! {
    /// Medications: drugs, as code systems name them.
    Medications: MedicationFilter, MedicationOrder, MedicationOrderField on medication,
        "Medication" of CreateMedicationInput, UpdateMedicationInput {
        keys {
            /// The code system, as a URI such as `http://www.nlm.nih.gov/research/umls/rxnorm`: 1 to 200 characters.
            system: Kind::Plain(200) => System;
            /// Code: 1 to 200 characters of printable ASCII, with single spaces between them; no two entries of a code system have the same.
            code: Kind::SpacedCode(200) => Code;
        }
        unique System, Code;
        /// Name: 1 to 500 characters.
        name: Kind::Plain(500);
    }
}
