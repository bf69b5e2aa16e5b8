use crate::date::Date;
use crate::graphql::catalogue::{MedicalCondition, Medication};
use crate::records::dependent::{
    AddPatientAllergyInput, AddPatientConditionInput, AddPatientMedicationInput, AllergyCategory, AllergyStatus,
    ConditionStatus, MedicationStatus, PatientAllergyFilter, PatientAllergyOrder, PatientConditionFilter,
    PatientConditionOrder, PatientMedicationFilter, PatientMedicationOrder, RemovePatientAllergyInput,
    RemovePatientConditionInput, RemovePatientMedicationInput, Severity, UpdatePatientAllergyInput,
    UpdatePatientConditionInput, UpdatePatientMedicationInput,
};

use super::declare::dependent;

dependent! {
    /// Something that a patient has or had.
    PatientCondition: PatientConditions on patient_condition {
        fields {
            /// The code system, as a URI; null where words alone say what it is.
            system: Option<&str>;
            /// Code; null where words alone say what it is.
            code: Option<&str>;
            /// In words.
            display: &str;
            /// How it stands.
            status: ConditionStatus;
            /// How severe it is; null when unknown.
            severity: Option<Severity>;
            /// When it began; null when unknown.
            onset_date: Option<Date>;
            /// When it ended; null while it has not, and when unknown.
            end_date: Option<Date>;
        }
        ones {
            /// The catalogue's entry with this code; null where there is none.
            medical_condition: MedicalCondition => MedicalConditionId;
        }
    }
    PatientConditionQuery {
        /// The condition with this key; null when there is none, or it was removed.
        patient_condition;
        /// What patients have or had, the latest first unless another order is asked for.
        patient_conditions: PatientConditionFilter, PatientConditionOrder;
    }
    PatientConditionMutation {
        /// Adds a condition to a patient.
        add_patient_condition: AddPatientConditionInput => AddPatientConditionPayload;
        /// Changes a condition of a patient. What is left out stays as it is.
        update_patient_condition: UpdatePatientConditionInput => UpdatePatientConditionPayload;
        /// Removes a condition of a patient. It stays as a tombstone that no read shows.
        remove_patient_condition: RemovePatientConditionInput => RemovePatientConditionPayload;
    }
}

dependent! {
    /// Something that a patient takes or took.
    PatientMedication: PatientMedications on patient_medication {
        fields {
            /// The code system, as a URI; null where words alone say what it is.
            system: Option<&str>;
            /// Code; null where words alone say what it is.
            code: Option<&str>;
            /// In words.
            display: &str;
            /// How it stands.
            status: MedicationStatus;
            /// How much at a time; null when unknown.
            dose: Option<&str>;
            /// How to take it; null when unknown.
            instructions: Option<&str>;
            /// From when on; null when unknown.
            start_date: Option<Date>;
            /// Until when; null when open or unknown.
            end_date: Option<Date>;
        }
        ones {
            /// The catalogue's entry with this code; null where there is none.
            medication: Medication => MedicationId;
        }
    }
    PatientMedicationQuery {
        /// The medication with this key; null when there is none, or it was removed.
        patient_medication;
        /// What patients take or took, the latest first unless another order is asked for.
        patient_medications: PatientMedicationFilter, PatientMedicationOrder;
    }
    PatientMedicationMutation {
        /// Adds a medication to a patient.
        add_patient_medication: AddPatientMedicationInput => AddPatientMedicationPayload;
        /// Changes a medication of a patient. What is left out stays as it is.
        update_patient_medication: UpdatePatientMedicationInput => UpdatePatientMedicationPayload;
        /// Removes a medication of a patient. It stays as a tombstone that no read shows.
        remove_patient_medication: RemovePatientMedicationInput => RemovePatientMedicationPayload;
    }
}

dependent! {
    /// Something that a patient does not tolerate.
    PatientAllergy: PatientAllergies on patient_allergy {
        fields {
            /// The code system, as a URI; null where words alone say what it is.
            system: Option<&str>;
            /// Code; null where words alone say what it is.
            code: Option<&str>;
            /// In words.
            display: &str;
            /// What kind of thing is not tolerated; null when unknown.
            category: Option<AllergyCategory>;
            /// How it stands.
            status: AllergyStatus;
            /// How severe it is; null when unknown.
            severity: Option<Severity>;
            /// What happens; null when unknown.
            reaction: Option<&str>;
            /// When it began; null when unknown.
            onset_date: Option<Date>;
            /// When it ended; null while it has not, and when unknown.
            end_date: Option<Date>;
        }
        ones {
            /// The catalogue's entry with this code; null where there is none.
            medical_condition: MedicalCondition => MedicalConditionId;
        }
    }
    PatientAllergyQuery {
        /// The allergy with this key; null when there is none, or it was removed.
        patient_allergy;
        /// What patients do not tolerate, the latest first unless another order is asked for.
        patient_allergies: PatientAllergyFilter, PatientAllergyOrder;
    }
    PatientAllergyMutation {
        /// Adds an allergy to a patient.
        add_patient_allergy: AddPatientAllergyInput => AddPatientAllergyPayload;
        /// Changes an allergy of a patient. What is left out stays as it is.
        update_patient_allergy: UpdatePatientAllergyInput => UpdatePatientAllergyPayload;
        /// Removes an allergy of a patient. It stays as a tombstone that no read shows.
        remove_patient_allergy: RemovePatientAllergyInput => RemovePatientAllergyPayload;
    }
}
