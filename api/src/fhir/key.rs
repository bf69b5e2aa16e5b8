use std::cell::RefCell;

use chrono::NaiveDate;
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::records::import::ImportSource;

use super::r4::{Identifier, Reference};

/// Server and day that a resource is read for, and the references that it makes by identifiers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'o> {
    /// The server that the caller names; empty when none.
    pub(super) base: &'o str,
    /// The entry's `fullUrl`.
    pub(super) full_url: Option<&'o str>,
    /// The day of the import: what ended before is former.
    pub(super) today: NaiveDate,
    /// References of the resource that name others by their identifiers, as they are found.
    pub(super) searches: &'o RefCell<Vec<Search>>,
}

/// A reference that names a resource by an identifier: conditional (`Practitioner?identifier=..`) or logical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Search {
    /// The key that such references have in the import.
    pub(super) key: Uuid,
    /// Type of the resource.
    pub(super) kind: String,
    /// System of the identifier; empty where none is told.
    pub(super) system: String,
    /// Value of the identifier.
    pub(super) value: String,
}

/// A resource's key, and others by which references may mean it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) key: Uuid,
    pub(super) alias: Option<Uuid>,
}

/// What a reference leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Link {
    /// There is no reference.
    #[default]
    Absent,
    /// It leads to something that is not imported by itself, or makes no sense.
    Nowhere,
    /// A key, and whether it says that it is of another type than expected.
    Key { key: Uuid, is_other: bool },
}

impl Link {
    /// The key that it leads to, where that is of a type that was expected.
    pub(super) const fn key(self) -> Option<Uuid> {
        match self {
            Self::Key { key, is_other: false } => Some(key),
            _ => None,
        }
    }
}

impl Origin<'_> {
    /// The server that relative references mean: <https://hl7.org/fhir/R4/bundle.html#references>.
    fn base(&self) -> &str {
        self.full_url.and_then(rest_parts).map_or(self.base, |(base, ..)| base).trim_end_matches('/')
    }

    /// The server that the resource comes from.
    pub(super) fn source(&self) -> ImportSource {
        ImportSource::new(self.base())
    }

    /// The key of the resource itself; none when nothing identifies it.
    pub(super) fn own(&self, kind: &str, id: Option<&str>) -> Option<Own> {
        let by_url = self.full_url.filter(|url| !url.is_empty()).map(|url| self.key_of_url(url));
        let by_id = id.filter(|id| !id.is_empty()).map(|id| key(self.base(), kind, id));
        let key = by_id.or(by_url)?;
        Some(Own { key, alias: by_url.filter(|alias| *alias != key) })
    }

    /// Target of a reference that should lead to a resource of one of these types; without a word of its type, to one of
    /// the first.
    pub(super) fn link(&self, reference: Option<&Reference>, expected: &[&str]) -> Link {
        let Some(reference) = reference else { return Link::Absent };
        let stated = reference.kind.as_deref();
        let is_other = |kind: Option<&str>| kind.is_some_and(|kind| !expected.contains(&kind));
        let Some(text) = reference.target.as_deref().filter(|text| !text.is_empty()) else {
            let kind = stated.or(expected.first().copied()).unwrap_or_default();
            return match reference.identifier.as_deref() {
                None => Link::Absent,
                Some(Identifier { value: None, .. }) => Link::Nowhere,
                Some(Identifier { system, value: Some(value), .. }) => {
                    let key = self.search(kind, system.as_deref().unwrap_or_default(), value);
                    Link::Key { key, is_other: is_other(Some(kind)) }
                }
            };
        };
        if text.starts_with('#') {
            return Link::Nowhere;
        }
        if let Some((kind, condition)) = conditional(text) {
            let Some(condition) = condition else { return Link::Nowhere };
            let (system, value) = condition.split_once('|').unwrap_or(("", &condition));
            return Link::Key { key: self.search(kind, system, value), is_other: is_other(Some(kind)) };
        }
        let kind = rest_parts(text).map(|(_, kind, _)| kind);
        Link::Key { key: self.key_of_url(text), is_other: is_other(kind.or(stated)) }
    }

    fn search(&self, kind: &str, system: &str, value: &str) -> Uuid {
        let key = by_identifier(kind, system, value);
        let [kind, system, value] = [kind, system, value].map(str::to_owned);
        self.searches.borrow_mut().push(Search { key, kind, system, value });
        key
    }

    fn key_of_url(&self, url: &str) -> Uuid {
        if let Some(uuid) = url.strip_prefix("urn:uuid:").and_then(hyphenated) {
            return uuid;
        }
        match rest_parts(url) {
            Some(("", kind, id)) => key(self.base(), kind, id),
            Some((base, kind, id)) => key(base, kind, id),
            None => named(url),
        }
    }
}

/// The key by which a reference means whatever of this type has this identifier.
pub(super) fn by_identifier(kind: &str, system: &str, value: &str) -> Uuid {
    named(&format!("{kind}?identifier={system}|{value}"))
}

/// The type that a conditional reference names, and the identifier, as `system|value`; none where it searches by anything
/// else: <https://hl7.org/fhir/R4/http.html#trules>.
fn conditional(text: &str) -> Option<(&str, Option<String>)> {
    let (path, query) = text.split_once('?')?;
    let kind = path.rsplit('/').next().filter(|kind| is_type(kind))?;
    let token = query.strip_prefix("identifier=").filter(|token| !token.is_empty() && !token.contains('&'));
    Some((kind, token.and_then(|token| Some(percent_decode_str(token).decode_utf8().ok()?.into_owned()))))
}

