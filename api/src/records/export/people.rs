use std::collections::HashMap;

use entity::{address, email, health_profile, phone};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::error::Result;
use crate::records::dependent::{Addresses, Emails, HealthProfiles, Phones};
use crate::records::import::{ImportedAddress, ImportedContact, ImportedPerson, Vocabulary};
use crate::scope::Scope;

use super::page::of_patients;

/// Who these patients are and how to reach them, beyond what registers hold themselves.
pub(super) async fn people(
    scope: &Scope,
    db: &impl ConnectionTrait,
    known: &Vocabulary,
    keys: &[Uuid],
) -> Result<HashMap<Uuid, ImportedPerson>> {
    let mut people: HashMap<Uuid, ImportedPerson> = HashMap::new();
    for row in of_patients::<HealthProfiles>(scope, db, keys, None).await? {
        let health_profile::Model { patient_id, sex_id, gender_id, .. } = row;
        let person = people.entry(patient_id).or_default();
        person.sex = known.sexes.code(sex_id).map(str::to_owned);
        person.gender = known.genders.code(gender_id).map(str::to_owned);
    }
    for row in of_patients::<Emails>(scope, db, keys, None).await? {
        let email::Model { patient_id, address, email_type_id, is_primary, .. } = row;
        let kind = known.email_types.code(email_type_id).map(str::to_owned);
        let contact = ImportedContact { place: String::new(), value: address, kind, is_primary };
        people.entry(patient_id).or_default().emails.push(contact);
    }
    for row in of_patients::<Phones>(scope, db, keys, None).await? {
        let phone::Model { patient_id, number, phone_type_id, is_primary, .. } = row;
        let kind = known.phone_types.code(phone_type_id).map(str::to_owned);
        let contact = ImportedContact { place: String::new(), value: number, kind, is_primary };
        people.entry(patient_id).or_default().phones.push(contact);
    }
    for row in of_patients::<Addresses>(scope, db, keys, None).await? {
        let patient = row.patient_id;
        people.entry(patient).or_default().addresses.push(address_of(row, known));
    }
    Ok(people)
}

fn address_of(row: address::Model, known: &Vocabulary) -> ImportedAddress {
    ImportedAddress {
        place: String::new(),
        street: Some(row.street),
        city: row.city,
        postal_code: row.postal_code,
        region: known.regions.code(row.region_id).map(str::to_owned),
        country: known.countries.code(row.country_id).map(str::to_owned),
        position: row.latitude.zip(row.longitude).map(|(north, east)| (north.to_string(), east.to_string())),
        purpose: row.purpose.map(Into::into),
        is_primary: row.is_primary,
    }
}
