use uuid::Uuid;

use crate::records::import::ImportSource;

use super::r4::{Identifier, Reference};

/// What a resource's references are relative to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'o> {
    /// The server that the caller names; empty when none.
    pub(super) base: &'o str,
    /// The entry's `fullUrl`.
    pub(super) full_url: Option<&'o str>,
}

/// A resource's key, and others by which references may mean it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) key: Uuid,
    pub(super) alias: Option<Uuid>,
}

/// What a reference leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Link {
    /// There is no reference.
    Absent,
    /// It leads to something that is not imported by itself, or makes no sense.
    Nowhere,
    /// A key, and whether it says that it is of another type than expected.
    Key { key: Uuid, is_other: bool },
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

    /// Where a reference leads, of which a resource of type `expected` is expected.
    pub(super) fn link(&self, reference: Option<&Reference>, expected: &str) -> Link {
        let Some(reference) = reference else { return Link::Absent };
        let stated = reference.kind.as_deref();
        let Some(text) = reference.target.as_deref().filter(|text| !text.is_empty()) else {
            let kind = stated.unwrap_or(expected);
            return match reference.identifier.as_deref().and_then(|identifier| by_identifier(kind, identifier)) {
                Some(key) => Link::Key { key, is_other: kind != expected },
                None if reference.identifier.is_some() => Link::Nowhere,
                None => Link::Absent,
            };
        };
        if text.starts_with('#') {
            return Link::Nowhere;
        }
        let kind = rest_parts(text).map(|(_, kind, _)| kind).or_else(|| text.split_once('?').map(|(kind, _)| kind));
        let is_other = kind.or(stated).is_some_and(|kind| kind != expected);
        Link::Key { key: self.key_of_url(text), is_other }
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

/// The key by which a reference means whoever has this identifier.
pub(super) fn by_identifier(kind: &str, identifier: &Identifier) -> Option<Uuid> {
    let value = identifier.value.as_deref()?;
    let system = identifier.system.as_deref().unwrap_or_default();
    Some(named(&format!("{kind}?identifier={system}|{value}")))
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
    let is_type = kind.starts_with(|first: char| first.is_ascii_uppercase()) && kind.chars().all(char::is_alphanumeric);
    (is_type && !id.is_empty()).then_some((base, kind, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "004b7f3b-eaaa-4eda-81dc-3a82854a363d";

    fn link(origin: Origin<'_>, text: &str) -> Link {
        let reference = Reference { target: Some(text.to_owned()), ..Reference::default() };
        origin.link(Some(&reference), "Patient")
    }

    #[test]
    fn whatever_way_a_reference_is_written_it_leads_to_the_resource() {
        let url = format!("urn:uuid:{UUID}");
        let in_bundle = Origin { base: "", full_url: Some(&url) };
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
        let on_a = Origin { base: "", full_url: Some("https://a.example/fhir/Patient/7") };
        let key_on_a = on_a.own("Patient", Some("7")).unwrap().key;
        assert_eq!(key_on_a, Uuid::new_v5(&Uuid::NAMESPACE_URL, b"https://a.example/fhir/Patient/7"));
        assert_eq!(link(on_a, "Patient/7"), Link::Key { key: key_on_a, is_other: false });
        assert_eq!(link(on_a, "https://a.example/fhir/Patient/7"), Link::Key { key: key_on_a, is_other: false });
        assert_ne!(link(on_a, "https://b.example/fhir/Patient/7"), Link::Key { key: key_on_a, is_other: false });
        let told = Origin { base: "https://a.example/fhir/", full_url: None };
        assert_eq!(told.own("Patient", Some("7")).unwrap().key, key_on_a);
        let untold = Origin { base: "", full_url: None };
        let key = untold.own("Patient", Some("7")).unwrap().key;
        assert_eq!(key, Uuid::new_v5(&Uuid::NAMESPACE_URL, b"Patient/7"));
        assert_eq!(link(untold, "Group/7"), Link::Key { key: named("Group/7"), is_other: true });
    }

    #[test]
    fn a_resource_whose_id_is_no_uuid_is_found_by_its_urn_too() {
        let url = format!("urn:uuid:{UUID}");
        let origin = Origin { base: "", full_url: Some(&url) };
        let own = origin.own("Patient", Some("p-1")).unwrap();
        assert_eq!(own, Own { key: named("Patient/p-1"), alias: Some(UUID.parse().unwrap()) });
        assert_eq!(origin.own("Patient", None).unwrap().key, UUID.parse::<Uuid>().unwrap());
        assert_eq!(Origin { base: "", full_url: None }.own("Patient", None), None);
    }
}
