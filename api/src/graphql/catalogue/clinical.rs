use crate::records::catalogue::{
    CreateMedicalConditionInput, CreateMedicationInput, MedicalConditionFilter, MedicalConditionOrder,
    MedicationFilter, MedicationOrder, UpdateMedicalConditionInput, UpdateMedicationInput,
};

use super::declare::catalogue;

catalogue! {
    /// A disease or a finding, as a code system names it.
    MedicalCondition: MedicalConditions on medical_condition {
        texts {
            /// The code system, as a URI.
            system;
            /// Code; no two entries of a code system have the same.
            code;
        }
    }
    MedicalConditionQuery {
        /// The medical condition with this key; null when there is none.
        medical_condition;
        /// Medical conditions, inactive ones too, by name unless another order is asked for.
        medical_conditions: MedicalConditionFilter, MedicalConditionOrder;
    }
    MedicalConditionMutation {
        /// Creates a medical condition, in the catalogue of all institutions.
        create_medical_condition: CreateMedicalConditionInput => CreateMedicalConditionPayload;
        /// Changes a medical condition, or makes it inactive. What is left out stays as it is.
        update_medical_condition: UpdateMedicalConditionInput => UpdateMedicalConditionPayload;
    }
}

catalogue! {
    /// A drug, as a code system names it.
    Medication: Medications on medication {
        texts {
            /// The code system, as a URI.
            system;
            /// Code; no two entries of a code system have the same.
            code;
        }
    }
    MedicationQuery {
        /// The medication with this key; null when there is none.
        medication;
        /// Medications, inactive ones too, by name unless another order is asked for.
        medications: MedicationFilter, MedicationOrder;
    }
    MedicationMutation {
        /// Creates a medication, in the catalogue of all institutions.
        create_medication: CreateMedicationInput => CreateMedicationPayload;
        /// Changes a medication, or makes it inactive. What is left out stays as it is.
        update_medication: UpdateMedicationInput => UpdateMedicationPayload;
    }
}
