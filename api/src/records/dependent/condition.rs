use entity::patient_condition::{ActiveModel, ConditionStatus as Status};

use crate::criteria::DateFilter;
use crate::date::Date;
use crate::error::FaultCode;
use crate::records::Collection;
use crate::records::catalogue::MedicalConditionFilter;
use crate::records::check::Check;

use super::belonging::{Dependent, check_period};
use super::choice::{ConditionStatus, ConditionStatusFilter, Severity, SeverityFilter};
use super::declare::dependent;
use super::rule::{AsTold, Day};

dependent! {
    /// What patients have or had: one record for each time.
    PatientConditions: PatientConditionFilter, PatientConditionOrder, PatientConditionOrderField on patient_condition,
        "PatientCondition" of PatientConditionItemInput, AddPatientConditionInput, UpdatePatientConditionInput, RemovePatientConditionInput
        for ReadClinical {
        coded {
            /// Key of the catalogue's entry with this code.
            medical_condition_id: MedicalConditions => MedicalConditionId;
            /// The catalogue's entry with this code.
            medical_condition: MedicalConditionFilter of medical_condition;
        }
        optional {
            /// How severe it is.
            severity: Severity, AsTold => Severity, SeverityFilter;
            /// When it began: from 1900-01-01 to today.
            onset_date: Date, Day::Past => OnsetDate, DateFilter;
            /// When it ended: not before it began, and only of what is no longer active.
            end_date: Date, Day::Past => EndDate, DateFilter;
        }
        given {
            /// How it stands.
            status: ConditionStatus = ConditionStatus::Active => Status, ConditionStatusFilter;
        }
        order OnsetDate Desc;
    }
}

impl Dependent for PatientConditions {
    fn consistent(whole: &ActiveModel, check: &mut Check) {
        let end = whole.end_date.try_as_ref().copied().flatten();
        check_period(check, ("onsetDate", whole.onset_date.try_as_ref().copied().flatten()), ("endDate", end));
        let is_active =
            matches!(whole.status.try_as_ref(), Some(Status::Active | Status::Recurrence | Status::Relapse));
        if end.is_some() && is_active {
            let message = "what has ended is inactive, in remission or resolved (FHIR R4, Condition, rule con-4)";
            check.fault(&["status"], FaultCode::InvalidState, message);
        }
    }
}
