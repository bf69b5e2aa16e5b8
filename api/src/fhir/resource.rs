use uuid::Uuid;

use crate::records::import::{
    ImportSource, ImportedConcept, ImportedDoctor, ImportedIdentifier, ImportedInstitution, ImportedRegister, Shortened,
};

use super::key::{Origin, Own, Search, by_identifier};
use super::map::{
    List, Mapped, Note, NoteState, Post, Problem, Visit, doctor, institution, medicine, note, of_entry,
    of_organization, of_patient, of_practitioner, post, register, visit,
};
use super::r4::{Encounter, Entry, Medication, Organization, Patient, Practitioner, PractitionerRole};
use super::shape::{SHAPE, Shaped, read};
use super::untaken::Untaken;
use super::version::{Head, other_than_r4};

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
    Medication,
}

/// Name of a resource, the elements of it that records have no place for, and the texts that they cannot hold whole.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub(super) resource_type: Option<String>,
    pub(super) id: Option<String>,
    pub(super) no_place_for: Vec<String>,
    pub(super) shortened: Vec<Shortened>,
}

/// A resource that matters, read and understood.
pub(super) struct Resource {
    pub(super) kind: Kind,
    pub(super) own: Own,
    pub(super) source: ImportSource,
    /// Other keys by which references may mean it.
    pub(super) aliases: Vec<Uuid>,
    /// References in it that name others by an identifier.
    pub(super) searches: Vec<Search>,
    /// Age of its version, the newer the greater; 0 where it does not say.
    pub(super) version: i64,
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
    /// A medicine; none where the resource says nothing of it.
    Medicine(Option<ImportedConcept>),
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
        Ok(head) if json.trim_ascii_start().starts_with(b"{") => head,
        Ok(_) => return (About::default(), failed(None, SHAPE)),
        Err(error) => {
            return (About::default(), failed(None, if error.is_data() { SHAPE } else { "is not well-formed JSON" }));
        }
    };
    let mut about = About {
        resource_type: head.resource_type.as_deref().and_then(type_name),
        id: head.id.as_deref().map(str::to_owned),
        ..About::default()
    };
    let Some(kind) = about.resource_type.clone() else {
        return (about, failed(None, "has no resourceType of FHIR"));
    };
    if let Some((mark, version)) = other_than_r4(&head) {
        let reason = format!("shows that this is FHIR {version}; only R4 is imported, and R4B, which is the same here");
        return (about, failed(Some(format!("{kind}.{mark}")), &reason));
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
        "Medication" => Kind::Medication,
        _ => return (about, Look::Other),
    };
    let Some(own) = origin.own(&kind, about.id.as_deref()) else {
        return (about, failed(Some(format!("{kind}.id")), "has no id, and no fullUrl in its place"));
    };
    let mut untaken = Untaken::default();
    let reader = Reader { kind: &kind, json, origin, untaken: &mut untaken };
    let look = match reader.resource(relevant, own) {
        Ok(mut resource) => {
            about.shortened = resource.body.take_shortened();
            Look::Relevant(Box::new(Resource { version: head.version(), ..resource }))
        }
        Err(place) => Look::Failed(Some(format!("{kind}{place}")), SHAPE.to_owned()),
    };
    about.no_place_for = untaken.names();
    (about, look)
}

/// A type's name is letters, so that it can be shown; anything else may be somebody's data.
fn type_name(text: &str) -> Option<String> {
    let is_name = (1..=64).contains(&text.len()) && text.chars().all(|letter| letter.is_ascii_alphabetic());
    is_name.then(|| text.to_owned())
}

/// Reads a resource of a known type.
struct Reader<'r> {
    kind: &'r str,
    json: &'r [u8],
    origin: Origin<'r>,
    untaken: &'r mut Untaken,
}