fn key(base: &str, kind: &str, id: &str) -> Uuid {
    hyphenated(id).unwrap_or_else(|| match base {
        "" => named(&format!("{kind}/{id}")),
        base => named(&format!("{base}/{kind}/{id}")),
    })
}

fn named(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
}

/// Only the notation that FHIR knows as UUID.
fn hyphenated(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

/// `[BASE/]Type/id[/_history/version]` as base, type and id.
fn rest_parts(url: &str) -> Option<(&str, &str, &str)> {
    if url.starts_with("urn:") || url.contains('?') {
        return None;
    }
    let url = url.split("/_history/").next()?.trim_end_matches('/');
    let (rest, id) = url.rsplit_once('/')?;
    let (base, kind) = rest.rsplit_once('/').unwrap_or(("", rest));
    (is_type(kind) && !id.is_empty()).then_some((base, kind, id))
}

fn is_type(kind: &str) -> bool {
    kind.starts_with(|first: char| first.is_ascii_uppercase()) && kind.chars().all(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "004b7f3b-eaaa-4eda-81dc-3a82854a363d";

    fn origin<'o>(base: &'o str, full_url: Option<&'o str>) -> Origin<'o> {
        Origin { base, full_url, today: NaiveDate::MIN, searches: Box::leak(Box::default()) }
    }

    fn link(origin: Origin<'_>, text: &str) -> Link {
        let reference = Reference { target: Some(text.to_owned()), ..Reference::default() };
        origin.link(Some(&reference), &["Patient"])
    }

    #[test]
    fn whatever_way_a_reference_is_written_it_leads_to_the_resource() {
        let url = format!("urn:uuid:{UUID}");
        let in_bundle = origin("", Some(&url));
        let own = in_bundle.own("Patient", Some(UUID)).unwrap();
        assert_eq!(own, Own { key: UUID.parse().unwrap(), alias: None });
        let written = [&url, &format!("Patient/{UUID}"), &format!("https://a.example/fhir/Patient/{UUID}/_history/3")];
        for text in written {
            assert_eq!(link(in_bundle, text), Link::Key { key: own.key, is_other: false }, "{text}");
        }
        assert_eq!(link(in_bundle, "#p"), Link::Nowhere);
    }

    #[test]
    fn an_id_that_is_no_uuid_is_of_its_server_and_its_type() {
        let on_a = origin("", Some("https://a.example/fhir/Patient/7"));
        let key_on_a = on_a.own("Patient", Some("7")).unwrap().key;
        assert_eq!(key_on_a, Uuid::new_v5(&Uuid::NAMESPACE_URL, b"https://a.example/fhir/Patient/7"));
        assert_eq!(link(on_a, "Patient/7"), Link::Key { key: key_on_a, is_other: false });
        assert_eq!(link(on_a, "https://a.example/fhir/Patient/7"), Link::Key { key: key_on_a, is_other: false });
        assert_ne!(link(on_a, "https://b.example/fhir/Patient/7"), Link::Key { key: key_on_a, is_other: false });
        let told = origin("https://a.example/fhir/", None);
        assert_eq!(told.own("Patient", Some("7")).unwrap().key, key_on_a);
        let untold = origin("", None);
        let key = untold.own("Patient", Some("7")).unwrap().key;
        assert_eq!(key, Uuid::new_v5(&Uuid::NAMESPACE_URL, b"Patient/7"));
        assert_eq!(link(untold, "Group/7"), Link::Key { key: named("Group/7"), is_other: true });
    }

    #[test]
    fn a_resource_whose_id_is_no_uuid_is_found_by_its_urn_too() {
        let url = format!("urn:uuid:{UUID}");
        let by_urn = origin("", Some(&url));
        let own = by_urn.own("Patient", Some("p-1")).unwrap();
        assert_eq!(own, Own { key: named("Patient/p-1"), alias: Some(UUID.parse().unwrap()) });
        assert_eq!(by_urn.own("Patient", None).unwrap().key, UUID.parse::<Uuid>().unwrap());
        assert_eq!(origin("", None).own("Patient", None), None);
    }

    #[test]
    fn a_conditional_reference_means_who_has_the_identifier() {
        let origin = origin("", None);
        let key = Link::Key { key: by_identifier("Patient", "https://a.example/mrn", "M 1"), is_other: false };
        let written = [
            "Patient?identifier=https://a.example/mrn|M 1",
            "Patient?identifier=https%3A%2F%2Fa.example%2Fmrn%7CM%201",
            "https://b.example/fhir/Patient?identifier=https://a.example/mrn%7CM%201",
        ];
        for text in written {
            assert_eq!(link(origin, text), key, "{text}");
        }
        assert_eq!(origin.searches.borrow().len(), written.len());
        for text in ["Patient?name=Ana", "Patient?identifier=a|1&name=Ana", "Patient?identifier="] {
            assert_eq!(link(origin, text), Link::Nowhere, "{text}");
        }
        let logical = Reference {
            identifier: Some(Box::new(Identifier {
                system: Some("https://a.example/mrn".to_owned()),
                value: Some("M 1".to_owned()),
                kind: None,
            })),
            ..Reference::default()
        };
        assert_eq!(origin.link(Some(&logical), &["Patient", "Group"]), key);
    }
}
