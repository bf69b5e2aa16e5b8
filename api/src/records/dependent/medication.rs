use entity::patient_medication::ActiveModel;

use crate::criteria::{DateFilter, TextFilter};
use crate::date::Date;
use crate::records::Collection;
use crate::records::catalogue::MedicationFilter;
use crate::records::check::{Check, Kind};

use super::belonging::{Dependent, check_period};
use super::choice::{MedicationStatus, MedicationStatusFilter};
use super::declare::dependent;
use super::rule::Day;

dependent! {
    /// What patients take or took: one record for each prescription.
    PatientMedications: PatientMedicationFilter, PatientMedicationOrder, PatientMedicationOrderField on patient_medication,
        "PatientMedication" of PatientMedicationItemInput, AddPatientMedicationInput, UpdatePatientMedicationInput, RemovePatientMedicationInput
        for ReadClinical {
        coded {
            /// Key of the catalogue's entry with this code.
            medication_id: Medications => MedicationId;
            /// The catalogue's entry with this code.
            medication: MedicationFilter of medication;
        }
        optional {
            /// How much at a time: 1 to 100 characters.
            dose: String, Kind::Plain(100) => Dose, TextFilter;
            /// How to take it: 1 to 500 characters.
            instructions: String, Kind::Plain(500) => Instructions, TextFilter;
            /// From when on: from 1900-01-01 to 2199-12-31, as it may be planned.
            start_date: Date, Day::Planned => StartDate, DateFilter;
            /// Until when: not before it begins.
            end_date: Date, Day::Planned => EndDate, DateFilter;
        }
        given {
            /// How it stands.
            status: MedicationStatus = MedicationStatus::Active => Status, MedicationStatusFilter;
        }
        order StartDate Desc;
    }
}

impl Dependent for PatientMedications {
    fn consistent(whole: &ActiveModel, check: &mut Check) {
        let start = whole.start_date.try_as_ref().copied().flatten();
        check_period(check, ("startDate", start), ("endDate", whole.end_date.try_as_ref().copied().flatten()));
    }
}
