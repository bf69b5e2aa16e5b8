use chrono::NaiveDate;
use uuid::Uuid;

use crate::error::Fault;
use crate::fhir::key::{Link, Origin};
use crate::fhir::r4::{Address, ContactPoint, HumanName, Organization, Patient, Practitioner};
use crate::records::import::{
    ImportedDoctor, ImportedInstitution, ImportedRegister, Rule, Shortened, birth_fault, death_fault, fault_of,
};
use crate::records::{MAX_ADDRESS, MAX_NAME};

use super::identifiers::identifiers;
use super::reach::person;
use super::text::{
    address, contact, family, given, is_former, joined, name, one_line, rule, telecom, whole_date, whom_to_call,
};
use super::{Mapped, Problem, References};

/// Characters that are told at most of a text which had to be shortened.
const MAX_WHOLE: usize = 10_000;

/// The record's fields and where they come from, as they are found, and what is left out on the way.
struct Fields {
    root: &'static str,
    today: NaiveDate,
    places: Vec<(&'static str, String)>,
    left_out: Vec<Problem>,
    shortened: Vec<Shortened>,
}

impl Fields {
    fn new(root: &'static str, today: NaiveDate) -> Self {
        let places = vec![("identifiers", format!("{root}.identifier"))];
        Self { root, today, places, left_out: Vec::new(), shortened: Vec::new() }
    }

    fn at(&mut self, field: &'static str, place: &str) {
        self.places.push((field, format!("{}.{place}", self.root)));
    }

    fn leave_out(&mut self, place: &str, reason: &str) {
        self.left_out.push(Problem::new(format!("{}.{place}", self.root), format!("was left out: {reason}")));
    }

    fn name(&mut self, names: &[HumanName]) -> (Option<String>, Option<String>) {
        let found = name(names, self.today);
        let index = found.map_or(0, |(index, _)| index);
        self.at("firstName", &format!("name[{index}].given"));
        self.at("lastName", &format!("name[{index}].family"));
        let Some((_, found)) = found else { return (None, None) };
        let (first, last) = match (given(found), family(found)) {
            // A text is not divided: who knows which part of it is which.
            (None, None) => (None, joined(found.text.as_deref().into_iter(), " ")),
            parts => parts,
        };
        let first = first.map(|name| self.shortened(&format!("name[{index}].given"), name, MAX_NAME));
        (first, last.map(|name| self.shortened(&format!("name[{index}].family"), name, MAX_NAME)))
    }

    /// As much of a text as fits: where it is cut, the whole is told.
    fn shortened(&mut self, place: &str, text: String, most: usize) -> String {
        if text.chars().count() <= most {
            return text;
        }
        let path = format!("{}.{place}", self.root);
        let reason = format!("was shortened: must have at most {most} characters");
        self.left_out.push(Problem::new(path.clone(), reason));
        self.shortened.push(Shortened { path, text: text.chars().take(MAX_WHOLE).collect() });
        let kept: String = text.chars().take(most - 1).collect();
        format!("{}…", kept.trim_end())
    }

    fn telecom(&mut self, field: &'static str, points: &[ContactPoint], system: &str) -> Option<String> {
        let found = telecom(points, system, self.today);
        match found {
            Some((index, _)) => self.at(field, &format!("telecom[{index}].value")),
            None => self.at(field, "telecom"),
        }
        found.map(|(_, value)| value.to_owned())
    }

    /// Lists numbers and addresses that cannot be used; of patients that is done where all of theirs are kept.
    fn unusable(&mut self, points: &[ContactPoint]) {
        for (index, point) in points.iter().enumerate() {
            let Some(system @ ("phone" | "email")) = point.system.as_deref() else { continue };
            let value = point.value.as_deref().unwrap_or_default();
            if let Some(fault) = fault_of(rule(system), value).filter(|_| !is_former(point, self.today)) {
                self.leave_out(&format!("telecom[{index}].value"), &fault.message);
            }
        }
    }

    fn address(&mut self, addresses: &[Address]) -> Option<String> {
        let found = address(addresses, self.today, MAX_ADDRESS);
        match found {
            Some((index, _)) => self.at("address", &format!("address[{index}]")),
            None => self.at("address", "address"),
        }
        let (index, address) = found?;
        one_line(address).map(|text| self.shortened(&format!("address[{index}]"), text, MAX_ADDRESS))
    }

    fn birth(&mut self, told: Option<&str>) -> Option<NaiveDate> {
        let told = told?;
        let Some(date) = whole_date(told) else {
            self.leave_out("birthDate", "is no whole date: year, month and day");
            return None;
        };
        self.allowed("birthDate", date, birth_fault(date, self.today))
    }

    /// An instant, of which the day counts as it is written there; a year alone is no day.
    fn death(&mut self, told: Option<&str>, birth: Option<NaiveDate>) -> Option<NaiveDate> {
        let told = told?;
        let Some(date) = told.get(..10).and_then(whole_date) else {
            self.leave_out("deceasedDateTime", "is no whole date");
            return None;
        };
        if birth.is_some_and(|birth| date < birth) {
            self.leave_out("deceasedDateTime", "is before the birth");
            return None;
        }
        self.allowed("deceasedDateTime", date, death_fault(date, self.today))
    }

