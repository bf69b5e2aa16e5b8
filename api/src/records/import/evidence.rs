//! Evidence that a record that is here is the one that is told. Ids of servers that have no name prove nothing.

use entity::{doctor, identifier, medical_institution, patient_register};
use sea_orm::{ActiveModelTrait, ModelTrait, Value};

use crate::records::aggregate::{ActiveModel, Model};

use super::plan::Here;
use super::put::{Column, Import, Item};

/// True where an identifier is shared that its system gives.
pub(super) fn shares_identifier<A: Import>(item: &Item<A>, here: &Here<A>) -> bool {
    let of_owner = |model: &&identifier::Model| {
        [model.patient_id, model.doctor_id, model.medical_institution_id].contains(&Some(item.uuid))
    };
    let is_told = |model: &identifier::Model| {
        let mut told = item.identifiers.iter();
        model.system.is_some() && told.any(|told| told.system == model.system && told.value == model.value)
    };
    here.identifiers.values().filter(of_owner).any(is_told)
}

/// The same name and, where both are known, the same day of birth; or nothing of either is told.
pub(super) fn is_same_person(present: &patient_register::Model, told: &patient_register::ActiveModel) -> bool {
    use crate::records::patient_register::PatientRegisters as R;
    use patient_register::Column::{DateOfBirth, FirstName, LastName};
    if [DateOfBirth, FirstName, LastName].iter().all(|column| told.get(*column).is_not_set()) {
        return true;
    }
    let [first, last] = [FirstName, LastName].map(|column| is_same::<R>(present, told, column));
    match (known::<R>(present, told, DateOfBirth), is_same::<R>(present, told, DateOfBirth)) {
        (true, is_same_day) => is_same_day && (first || last),
        (false, _) => first && last,
    }
}

/// The same last name, or else the same first name of a doctor with a single one.
pub(super) fn is_same_doctor(present: &doctor::Model, told: &doctor::ActiveModel) -> bool {
    use crate::records::doctor::Doctors as D;
    let name = if present.last_name.is_some() { doctor::Column::LastName } else { doctor::Column::FirstName };
    is_same::<D>(present, told, name)
}

/// The same name.
pub(super) fn is_same_institution(
    present: &medical_institution::Model,
    told: &medical_institution::ActiveModel,
) -> bool {
    use crate::records::medical_institution::MedicalInstitutions;
    is_same::<MedicalInstitutions>(present, told, medical_institution::Column::Name)
}

fn known<A: Import>(present: &Model<A>, told: &ActiveModel<A>, column: Column<A>) -> bool {
    let there = present.get(column);
    there != there.as_null() && told.get(column).into_value().is_some_and(|told| told != told.as_null())
}

/// True where both are known and the same, but for small and capital letters.
fn is_same<A: Import>(present: &Model<A>, told: &ActiveModel<A>, column: Column<A>) -> bool {
    let folded = |value: Value| match value {
        Value::String(Some(text)) => Value::String(Some(text.to_lowercase())),
        other => other,
    };
    known::<A>(present, told, column) && told.get(column).into_value().map(folded) == Some(folded(present.get(column)))
}