impl Reader<'_> {
    /// The error is the place that has another shape.
    fn resource(mut self, kind: Kind, own: Own) -> Result<Resource, String> {
        let body = self.body(kind, own.key)?;
        let mut aliases: Vec<Uuid> = body.identifiers().iter().map(|known| self.known_by(known)).collect();
        aliases.extend(own.alias);
        let searches = self.origin.searches.take();
        Ok(Resource { kind, own, source: self.origin.source(), aliases, searches, version: 0, body })
    }

    fn known_by(&self, identifier: &ImportedIdentifier) -> Uuid {
        by_identifier(self.kind, identifier.system.as_deref().unwrap_or_default(), &identifier.value)
    }

    fn body(&mut self, kind: Kind, key: Uuid) -> Result<Body, String> {
        let origin = self.origin;
        Ok(match kind {
            Kind::Organization => {
                let Shaped { resource, left_out } = read::<Organization>(self.kind, self.json, self.untaken)?;
                of_organization(&resource, self.untaken);
                Body::Institution(institution(origin, key, resource).without(left_out))
            }
            Kind::Practitioner => {
                let Shaped { resource, left_out } = read::<Practitioner>(self.kind, self.json, self.untaken)?;
                of_practitioner(&resource, self.untaken);
                Body::Doctor(doctor(origin, key, resource).without(left_out))
            }
            Kind::Patient => {
                let Shaped { resource, left_out } = read::<Patient>(self.kind, self.json, self.untaken)?;
                of_patient(&resource, self.untaken);
                Body::Register(Box::new(register(origin, key, resource).without(left_out)))
            }
            Kind::PractitionerRole => Body::Post(post(origin, &self.unlisted::<PractitionerRole>()?)),
            Kind::Encounter => Body::Visit(visit(origin, &self.unlisted::<Encounter>()?)),
            Kind::Medication => Body::Medicine(medicine(&self.unlisted::<Medication>()?)),
            Kind::AllergyIntolerance => self.entry(List::Allergies, key)?,
            Kind::Condition => self.entry(List::History, key)?,
            Kind::MedicationRequest => self.entry(List::Medications, key)?,
        })
    }

    /// A resource that is not kept itself, so that nobody misses what is left out.
    fn unlisted<T: serde::de::DeserializeOwned>(&self) -> Result<T, String> {
        Ok(read::<T>(self.kind, self.json, &mut Untaken::default())?.resource)
    }

    fn entry(&mut self, list: List, key: Uuid) -> Result<Body, String> {
        let Shaped { resource, left_out } = read::<Entry>(self.kind, self.json, self.untaken)?;
        of_entry(list, &resource, self.untaken);
        let mut note = note(self.origin, key, list, &resource);
        if let NoteState::Whole(fact) = &mut note.state {
            add(&mut fact.left_out, left_out);
        }
        Ok(Body::Note(note))
    }
}

fn add(left_out: &mut Vec<Problem>, first: Vec<Problem>) {
    left_out.splice(0..0, first);
}

impl<T> Mapped<T> {
    fn without(mut self, left_out: Vec<Problem>) -> Self {
        add(&mut self.left_out, left_out);
        self
    }
}

impl Body {
    /// Texts of the resource that records cannot hold whole.
    fn take_shortened(&mut self) -> Vec<Shortened> {
        match self {
            Self::Institution(mapped) => std::mem::take(&mut mapped.shortened),
            Self::Doctor(mapped) => std::mem::take(&mut mapped.shortened),
            Self::Register(mapped) => std::mem::take(&mut mapped.shortened),
            Self::Visit(_) | Self::Post(_) | Self::Note(_) | Self::Medicine(_) => Vec::new(),
        }
    }

    /// Identifiers of the record.
    fn identifiers(&self) -> &[ImportedIdentifier] {
        match self {
            Self::Institution(mapped) => &mapped.record.identifiers,
            Self::Doctor(mapped) => &mapped.record.identifiers,
            Self::Register(mapped) => &mapped.record.identifiers,
            Self::Visit(_) | Self::Post(_) | Self::Note(_) | Self::Medicine(_) => &[],
        }
    }

    /// What is compared when the same resource stands in several places: what is imported of it.
    pub(super) fn fingerprint(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Institution(mapped) => mapped.record.hash(&mut hasher),
            Self::Doctor(mapped) => mapped.record.hash(&mut hasher),
            Self::Register(mapped) => (&mapped.record, &mapped.references).hash(&mut hasher),
            Self::Visit(visit) => visit.hash(&mut hasher),
            Self::Post(post) => post.hash(&mut hasher),
            Self::Note(note) => note.hash(&mut hasher),
            Self::Medicine(concept) => concept.hash(&mut hasher),
        }
        hasher.finish()
    }
}
