//! Choosing among the names, numbers and addresses of a person.

use chrono::NaiveDate;

use crate::fhir::r4::{Address, Contact, ContactPoint, HumanName, Identifier};
use crate::records::import::ImportedIdentifier;

/// The official name, or else the usual one, or else the first that is not a former one.
pub(super) fn name(names: &[HumanName]) -> Option<(usize, &HumanName)> {
    let used = |usage: Option<&str>| names.iter().enumerate().find(|(_, name)| name.usage.as_deref() == usage);
    let present = |(_, name): &(usize, &HumanName)| !matches!(name.usage.as_deref(), Some("old" | "maiden"));
    used(Some("official"))
        .or_else(|| used(Some("usual")))
        .or_else(|| names.iter().enumerate().find(present))
        .or_else(|| names.iter().enumerate().next())
}

/// The given names, with a space between them.
pub(super) fn given(name: &HumanName) -> Option<String> {
    joined(name.given.iter().flatten().map(String::as_str), " ")
}

/// The phone number, or email address, of the best rank; of those without a rank, the first. Former ones never.
pub(super) fn telecom<'t>(points: &'t [ContactPoint], system: &str) -> Option<(usize, &'t str)> {
    let fits = |point: &&ContactPoint| {
        point.system.as_deref() == Some(system) && point.usage.as_deref() != Some("old") && filled(point.value.as_ref())
    };
    let points = points.iter().enumerate().filter(|(_, point)| fits(point));
    let best = points.min_by_key(|(_, point)| point.rank.unwrap_or(u32::MAX));
    best.and_then(|(index, point)| Some((index, point.value.as_deref()?.trim())))
}

/// The home address, or else the first that is not a former one.
pub(super) fn address(addresses: &[Address]) -> Option<(usize, &Address)> {
    let mut present = addresses.iter().enumerate().filter(|(_, address)| address.usage.as_deref() != Some("old"));
    present.clone().find(|(_, address)| address.usage.as_deref() == Some("home")).or_else(|| present.next())
}

/// The address's own words, where they fit a line; or else `street, city, state postal code, country`, of which any may be
/// missing.
pub(super) fn one_line(address: &Address) -> Option<String> {
    let fits = |text: &&String| !text.trim().is_empty() && !text.chars().any(char::is_control);
    if let Some(text) = address.text.as_ref().filter(fits) {
        return Some(text.clone());
    }
    let street = joined(address.line.iter().flatten().map(String::as_str), ", ");
    let state = joined([&address.state, &address.postal_code].into_iter().flatten().map(String::as_str), " ");
    let parts = [street, address.city.clone(), state, address.country.clone()];
    joined(parts.iter().flatten().map(String::as_str), ", ")
}

/// Whom to call: the one who is said to be for emergencies, or else the first.
pub(super) fn contact(contacts: &[Contact]) -> Option<(usize, &Contact)> {
    let is_for_emergencies = |contact: &Contact| contact.relationship.iter().any(|relation| relation.is_any(&["C"]));
    let mut all = contacts.iter().enumerate();
    all.clone().find(|(_, contact)| is_for_emergencies(contact)).or_else(|| all.next())
}

/// The contact's name, or else the phone number.
pub(super) fn whom_to_call(contact: &Contact) -> Option<String> {
    let name = contact.name.as_ref();
    let whole = |name: &HumanName| joined([given(name).as_deref(), name.family.as_deref()].into_iter().flatten(), " ");
    name.and_then(|name| name.text.as_deref().map(in_one_line).filter(|text| !text.is_empty()).or_else(|| whole(name)))
        .or_else(|| telecom(&contact.telecom, "phone").map(|(_, number)| number.to_owned()))
}

/// One identifier for each of the resource's, so that their numbers agree.
pub(super) fn identifiers(identifiers: Vec<Identifier>) -> Vec<ImportedIdentifier> {
    let kind = |identifier: &Identifier| {
        identifier.kind.as_ref().and_then(|kind| kind.coding.iter().find_map(|coding| coding.code.clone()))
    };
    let map = |identifier: Identifier| ImportedIdentifier {
        type_code: kind(&identifier),
        system: identifier.system,
        value: identifier.value.unwrap_or_default(),
    };
    identifiers.into_iter().map(map).collect()
}

/// A text in one line: line breaks, and other characters that are not to be seen, become spaces.
pub(super) fn in_one_line(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.trim().to_owned();
    }
    let parts: Vec<&str> = text.split(|letter: char| letter.is_control() || letter == ' ').collect();
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

pub(super) fn joined<'t>(parts: impl Iterator<Item = &'t str>, with: &str) -> Option<String> {
    let parts: Vec<String> = parts.map(in_one_line).filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(with))
}

fn filled(text: Option<&String>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}

/// FHIR allows a year, or a year and a month, where this is unknown; a register does not.
pub(super) fn whole_date(text: &str) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (date.to_string() == text).then_some(date)
}
