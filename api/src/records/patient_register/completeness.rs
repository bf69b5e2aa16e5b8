//! Completeness of a register. Only one with status `INCOMPLETE` may lack a [`PatientRegisterPart`], and one that lacks
//! none is not incomplete. The tables' CHECK `patientregister_complete_check` states the same rule.

use async_graphql::Enum;
use entity::patient_register::{ActiveModel, Column, Entity, Model, Status};
use sea_orm::{ActiveModelTrait, ModelTrait, Value};

use crate::criteria::client_name;
use crate::error::{Error, FaultCode, Result};
use crate::records::Row;
use crate::records::check::Check;

/// Part that a complete register has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PatientRegisterPart {
    /// First name or last name: a person with a single name is complete with it.
    Name,
    /// Date of birth.
    DateOfBirth,
    /// Email address.
    Email,
    /// Phone number.
    PhoneNumber,
    /// Postal address.
    Address,
    /// Person to call in an emergency.
    EmergencyContact,
}

impl PatientRegisterPart {
    /// Every part, in the order in which they are reported.
    const ALL: [Self; 6] =
        [Self::Name, Self::DateOfBirth, Self::Email, Self::PhoneNumber, Self::Address, Self::EmergencyContact];

    /// Columns of which one at least must be known.
    const fn columns(self) -> &'static [Column] {
        match self {
            Self::Name => &[Column::FirstName, Column::LastName],
            Self::DateOfBirth => &[Column::DateOfBirth],
            Self::Email => &[Column::Email],
            Self::PhoneNumber => &[Column::PhoneNumber],
            Self::Address => &[Column::Address],
            Self::EmergencyContact => &[Column::EmergencyContact],
        }
    }
}

/// Columns from which [`missing`] is worked out.
pub const COMPLETING: &[Column] = &[
    Column::FirstName,
    Column::LastName,
    Column::DateOfBirth,
    Column::Email,
    Column::PhoneNumber,
    Column::Address,
    Column::EmergencyContact,
];

/// Parts that a register lacks, of which all [`COMPLETING`] columns were read.
///
/// # Errors
/// `Internal` when one of them was not.
pub fn missing(row: &Row<Entity>) -> Result<Vec<PatientRegisterPart>> {
    if COMPLETING.iter().any(|column| row.value(*column).is_none()) {
        return Err(Error::internal("a column was used that was not selected"));
    }
    Ok(lacking(|column| row.value(column)))
}

/// Parts that a register will lack after `changes`; of a new one, `present` is none.
pub(in crate::records) fn missing_after(present: Option<&Model>, changes: &ActiveModel) -> Vec<PatientRegisterPart> {
    lacking(|column| changes.get(column).into_value().or_else(|| present.map(|present| present.get(column))))
}

/// Status of a new register.
pub(in crate::records) fn initial_status(row: &ActiveModel) -> Status {
    if missing_after(None, row).is_empty() { Status::Pending } else { Status::Incomplete }
}

/// Reports each missing part, where nothing else is wrong with it already.
pub(in crate::records) fn refuse(missing: &[PatientRegisterPart], check: &mut Check) {
    for part in missing {
        let fields = || part.columns().iter().map(|column| client_name(sea_orm::IdenStatic::as_str(column)));
        if !fields().any(|field| check.blames(&field)) {
            fields().take(1).for_each(|field| {
                check.fault(&[&field], FaultCode::Required, "only an incomplete register may lack this");
            });
        }
    }
}

fn lacking(value: impl Fn(Column) -> Option<Value>) -> Vec<PatientRegisterPart> {
    let is_known = |column: &Column| value(*column).is_some_and(|value| value != value.as_null());
    PatientRegisterPart::ALL.into_iter().filter(|part| !part.columns().iter().any(is_known)).collect()
}
