//! Choosing among the names, numbers and addresses of a person.

use chrono::NaiveDate;

use crate::fhir::r4::{Address, Contact, ContactPoint, HumanName};
use crate::records::import::{Rule, fault_of};

use super::period::is_over;

/// Systems of the codes for contacts' roles: `C` is whom to call in an emergency.
const CONTACT_ROLES: [&str; 3] =
    ["http://terminology.hl7.org/CodeSystem/v2-0131", "http://hl7.org/fhir/v2/0131", "urn:oid:2.16.840.1.113883.18.58"];

/// The name to use: a present one before a former one, the own before a nickname, a whole one before a part of one, the
/// official before the usual one, and the first of those alike.
pub(super) fn name(names: &[HumanName], today: NaiveDate) -> Option<(usize, &HumanName)> {
    let of_use = |name: &HumanName, uses: &[&str]| name.usage.as_deref().is_some_and(|usage| uses.contains(&usage));
    let rank = |name: &HumanName| {
        let is_former = of_use(name, &["old", "maiden"]) || is_over(name.period.as_ref(), today);
        let is_by_the_way = of_use(name, &["nickname", "anonymous", "temp"]);
        let usual = [&["official"], &["usual"]].iter().position(|uses| of_use(name, *uses)).unwrap_or(2);
        (is_former, is_by_the_way, completeness(name), usual)
    };
    let told = names.iter().enumerate().filter(|(_, name)| completeness(name) < NOTHING);
    told.min_by_key(|(_, name)| rank(name))
}

/// Completeness of a name that says nothing.
const NOTHING: u8 = 3;

/// 0 of a whole name, 1 of one that has family or given names only, 2 of one that is a text only.
fn completeness(name: &HumanName) -> u8 {
    match (given(name), family(name), filled(name.text.as_ref())) {
        (Some(_), Some(_), _) => 0,
        (None, None, false) => NOTHING,
        (None, None, true) => 2,
        _ => 1,
    }
}

/// The given names, with a space between them.
pub(super) fn given(name: &HumanName) -> Option<String> {
    joined(name.given.iter().flatten().map(String::as_str), " ")
}

/// The family name.
pub(super) fn family(name: &HumanName) -> Option<String> {
    joined(name.family.as_deref().into_iter(), " ")
}

/// True of a number or address that is out of use.
pub(super) fn is_former(point: &ContactPoint, today: NaiveDate) -> bool {
    point.usage.as_deref() == Some("old") || is_over(point.period.as_ref(), today)
}

/// The phone number, or email address, of the best rank; of those without a rank, the first. Former ones never, and none
/// that cannot be used.
pub(super) fn telecom<'t>(points: &'t [ContactPoint], system: &str, today: NaiveDate) -> Option<(usize, &'t str)> {
    let present = points.iter().enumerate().filter(|(_, point)| !is_former(point, today));
    let usable = present.filter(|(_, point)| {
        let value = point.value.as_deref().map(str::trim).unwrap_or_default();
        point.system.as_deref() == Some(system) && !value.is_empty() && fault_of(rule(system), value).is_none()
    });
    let best = usable.min_by_key(|(_, point)| point.rank.unwrap_or(u32::MAX));
    best.and_then(|(index, point)| Some((index, point.value.as_deref()?.trim())))
}

/// The rule for what is reached in this way.
pub(super) fn rule(system: &str) -> Rule {
    if system == "email" { Rule::Email } else { Rule::Phone }
}

/// True of an address where somebody or something is no longer.
pub(super) fn is_former_address(address: &Address, today: NaiveDate) -> bool {
    address.usage.as_deref() == Some("old") || is_over(address.period.as_ref(), today)
}

/// The home address, or else the first that is not a former one; one that says something, and fits into so many characters,
/// before all others.
pub(super) fn address(addresses: &[Address], today: NaiveDate, most: usize) -> Option<(usize, &Address)> {
    let present = addresses.iter().enumerate().filter(|(_, address)| !is_former_address(address, today));
    present.min_by_key(|(_, address)| {
        let fits = match one_line(address) {
            Some(text) if text.chars().count() <= most => 0,
            Some(_) => 1,
            None => 2,
        };
        (fits, address.usage.as_deref() != Some("home"))
    })
}

/// The address's own words; or else `street, city, state postal code, country`, of which any may be missing.
pub(super) fn one_line(address: &Address) -> Option<String> {
    if let Some(text) = joined(address.text.as_deref().into_iter(), " ") {
        return Some(text);
    }
    let street = joined(address.line.iter().flatten().map(String::as_str), ", ");
    let state = joined([&address.state, &address.postal_code].into_iter().flatten().map(String::as_str), " ");
    let parts = [street, address.city.clone(), state, address.country.clone()];
    joined(parts.iter().flatten().map(String::as_str), ", ")
}

/// Person to call: the one who is said to be for emergencies, or else the first, of those who still are contacts.
pub(super) fn contact(contacts: &[Contact], today: NaiveDate) -> Option<(usize, &Contact)> {
    let present = contacts.iter().enumerate().filter(|(_, contact)| !is_over(contact.period.as_ref(), today));
    present.min_by_key(|(_, contact)| (whom_to_call(contact, today).is_none(), !is_for_emergencies(contact)))
}

fn is_for_emergencies(contact: &Contact) -> bool {
    contact.relationship.iter().any(|relation| relation.code_of(&CONTACT_ROLES) == Some("C"))
}

/// True of a contact with another role than that for emergencies.
pub(super) fn has_other_roles(contact: &Contact) -> bool {
    contact.relationship.iter().any(|relation| relation.code_of(&CONTACT_ROLES) != Some("C"))
}

/// The contact's name, or else the phone number.
pub(super) fn whom_to_call(contact: &Contact, today: NaiveDate) -> Option<String> {
    let name = contact.name.as_ref();
    let whole = |name: &HumanName| joined([given(name), family(name)].iter().flatten().map(String::as_str), " ");
    let text = |name: &HumanName| joined(name.text.as_deref().into_iter(), " ");
    name.and_then(|name| text(name).or_else(|| whole(name)))
        .or_else(|| telecom(&contact.telecom, "phone", today).map(|(_, number)| number.to_owned()))
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
