use entity::patient_allergy::{ActiveModel, AllergyStatus as Status};

use crate::criteria::{DateFilter, TextFilter};
use crate::date::Date;
use crate::error::FaultCode;
use crate::records::Collection;
use crate::records::catalogue::MedicalConditionFilter;
use crate::records::check::{Check, Kind};

use super::belonging::{Dependent, check_period};
use super::choice::{
    AllergyCategory, AllergyCategoryFilter, AllergyStatus, AllergyStatusFilter, Severity, SeverityFilter,
};
use super::declare::dependent;
use super::rule::{AsTold, Day};

dependent! {
    /// What patients do not tolerate.
    PatientAllergies: PatientAllergyFilter, PatientAllergyOrder, PatientAllergyOrderField on patient_allergy,
        "PatientAllergy" of PatientAllergyItemInput, AddPatientAllergyInput, UpdatePatientAllergyInput, RemovePatientAllergyInput
        for ReadClinical {
        coded {
            /// Key of the catalogue's entry with this code.
            medical_condition_id: MedicalConditions => MedicalConditionId;
            /// The catalogue's entry with this code.
            medical_condition: MedicalConditionFilter of medical_condition;
        }
        optional {
            /// What kind of thing is not tolerated.
            category: AllergyCategory, AsTold => Category, AllergyCategoryFilter;
            /// How severe it is.
            severity: Severity, AsTold => Severity, SeverityFilter;
            /// What happens: 1 to 500 characters.
            reaction: String, Kind::Plain(500) => Reaction, TextFilter;
            /// When it began: from 1900-01-01 to today.
            onset_date: Date, Day::Past => OnsetDate, DateFilter;
            /// When it ended: not before it began, and only of what is no longer active.
            end_date: Date, Day::Past => EndDate, DateFilter;
        }
        given {
            /// How it stands.
            status: AllergyStatus = AllergyStatus::Active => Status, AllergyStatusFilter;
        }
        order OnsetDate Desc;
    }
}

impl Dependent for PatientAllergies {
    fn consistent(whole: &ActiveModel, check: &mut Check) {
        let end = whole.end_date.try_as_ref().copied().flatten();
        check_period(check, ("onsetDate", whole.onset_date.try_as_ref().copied().flatten()), ("endDate", end));
        if end.is_some() && whole.status.try_as_ref() == Some(&Status::Active) {
            check.fault(&["status"], FaultCode::InvalidState, "what has ended is inactive or resolved");
        }
    }
}
