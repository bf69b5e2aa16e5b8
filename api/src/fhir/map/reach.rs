use crate::fhir::r4::{Address, CodeableConcept, ContactPoint, Extension, Patient};
use crate::records::import::{ImportedAddress, ImportedContact, ImportedPerson};

use chrono::NaiveDate;

use super::Problem;
use super::code::{ADDRESS_PURPOSE, BIRTH_SEX, chosen};
use super::coded::extension;
use super::text::{address, in_one_line, is_former, is_former_address, joined, telecom};

/// The sex recorded at birth: <https://hl7.org/fhir/us/core/StructureDefinition-us-core-birthsex.html>
pub(in crate::fhir) const BIRTH_SEX_URL: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex";
/// The own gender: <https://hl7.org/fhir/R4/extension-patient-genderidentity.html>
pub(in crate::fhir) const GENDER_URL: &str = "http://hl7.org/fhir/StructureDefinition/patient-genderIdentity";
/// Where an address is: <https://hl7.org/fhir/R4/extension-geolocation.html>
pub(in crate::fhir) const POSITION_URL: &str = "http://hl7.org/fhir/StructureDefinition/geolocation";

/// What is told of a person beyond a register's own fields.
pub(super) fn person(patient: &Patient, today: NaiveDate, left_out: &mut Vec<Problem>) -> ImportedPerson {
    let at_birth = extension(&patient.extension, BIRTH_SEX_URL).and_then(|extension| extension.value_code.as_deref());
    let sex = at_birth.and_then(|code| chosen(BIRTH_SEX, code));
    if at_birth.is_some() && sex.is_none() {
        left_out.push(Problem::new("Patient.extension", "was left out: is no code of US Core's birthsex"));
    }
    let gender = extension(&patient.extension, GENDER_URL);
    let gender = gender.and_then(|extension| extension.value_codeable_concept.as_ref());
    let contacts = |system| contacts(&patient.telecom, system, today);
    for (index, point) in patient.telecom.iter().enumerate() {
        if !matches!(point.system.as_deref(), Some("phone" | "email")) {
            let reason = "was left out: only phone numbers and email addresses are kept";
            left_out.push(Problem::new(format!("Patient.telecom[{index}]"), reason));
        }
    }
    if patient.gender.is_some() && patient.gender.as_deref() != sex {
        let reason =
            "was left out: is neither the sex recorded at birth nor the own gender, but what administration uses";
        left_out.push(Problem::new("Patient.gender", reason));
    }
    let first = address(&patient.address, today, usize::MAX).map(|(index, _)| index);
    let addresses = patient.address.iter().enumerate();
    ImportedPerson {
        sex: sex.map(str::to_owned),
        gender: gender.and_then(CodeableConcept::first_code).map(str::to_owned),
        emails: contacts("email"),
        phones: contacts("phone"),
        addresses: addresses.map(|(index, address)| whole(address, index, first == Some(index), today)).collect(),
    }
}

fn contacts(points: &[ContactPoint], system: &str, today: NaiveDate) -> Vec<ImportedContact> {
    let first = telecom(points, system, today).map(|(index, _)| index);
    let fits = |(_, point): &(usize, &ContactPoint)| point.system.as_deref() == Some(system);
    let contact = |(index, point): (usize, &ContactPoint)| ImportedContact {
        place: format!("Patient.telecom[{index}]"),
        value: point.value.clone().unwrap_or_default().trim().to_owned(),
        kind: if is_former(point, today) { Some("old".to_owned()) } else { point.usage.clone() },
        is_primary: first == Some(index),
    };
    points.iter().enumerate().filter(fits).map(contact).collect()
}

fn whole(address: &Address, index: usize, is_primary: bool, today: NaiveDate) -> ImportedAddress {
    let usage = if is_former_address(address, today) { Some("old") } else { address.usage.as_deref() };
    let text = |text: &Option<String>| text.as_deref().map(in_one_line).filter(|text| !text.is_empty());
    ImportedAddress {
        place: format!("Patient.address[{index}]"),
        street: joined(address.line.iter().flatten().map(String::as_str), ", "),
        city: text(&address.city),
        postal_code: text(&address.postal_code),
        region: text(&address.state),
        country: text(&address.country),
        position: extension(&address.extension, POSITION_URL).and_then(position),
        purpose: usage.and_then(|usage| chosen(ADDRESS_PURPOSE, usage)),
        is_primary,
    }
}

fn position(place: &Extension) -> Option<(String, String)> {
    let degrees = |name: &str| Some(extension(&place.parts, name)?.value_decimal?.to_string());
    degrees("latitude").zip(degrees("longitude"))
}