    fn allowed(&mut self, place: &str, date: NaiveDate, fault: Option<Fault>) -> Option<NaiveDate> {
        match fault {
            Some(fault) => {
                self.leave_out(place, &fault.message);
                None
            }
            None => Some(date),
        }
    }

    fn mapped<T>(self, record: T) -> Mapped<T> {
        let Self { places, left_out, shortened, .. } = self;
        Mapped { record, places, problem: None, left_out, shortened, references: References::default() }
    }
}

/// Without lists, institution and doctor, which other resources tell, or are referred to.
pub(in crate::fhir) fn register(origin: Origin<'_>, uuid: Uuid, mut patient: Patient) -> Mapped<ImportedRegister> {
    let told_identifiers = std::mem::take(&mut patient.identifier);
    let mut fields = Fields::new("Patient", origin.today);
    let (first_name, last_name) = fields.name(&patient.name);
    fields.at("dateOfBirth", "birthDate");
    fields.at("dateOfDeath", "deceasedDateTime");
    let date_of_birth = fields.birth(patient.birth_date.as_deref());
    let date_of_death = fields.death(patient.deceased_date_time.as_deref(), date_of_birth);
    if patient.deceased_boolean {
        fields.leave_out("deceasedBoolean", "a death is kept with its date");
    }
    let emergency_contact = emergency_contact(&mut fields, &patient);
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
        emergency_contact,
        allergies: None,
        medical_history: None,
        current_medications: None,
        institution_id: None,
        doctor_id: None,
        person: person(&patient, origin.today, &mut fields.left_out),
        identifiers: identifiers("Patient", told_identifiers, &mut fields.left_out),
    };
    let references = References {
        institution: origin.link(patient.managing_organization.as_ref(), &["Organization"]),
        doctors: patient.general_practitioner.iter().map(|doctor| origin.link(Some(doctor), DOCTORS)).collect(),
        replaced_by: links(origin, &patient, "replaced-by"),
        replaces: links(origin, &patient, "replaces"),
    };
    Mapped { references, ..fields.mapped(record) }
}

/// Other resources about the same person, of one kind.
fn links(origin: Origin<'_>, patient: &Patient, kind: &str) -> Vec<(usize, Link)> {
    let links = patient.link.iter().enumerate().filter(|(_, link)| link.kind.as_deref() == Some(kind));
    links.map(|(number, link)| (number, origin.link(link.other.as_ref(), &["Patient"]))).collect()
}

/// Types that may name a doctor: the person, or the person's role.
pub(super) const DOCTORS: &[&str] = &["Practitioner", "PractitionerRole"];

fn emergency_contact(fields: &mut Fields, patient: &Patient) -> Option<String> {
    let found = contact(&patient.contact, fields.today);
    let place = format!("contact[{}]", found.map_or(0, |(index, _)| index));
    fields.at("emergencyContact", &place);
    let told = found.and_then(|(_, contact)| whom_to_call(contact, fields.today))?;
    let told = fields.shortened(&place, told, MAX_NAME);
    match fault_of(Rule::Words(MAX_NAME), &told) {
        Some(fault) => {
            fields.leave_out(&place, &fault.message);
            None
        }
        None => Some(told),
    }
}

pub(in crate::fhir) fn doctor(origin: Origin<'_>, uuid: Uuid, practitioner: Practitioner) -> Mapped<ImportedDoctor> {
    let mut fields = Fields::new("Practitioner", origin.today);
    let (first_name, last_name) = fields.name(&practitioner.name);
    fields.unusable(&practitioner.telecom);
    let record = ImportedDoctor {
        uuid,
        source: origin.source(),
        first_name,
        last_name,
        email: fields.telecom("email", &practitioner.telecom, "email"),
        phone_number: fields.telecom("phoneNumber", &practitioner.telecom, "phone"),
        institution_id: None,
        identifiers: identifiers("Practitioner", practitioner.identifier, &mut fields.left_out),
    };
    fields.mapped(record)
}

pub(in crate::fhir) fn institution(
    origin: Origin<'_>,
    uuid: Uuid,
    organization: Organization,
) -> Mapped<ImportedInstitution> {
    let mut fields = Fields::new("Organization", origin.today);
    fields.at("name", "name");
    fields.unusable(&organization.telecom);
    let mut names = organization.name.iter().chain(organization.alias.iter().flatten());
    let name = names.find_map(|name| joined([name.as_str()].into_iter(), " "));
    let record = ImportedInstitution {
        uuid,
        source: origin.source(),
        name: name.map(|name| fields.shortened("name", name, MAX_NAME)),
        email: fields.telecom("email", &organization.telecom, "email"),
        phone_number: fields.telecom("phoneNumber", &organization.telecom, "phone"),
        address: fields.address(&organization.address),
        identifiers: identifiers("Organization", organization.identifier, &mut fields.left_out),
    };
    fields.mapped(record)
}
