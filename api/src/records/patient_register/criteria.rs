use async_graphql::Enum;
use entity::patient_register::{Column, Status};
use sea_orm::Value;
use sea_orm::sea_query::ArrayType;

use crate::choice_filter;
use crate::criteria;
use crate::criteria::{
    Bind, Bounded, DateFilter, DateTimeFilter, Direction, IntFilter, PhoneNumberFilter, Term, TextFilter,
    TextListFilter, UuidFilter,
};
use crate::error::Result;
use crate::records::Collection;
use crate::records::appointment::AppointmentFilter;
use crate::records::dependent::{
    AddressFilter, EmailFilter, HealthProfileFilter, IdentifierFilter, PatientAllergyFilter, PatientConditionFilter,
    PatientMedicationFilter, PhoneFilter,
};
use crate::records::doctor::DoctorFilter;
use crate::records::medical_institution::MedicalInstitutionFilter;
use crate::scope::Permission;

/// How far a register has come towards being relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Status")]
pub enum PatientRegisterStatus {
    /// A part that a complete register has is not known: see `missing`.
    Incomplete,
    /// Complete, and waiting for validation.
    Pending,
    /// Confirmed by the patient's doctor, and waiting for the institution.
    DoctorValidated,
    /// Confirmed by the institution, and waiting for the patient's doctor.
    InstitutionValidated,
    /// Confirmed by the patient's doctor and by the institution.
    Validated,
    /// Refused in validation, with a reason.
    Rejected,
}

impl Bind for PatientRegisterStatus {
    const ARRAY: ArrayType = ArrayType::String;

    fn bind(&self) -> Result<Value> {
        Ok(Value::from(Status::from(*self)))
    }
}

choice_filter! {
    /// Conditions on a register's status.
    PatientRegisterStatusFilter for PatientRegisterStatus
}

criteria! {
    /// Patient registers.
    PatientRegisters: PatientRegisterFilter, PatientRegisterOrder, PatientRegisterOrderField on patient_register {
        /// The record's own key.
        uuid: UuidFilter => Uuid;
        /// First name.
        first_name: TextFilter => FirstName folded "first_name_folded";
        /// Last name.
        last_name: TextFilter => LastName folded "last_name_folded";
        /// Date of birth.
        date_of_birth: DateFilter => DateOfBirth;
        /// Date of death.
        date_of_death: DateFilter => DateOfDeath;
        /// Email address.
        email: TextFilter => Email;
        /// Phone number.
        phone_number: PhoneNumberFilter => PhoneNumber;
        /// Postal address.
        address: TextFilter => Address;
        /// Whom to call in an emergency.
        emergency_contact: TextFilter => EmergencyContact;
        /// How far the register has come.
        status: PatientRegisterStatusFilter => Status;
        /// Key of the institution that the register belongs to.
        institution_id: UuidFilter => InstitutionId;
        /// Key of the patient's usual doctor.
        doctor_id: UuidFilter => DoctorId;
        /// Key of the register that took this one's place.
        merged_into: UuidFilter => MergedInto;
        /// How often the record has changed, counting from 1.
        version: IntFilter => Version;
        /// When the record was created.
        created_at: DateTimeFilter => CreatedAt;
        /// When the record last changed.
        updated_at: DateTimeFilter => UpdatedAt;
        /// When the record was deleted.
        deleted_at: DateTimeFilter => DeletedAt;
    }
    lists {
        /// Allergies, as told at registration.
        allergies: TextListFilter => Allergies [ReadClinical];
        /// Medical history, as told at registration.
        medical_history: TextListFilter => MedicalHistory [ReadClinical];
        /// Current medications, as told at registration.
        current_medications: TextListFilter => CurrentMedications [ReadClinical];
    }
    relations {
        /// The institution that the register belongs to.
        institution: MedicalInstitutionFilter => InstitutionId of medical_institution;
        /// The patient's usual doctor.
        doctor: DoctorFilter => DoctorId of doctor;
    }
    many {
        /// The profile of the patient's body and habits, of which there is one at most.
        health_profile: HealthProfileFilter => PatientId of health_profile;
        /// What the patient has or had.
        conditions: PatientConditionFilter => PatientId of patient_condition;
        /// What the patient takes or took.
        medications: PatientMedicationFilter => PatientId of patient_medication;
        /// What the patient does not tolerate.
        allergy_intolerances: PatientAllergyFilter => PatientId of patient_allergy;
        /// The patient's email addresses.
        emails: EmailFilter => PatientId of email;
        /// The patient's phone numbers.
        phones: PhoneFilter => PatientId of phone;
        /// The patient's postal addresses.
        addresses: AddressFilter => PatientId of address;
        /// What others know the patient by.
        identifiers: IdentifierFilter => PatientId of identifier;
        /// The patient's appointments.
        appointments: AppointmentFilter => PatientId of appointment;
    }
    orders {
        /// Name of the institution that the register belongs to.
        InstitutionName: MedicalInstitutionFilter => InstitutionId of medical_institution Name;
        /// Last name of the patient's usual doctor.
        DoctorLastName: DoctorFilter => DoctorId of doctor LastName;
    }
}

impl Bounded for PatientRegisters {
    fn institution() -> Option<Column> {
        Some(Column::InstitutionId)
    }

    fn patient() -> Option<Column> {
        Some(Column::Uuid)
    }

    fn other_patients() -> &'static [Column] {
        &[Column::MergedInto]
    }
}

impl Collection for PatientRegisters {
    const NAME: &'static str = "PatientRegister";
    const READ: Permission = Permission::ReadPatients;

    fn key() -> Column {
        Column::Uuid
    }

    fn default_order() -> Term<Column> {
        Term { column: Column::CreatedAt, direction: Direction::Desc }
    }

    fn successor() -> Option<Column> {
        Some(Column::MergedInto)
    }

    fn tombstone() -> Option<Column> {
        Some(Column::DeletedAt)
    }
}
