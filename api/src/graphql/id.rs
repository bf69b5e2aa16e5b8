use async_graphql::ID;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

/// The kinds of records that have a global id. The numbers are part of every id given out, so they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum Kind {
    PatientRegister = 1,
    MedicalInstitution = 2,
    Doctor = 3,
    DoctorSpecialty = 4,
    User = 5,
    Role = 6,
    BreakGlassGrant = 7,
    AuditEvent = 9,
    Country = 10,
    Region = 11,
    InstitutionType = 12,
    SpecialtyCategory = 13,
    Sex = 14,
    Gender = 15,
    BloodType = 16,
    EmailType = 17,
    PhoneType = 18,
    MedicalCondition = 19,
    Medication = 20,
    HealthProfile = 40,
    Email = 41,
    Phone = 42,
    Address = 43,
    Identifier = 44,
    PatientCondition = 45,
    PatientMedication = 46,
    PatientAllergy = 47,
    PatientValidation = 30,
    PatientMerge = 31,
    Appointment = 32,
    SystemSetting = 33,
}

const KINDS: [Kind; 31] = [
    Kind::PatientRegister,
    Kind::MedicalInstitution,
    Kind::Doctor,
    Kind::DoctorSpecialty,
    Kind::User,
    Kind::Role,
    Kind::BreakGlassGrant,
    Kind::Country,
    Kind::Region,
    Kind::InstitutionType,
    Kind::SpecialtyCategory,
    Kind::Sex,
    Kind::Gender,
    Kind::BloodType,
    Kind::EmailType,
    Kind::PhoneType,
    Kind::MedicalCondition,
    Kind::Medication,
    Kind::HealthProfile,
    Kind::Email,
    Kind::Phone,
    Kind::Address,
    Kind::Identifier,
    Kind::PatientCondition,
    Kind::PatientMedication,
    Kind::PatientAllergy,
    Kind::AuditEvent,
    Kind::PatientValidation,
    Kind::PatientMerge,
    Kind::Appointment,
    Kind::SystemSetting,
];

/// The opaque, global id of a record.
pub(super) fn global_id(kind: Kind, uuid: Uuid) -> ID {
    let mut bytes = [0; 17];
    bytes[0] = kind as u8;
    bytes[1..].copy_from_slice(uuid.as_bytes());
    ID(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// What an id stands for; none for a text that is no id.
pub(super) fn parse(id: &ID) -> Option<(Kind, Uuid)> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(id.as_str()).ok()?;
    let (kind, uuid) = bytes.split_first()?;
    let kind = KINDS.into_iter().find(|known| *known as u8 == *kind)?;
    Some((kind, Uuid::from_slice(uuid).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_its_record() {
        let uuid = Uuid::from_u128(7);
        for kind in KINDS {
            assert_eq!(parse(&global_id(kind, uuid)), Some((kind, uuid)));
        }
        for wrong in ["", "AQ", "not an id", "_____________________w", "AQAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(parse(&ID(wrong.to_owned())), None, "{wrong}");
        }
    }
}
