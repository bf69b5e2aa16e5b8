//! What of a resource a mapping reads and does not keep, or keeps one of. What no mapping reads tells itself.

use crate::fhir::r4::{
    CodeableConcept, Contact, ContactPoint, Entry, Identifier, Organization, Patient, Practitioner, Reaction,
};
use crate::fhir::untaken::Untaken;

use super::coded::ALLERGY_END;
use super::entry::{List, best_coding, concept};
use super::identifiers::KINDS as IDENTIFIER_KINDS;
use super::reach::{BIRTH_SEX_URL, GENDER_URL, POSITION_URL};
use super::text::has_other_roles;

/// R4 wants every reaction to say what happens: <https://hl7.org/fhir/R4/valueset-data-absent-reason.html>
pub(in crate::fhir) const ABSENT: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";

/// A former name, a second doctor or contact, and what nobody asks for: that somebody is on the books no more.
pub(in crate::fhir) fn of_patient(patient: &Patient, untaken: &mut Untaken) {
    untaken.add_if(patient.active == Some(false), "active");
    untaken.add_if(patient.name.len() > 1, "name");
    untaken.add_if(patient.general_practitioner.len() > 1, "generalPractitioner");
    untaken.add_if(patient.contact.len() > 1, "contact");
    for contact in &patient.contact {
        of_contact(contact, untaken);
    }
    untaken.add_if(patient.identifier.iter().any(is_only_words), "identifier.type");
    untaken.extensions("extension", &patient.extension, &[BIRTH_SEX_URL, GENDER_URL]);
    for address in &patient.address {
        untaken.extensions("address.extension", &address.extension, &[POSITION_URL]);
    }
}

fn of_contact(contact: &Contact, untaken: &mut Untaken) {
    untaken.add_if(contact.name.is_some() && !contact.telecom.is_empty(), "contact.telecom");
    untaken.add_if(has_other_roles(contact), "contact.relationship");
}

/// Words alone, or a code of another table.
fn is_only_words(identifier: &Identifier) -> bool {
    let kind = identifier.kind.as_ref().filter(|kind| kind.code_of(&IDENTIFIER_KINDS).is_none());
    kind.is_some_and(|kind| kind.text.is_some() || kind.first_code().is_some())
}

pub(in crate::fhir) fn of_practitioner(practitioner: &Practitioner, untaken: &mut Untaken) {
    untaken.add_if(practitioner.active == Some(false), "active");
    untaken.add_if(practitioner.name.len() > 1, "name");
    untaken.add_if(has_more(&practitioner.telecom), "telecom");
    untaken.add_if(practitioner.identifier.iter().any(is_only_words), "identifier.type");
}

pub(in crate::fhir) fn of_organization(organization: &Organization, untaken: &mut Untaken) {
    untaken.add_if(organization.active == Some(false), "active");
    untaken.add_if(has_more(&organization.telecom), "telecom");
    untaken.add_if(organization.address.len() > 1, "address");
    untaken.add_if(organization.identifier.iter().any(is_only_words), "identifier.type");
    for address in &organization.address {
        untaken.extensions("address.extension", &address.extension, &[]);
    }
}

/// More than one phone number and one email address.
fn has_more(points: &[ContactPoint]) -> bool {
    let kept = ["phone", "email"]
        .into_iter()
        .filter(|system| points.iter().any(|point| point.system.as_deref() == Some(system)));
    points.len() > kept.count()
}

pub(in crate::fhir) fn of_entry(list: List, entry: &Entry, untaken: &mut Untaken) {
    let (place, concept) = concept(list, entry);
    if let Some(concept) = concept {
        let (_, place) = place.split_once('.').unwrap_or_default();
        untaken.add_if(has_more_codings(concept), &format!("{place}.coding"));
    }
    let end = entry.onset_period.as_ref().and_then(|period| period.end.as_ref());
    untaken.add_if(end.is_some(), "onsetPeriod.end");
    let start = entry.abatement_period.as_ref().and_then(|period| period.start.as_ref());
    untaken.add_if(start.is_some(), "abatementPeriod.start");
    match list {
        List::Allergies => {
            of_reactions(&entry.reaction, untaken);
            untaken.extensions("extension", &entry.extension, &[ALLERGY_END]);
            untaken.add_if(!entry.contained.is_empty(), "contained");
        }
        List::History => {
            untaken.add_if(!entry.category.is_empty(), "category");
            untaken.extensions("extension", &entry.extension, &[]);
            untaken.add_if(!entry.contained.is_empty(), "contained");
        }
        List::Medications => of_request(entry, untaken),
    }
}

/// Others than the one that is kept, and the one that is so only in its words.
fn has_more_codings(concept: &CodeableConcept) -> bool {
    let best = best_coding(concept);
    concept.coding.iter().any(|coding| {
        let is_best = best.is_some_and(|best| std::ptr::eq(best, coding));
        !is_best && (coding.code.is_some() || coding.display.as_deref().map(str::trim) != concept.words())
    })
}

fn of_reactions(reactions: &[Reaction], untaken: &mut Untaken) {
    let codings = reactions.iter().flat_map(|reaction| &reaction.manifestation).flat_map(|concept| &concept.coding);
    let mut coded = codings.filter(|coding| coding.code.is_some() && coding.system.as_deref() != Some(ABSENT));
    untaken.add_if(coded.next().is_some(), "reaction.manifestation.coding");
    let graded = reactions.iter().filter(|reaction| reaction.severity.is_some()).count();
    untaken.add_if(graded > 1, "reaction.severity");
}

fn of_request(entry: &Entry, untaken: &mut Untaken) {
    untaken.add_if(!entry.category.is_empty(), "category");
    untaken.add_if(entry.intent.as_deref().is_some_and(|intent| intent != "order"), "intent");
    untaken.extensions("extension", &entry.extension, &[]);
    untaken.add_if(entry.contained.len() > usize::from(entry.medication_reference.is_some()), "contained");
    let rates = entry.dosage_instruction.iter().any(|dosage| dosage.dose_and_rate.len() > 1);
    untaken.add_if(rates, "dosageInstruction.doseAndRate");
    let first = entry.dosage_instruction.first().and_then(super::coded::bounds);
    let begins = first.is_some_and(|bounds| bounds.start.is_some());
    untaken.add_if(begins && entry.authored_on.is_some(), "authoredOn");
}
