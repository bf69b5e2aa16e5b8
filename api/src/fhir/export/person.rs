use serde_json::{Value, json};
use uuid::Uuid;

use crate::fhir::map::code::{ADDRESS_PURPOSE, BIRTH_SEX, code_of};
use crate::fhir::map::{BIRTH_SEX_URL, GENDER_URL, POSITION_URL};
use crate::records::import::{
    ImportedAddress, ImportedContact, ImportedDoctor, ImportedIdentifier, ImportedInstitution, ImportedRegister,
};

use super::{coded, reference, resource};

/// HL7's table 0203: what kind of number an identifier is.
const IDENTIFIER_TYPE: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";
/// HL7's table 0131: `C` is whom to call in an emergency.
const CONTACT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/v2-0131";
const GENDER_IDENTITY: &str = "http://hl7.org/fhir/gender-identity";

pub(super) fn organization(record: &ImportedInstitution) -> Value {
    let fields = json!({
        "identifier": identifiers(&record.identifiers),
        "active": true,
        "name": record.name,
        "telecom": [point("phone", record.phone_number.as_deref()), point("email", record.email.as_deref())],
        "address": [{ "text": record.address }],
    });
    resource("Organization", record.uuid, fields)
}

pub(super) fn practitioner(record: &ImportedDoctor) -> Value {
    let fields = json!({
        "identifier": identifiers(&record.identifiers),
        "active": true,
        "name": [{ "family": record.last_name, "given": [record.first_name] }],
        "telecom": [point("phone", record.phone_number.as_deref()), point("email", record.email.as_deref())],
    });
    resource("Practitioner", record.uuid, fields)
}

/// Where a doctor practises.
pub(super) fn practitioner_role(record: &ImportedDoctor) -> Option<Value> {
    let institution = record.institution_id?;
    let fields = json!({
        "active": true,
        "practitioner": reference("Practitioner", Some(record.uuid)),
        "organization": reference("Organization", Some(institution)),
    });
    Some(resource("PractitionerRole", Uuid::new_v5(&record.uuid, institution.as_bytes()), fields))
}

pub(super) fn patient(record: &ImportedRegister) -> Value {
    let person = &record.person;
    let at_birth = person.sex.as_deref().and_then(birth_sex);
    let gender = person.gender.as_deref();
    let contact = record
        .emergency_contact
        .as_ref()
        .map(|name| json!({ "relationship": [coded(CONTACT_ROLE, "C")], "name": { "text": name } }));
    let fields = json!({
        "extension": [
            at_birth.map(|code| json!({ "url": BIRTH_SEX_URL, "valueCode": code })),
            gender.map(|code| json!({ "url": GENDER_URL, "valueCodeableConcept": coded(GENDER_IDENTITY, code) })),
        ],
        "identifier": identifiers(&record.identifiers),
        "name": [{ "use": "official", "family": record.last_name, "given": [record.first_name] }],
        "telecom": telecom(record),
        // Administrative gender is neither: it is told only where nothing contradicts it.
        "gender": person.sex.as_deref().filter(|sex| gender.is_none_or(|gender| gender == *sex)),
        "birthDate": record.date_of_birth,
        "deceasedDateTime": record.date_of_death,
        "address": addresses(record),
        "contact": contact.as_slice(),
        "generalPractitioner": [reference("Practitioner", record.doctor_id)],
        "managingOrganization": reference("Organization", record.institution_id),
    });
    resource("Patient", record.uuid, fields)
}

fn birth_sex(sex: &str) -> Option<&'static str> {
    BIRTH_SEX.iter().find(|(known, _)| *known == sex).map(|(_, code)| *code)
}

fn identifiers(identifiers: &[ImportedIdentifier]) -> Vec<Value> {
    let identifier = |identifier: &ImportedIdentifier| {
        json!({
            "type": identifier.type_code.as_deref().map(|code| coded(IDENTIFIER_TYPE, code)),
            "system": identifier.system,
            "value": identifier.value,
        })
    };
    identifiers.iter().map(identifier).collect()
}

fn point(system: &str, value: Option<&str>) -> Value {
    value.map_or(Value::Null, |value| json!({ "system": system, "value": value }))
}

/// The register's own first, as the ones to use: those of its contacts that are the same say more of them.
fn telecom(record: &ImportedRegister) -> Vec<Value> {
    let kinds = [
        ("phone", record.phone_number.as_deref(), &record.person.phones),
        ("email", record.email.as_deref(), &record.person.emails),
    ];
    let mut points = Vec::new();
    for (system, own, contacts) in kinds {
        let is_own = |contact: &ImportedContact| own == Some(contact.value.as_str());
        if !contacts.iter().any(is_own) {
            points.extend(own.map(|value| json!({ "system": system, "value": value, "rank": 1 })));
        }
        let rank = |contact: &ImportedContact| match (is_own(contact), contact.is_primary) {
            (true, _) => Some(1),
            (false, true) => Some(2),
            (false, false) => None,
        };
        points.extend(contacts.iter().map(
            |contact| json!({ "system": system, "value": contact.value, "use": contact.kind, "rank": rank(contact) }),
        ));
    }
    points
}

/// The one to use first, with the register's own words.
fn addresses(record: &ImportedRegister) -> Vec<Value> {
    let mut all: Vec<&ImportedAddress> = record.person.addresses.iter().collect();
    all.sort_by_key(|address| !address.is_primary);
    let mut addresses: Vec<Value> = all.into_iter().map(address).collect();
    match addresses.first_mut() {
        Some(first) => first["text"] = json!(record.address),
        None => addresses.push(json!({ "text": record.address })),
    }
    addresses
}

fn address(address: &ImportedAddress) -> Value {
    let own = |code: &str| code.split_once('-').map_or(code, |(_, own)| own).to_owned();
    let degrees = |name: &str, text: &str| json!({ "url": name, "valueDecimal": text.parse::<f64>().ok() });
    let position = address.position.as_ref().map(|(north, east)| {
        json!({ "url": POSITION_URL, "extension": [degrees("latitude", north), degrees("longitude", east)] })
    });
    json!({
        "extension": position.as_slice(),
        "use": address.purpose.and_then(|purpose| code_of(ADDRESS_PURPOSE, purpose)),
        "line": [address.street],
        "city": address.city,
        "state": address.region.as_deref().map(own),
        "postalCode": address.postal_code,
        "country": address.country,
    })
}
