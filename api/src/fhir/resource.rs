use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::records::import::{ImportSource, ImportedDoctor, ImportedInstitution, ImportedRegister};

use super::key::{Origin, Own, by_identifier};
use super::map::{
    List, Mapped, Note, Post, Visit, doctor, institution, note, of_entry, of_organization, of_patient, of_practitioner,
    post, register, visit,
};
use super::r4::{Encounter, Entry, Identifier, Organization, Patient, Practitioner, PractitionerRole};
use super::untaken::Untaken;
use super::version::{Head, older_than_r4};

/// The types that an import looks into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Organization,
    Practitioner,
    PractitionerRole,
    Patient,
    Encounter,
    AllergyIntolerance,
    Condition,
    MedicationRequest,
}

/// What a resource is called, and which of its elements records have no place for.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub(super) resource_type: Option<String>,
    pub(super) id: Option<String>,
    pub(super) no_place_for: Vec<String>,
}

/// A resource that matters, read and understood.
pub(super) struct Resource {
    pub(super) kind: Kind,
    pub(super) own: Own,
    pub(super) source: ImportSource,
    /// Other keys by which references may mean it.
    pub(super) aliases: Vec<Uuid>,
    pub(super) body: Body,
}

/// What is in it for an import.
pub(super) enum Body {
    Institution(Mapped<ImportedInstitution>),
    Doctor(Mapped<ImportedDoctor>),
    Register(Box<Mapped<ImportedRegister>>),
    Visit(Visit),
    Post(Post),
    Note(Note),
}

/// What there is to say of a resource when it is looked at by itself.
pub(super) enum Look {
    Relevant(Box<Resource>),
    /// Its type is not imported.
    Other,
    Failed(Option<String>, String),
}

/// Reads one resource.
pub(super) fn look(json: &[u8], origin: Origin<'_>) -> (About, Look) {
    let failed = |path: Option<String>, reason: &str| Look::Failed(path, reason.to_owned());
    let head = match serde_json::from_slice::<Head<'_>>(json) {
        Ok(head) => head,
        Err(error) => {
            return (About::default(), failed(None, if error.is_data() { SHAPE } else { "is not well-formed JSON" }));
        }
    };
    let mut about = About {
        resource_type: head.resource_type.as_deref().and_then(type_name),
        id: head.id.as_deref().map(str::to_owned),
        no_place_for: Vec::new(),
    };
    let Some(kind) = about.resource_type.clone() else {
        return (about, failed(None, "has no resourceType of FHIR"));
    };
    if let Some(mark) = older_than_r4(&head) {
        let reason = "shows that this is FHIR DSTU2 or STU3; only R4 is imported";
        return (about, failed(Some(format!("{kind}.{mark}")), reason));
    }
    let relevant = match kind.as_str() {
        "Organization" => Kind::Organization,
        "Practitioner" => Kind::Practitioner,
        "PractitionerRole" => Kind::PractitionerRole,
        "Patient" => Kind::Patient,
        "Encounter" => Kind::Encounter,
        "AllergyIntolerance" => Kind::AllergyIntolerance,
        "Condition" => Kind::Condition,
        "MedicationRequest" => Kind::MedicationRequest,
        _ => return (about, Look::Other),
    };
    let Some(own) = origin.own(&kind, about.id.as_deref()) else {
        return (about, failed(Some(format!("{kind}.id")), "has no id, and no fullUrl in its place"));
    };
    let mut untaken = Untaken::default();
    let look = match resource(json, origin, relevant, own, &mut untaken) {
        Ok(resource) => Look::Relevant(Box::new(resource)),
        Err(path) => Look::Failed(Some(format!("{kind}{path}")), SHAPE.to_owned()),
    };
    about.no_place_for = untaken.names();
    (about, look)
}

const SHAPE: &str = "is not of the shape that R4 gives it";

/// A type's name is letters, so that it can be shown; anything else may be somebody's data.
fn type_name(text: &str) -> Option<String> {
    let is_name = (1..=64).contains(&text.len()) && text.chars().all(|letter| letter.is_ascii_alphabetic());
    is_name.then(|| text.to_owned())
}

/// The error is the place that has another shape.
fn resource(json: &[u8], origin: Origin<'_>, kind: Kind, own: Own, untaken: &mut Untaken) -> Result<Resource, String> {
    let mut aliases = Vec::new();
    let mut known_by = |name: &str, identifiers: &[Identifier]| {
        aliases = identifiers.iter().filter_map(|identifier| by_identifier(name, identifier)).collect();
    };
    let mut list = |list| -> Result<Body, String> {
        let entry: Entry = parse_whole(json, untaken)?;
        of_entry(list, &entry, untaken);
        Ok(Body::Note(note(origin, own.key, list, &entry)))
    };
    let body = match kind {
        Kind::Organization => {
            let organization: Organization = parse_whole(json, untaken)?;
            of_organization(&organization, untaken);
            known_by("Organization", &organization.identifier);
            Body::Institution(institution(origin, own.key, organization))
        }
        Kind::Practitioner => {
            let practitioner: Practitioner = parse_whole(json, untaken)?;
            of_practitioner(&practitioner, untaken);
            known_by("Practitioner", &practitioner.identifier);
            Body::Doctor(doctor(origin, own.key, practitioner))
        }
        Kind::Patient => {
            let patient: Patient = parse_whole(json, untaken)?;
            of_patient(&patient, untaken);
            Body::Register(Box::new(register(origin, own.key, patient)))
        }
        Kind::PractitionerRole => Body::Post(post(origin, &parse::<PractitionerRole>(json)?)),
        Kind::Encounter => Body::Visit(visit(origin, &parse::<Encounter>(json)?)),
        Kind::AllergyIntolerance => list(List::Allergies)?,
        Kind::Condition => list(List::History)?,
        Kind::MedicationRequest => list(List::Medications)?,
    };
    aliases.extend(own.alias);
    Ok(Resource { kind, own, source: origin.source(), aliases, body })
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    serde_json::from_slice(json).map_err(|_| place_of_fault::<T>(json))
}

/// The same, and what of it is not read.
fn parse_whole<T: DeserializeOwned>(json: &[u8], untaken: &mut Untaken) -> Result<T, String> {
    let mut whole = serde_json::Deserializer::from_slice(json);
    serde_ignored::deserialize(&mut whole, |path| untaken.pass(&path)).map_err(|_| place_of_fault::<T>(json))
}

/// Tracking the place costs time, so it is done only when something is wrong.
fn place_of_fault<T: DeserializeOwned>(json: &[u8]) -> String {
    let mut json = serde_json::Deserializer::from_slice(json);
    match serde_path_to_error::deserialize::<_, T>(&mut json) {
        Err(error) if error.path().iter().next().is_some() => format!(".{}", error.path()),
        _ => String::new(),
    }
}

impl Body {
    /// What is compared when the same resource stands in several places: what is imported of it.
    pub(super) fn fingerprint(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Institution(mapped) => mapped.record.hash(&mut hasher),
            Self::Doctor(mapped) => mapped.record.hash(&mut hasher),
            Self::Register(mapped) => mapped.record.hash(&mut hasher),
            Self::Visit(visit) => visit.hash(&mut hasher),
            Self::Post(post) => post.hash(&mut hasher),
            Self::Note(note) => note.hash(&mut hasher),
        }
        hasher.finish()
    }
}
