use uuid::Uuid;

use crate::fhir::key::{Link, Origin};
use crate::fhir::r4::{Address, ContactPoint, HumanName, Organization, Patient, Practitioner};
use crate::records::import::{ImportedDoctor, ImportedInstitution, ImportedRegister};

use super::reach::person;
use super::text::{
    address, contact, given, identifiers, in_one_line, name, one_line, telecom, whole_date, whom_to_call,
};
use super::{Mapped, Problem};

/// The record's fields and where they come from, as they are found.
struct Fields {
    root: &'static str,
    places: Vec<(&'static str, String)>,
}

impl Fields {
    fn new(root: &'static str) -> Self {
        Self { root, places: vec![("identifiers", format!("{root}.identifier"))] }
    }

    fn at(&mut self, field: &'static str, place: &str) {
        self.places.push((field, format!("{}.{place}", self.root)));
    }

    fn name(&mut self, names: &[HumanName]) -> (Option<String>, Option<String>) {
        let found = name(names);
        let index = found.map_or(0, |(index, _)| index);
        self.at("firstName", &format!("name[{index}].given"));
        self.at("lastName", &format!("name[{index}].family"));
        found.map_or((None, None), |(_, name)| (given(name), name.family.as_deref().map(in_one_line)))
    }

    fn telecom(&mut self, field: &'static str, points: &[ContactPoint], system: &str) -> Option<String> {
        let found = telecom(points, system);
        match found {
            Some((index, _)) => self.at(field, &format!("telecom[{index}].value")),
            None => self.at(field, "telecom"),
        }
        found.map(|(_, value)| value.to_owned())
    }

    fn address(&mut self, addresses: &[Address]) -> Option<String> {
        let found = address(addresses);
        match found {
            Some((index, _)) => self.at("address", &format!("address[{index}]")),
            None => self.at("address", "address"),
        }
        found.and_then(|(_, address)| one_line(address))
    }
}

/// Without lists, which other resources tell. Institution and doctor are those that the patient names, whether or not they
/// are known.
pub(in crate::fhir) fn register(origin: Origin<'_>, uuid: Uuid, patient: Patient) -> Mapped<ImportedRegister> {
    let mut fields = Fields::new("Patient");
    let (first_name, last_name) = fields.name(&patient.name);
    fields.at("dateOfBirth", "birthDate");
    fields.at("dateOfDeath", "deceasedDateTime");
    let found = contact(&patient.contact);
    fields.at("emergencyContact", &format!("contact[{}]", found.map_or(0, |(index, _)| index)));
    let date_of_birth = patient.birth_date.as_deref().and_then(whole_date);
    let mut left_out = Vec::new();
    let is_partial = date_of_birth.is_none() && patient.birth_date.is_some();
    // An instant, of which the day counts as it is written there; a year alone is no day.
    let death = patient.deceased_date_time.as_deref();
    let date_of_death = death.and_then(|text| whole_date(text.get(..10)?));
    if death.is_some() && date_of_death.is_none() {
        left_out.push(Problem::new("Patient.deceasedDateTime", "was left out: is no whole date"));
    }
    if patient.deceased_boolean {
        left_out.push(Problem::new("Patient.deceasedBoolean", "was left out: a death is kept with its date"));
    }
    let record = ImportedRegister {
        uuid,
        source: origin.source(),
        first_name,
        last_name,
        date_of_birth,
        date_of_death,
        email: fields.telecom("email", &patient.telecom, "email"),
        phone_number: fields.telecom("phoneNumber", &patient.telecom, "phone"),
        address: fields.address(&patient.address),
        emergency_contact: found.and_then(|(_, contact)| whom_to_call(contact)),
        allergies: None,
        medical_history: None,
        current_medications: None,
        institution_id: key_of(origin.link(patient.managing_organization.as_ref(), "Organization")),
        doctor_id: patient
            .general_practitioner
            .iter()
            .find_map(|reference| key_of(origin.link(Some(reference), "Practitioner"))),
        person: person(&patient, &mut left_out),
        identifiers: identifiers(patient.identifier),
    };
    let problem = is_partial.then(|| Problem::new("Patient.birthDate", "must be a whole date: year, month and day"));
    Mapped { record, places: fields.places, problem, left_out }
}

const fn key_of(link: Link) -> Option<Uuid> {
    match link {
        Link::Key { key, is_other: false } => Some(key),
        _ => None,
    }
}

pub(in crate::fhir) fn doctor(origin: Origin<'_>, uuid: Uuid, practitioner: Practitioner) -> Mapped<ImportedDoctor> {
    let mut fields = Fields::new("Practitioner");
    let (first_name, last_name) = fields.name(&practitioner.name);
    let record = ImportedDoctor {
        uuid,
        source: origin.source(),
        first_name,
        last_name,
        email: fields.telecom("email", &practitioner.telecom, "email"),
        phone_number: fields.telecom("phoneNumber", &practitioner.telecom, "phone"),
        institution_id: None,
        identifiers: identifiers(practitioner.identifier),
    };
    Mapped { record, places: fields.places, problem: None, left_out: Vec::new() }
}

pub(in crate::fhir) fn institution(
    origin: Origin<'_>,
    uuid: Uuid,
    organization: Organization,
) -> Mapped<ImportedInstitution> {
    let mut fields = Fields::new("Organization");
    fields.at("name", "name");
    let record = ImportedInstitution {
        uuid,
        source: origin.source(),
        name: organization.name.filter(|name| !name.trim().is_empty()),
        email: fields.telecom("email", &organization.telecom, "email"),
        phone_number: fields.telecom("phoneNumber", &organization.telecom, "phone"),
        address: fields.address(&organization.address),
        identifiers: identifiers(organization.identifier),
    };
    Mapped { record, places: fields.places, problem: None, left_out: Vec::new() }
}
