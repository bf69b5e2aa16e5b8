use std::borrow::Cow;
use std::io::BufRead;
use std::ops::ControlFlow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::MAX_RESOURCE;
use super::place::Place;
use super::scanner::{Recording, ScanError, Scanner};

/// Something in the input.
pub(super) enum Found<'f> {
    /// A resource, as JSON that may be malformed.
    Resource { full_url: Option<Cow<'f, str>>, json: &'f [u8] },
    /// An entry of a bundle that holds no resource.
    Empty,
    /// What cannot be read, and why.
    Broken(Cow<'static, str>),
}

/// Is shown everything that is found; may end the reading.
pub(super) type Visitor<'v> = dyn FnMut(Place, Found<'_>) -> ControlFlow<()> + 'v;

/// Why the reading of a text ends before its end.
pub(super) enum Stop {
    /// The visitor has seen enough.
    Enough,
    /// The text makes no sense from here on.
    Malformed(ScanError),
    /// The text is no object.
    NotAnObject(&'static str),
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        Self::Malformed(error)
    }
}

/// Kinds of bundles that say what is; the others tell a story, or how a request went.
const KINDS: [&[u8]; 4] = [b"transaction", b"batch", b"collection", b"searchset"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unknown,
    Resource,
    Bundle,
    RefusedBundle,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'e> {
    #[serde(default, borrow)]
    full_url: Option<Cow<'e, str>>,
    #[serde(default, borrow)]
    resource: Option<&'e RawValue>,
}

/// Reads documents, and shows what is in them.
pub(super) struct Documents<'d, 'v> {
    pub(super) place: Place,
    pub(super) visitor: &'d mut Visitor<'v>,
    buffer: Vec<u8>,
}

impl<'d, 'v> Documents<'d, 'v> {
    pub(super) fn new(place: Place, visitor: &'d mut Visitor<'v>) -> Self {
        Self { place, visitor, buffer: Vec::new() }
    }

    /// Shows one thing, which has the next number.
    pub(super) fn show(&mut self, found: Found<'_>) -> Result<(), Stop> {
        self.place.number += 1;
        match (self.visitor)(self.place, found) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Enough),
        }
    }

    /// One bundle, entry by entry, or one resource.
    pub(super) fn document<R: BufRead>(&mut self, scanner: &mut Scanner<R>) -> Result<(), Stop> {
        match scanner.peek()? {
            Some(b'{') => {}
            Some(b'[') => return Err(Stop::NotAnObject("is a list; a bundle or a resource is an object")),
            _ => return Err(Stop::NotAnObject("is not JSON, or no object")),
        }
        self.place.entry = None;
        scanner.record(std::mem::take(&mut self.buffer), MAX_RESOURCE);
        let kind = self.properties(scanner)?;
        let recording = scanner.stop_recording();
        match kind {
            Kind::Bundle | Kind::RefusedBundle => {}
            Kind::Unknown | Kind::Resource => self.resource(recording)?,
        }
        self.place.entry = None;
        Ok(())
    }

    fn properties<R: BufRead>(&mut self, scanner: &mut Scanner<R>) -> Result<Kind, Stop> {
        let mut kind = Kind::Unknown;
        scanner.expect(b'{')?;
        if scanner.peek()? == Some(b'}') {
            scanner.expect(b'}')?;
            return Ok(kind);
        }
        loop {
            let name = scanner.name()?;
            scanner.expect(b':')?;
            match (name.as_slice(), kind) {
                (b"resourceType", Kind::Unknown) if scanner.peek()? == Some(b'"') => {
                    kind = if scanner.name()? == b"Bundle" { Kind::Bundle } else { Kind::Resource };
                    if kind == Kind::Bundle {
                        self.buffer = scanner.stop_recording().bytes;
                    }
                }
                (b"type", Kind::Bundle) if scanner.peek()? == Some(b'"') => {
                    let stated = scanner.name()?;
                    if !KINDS.contains(&stated.as_slice()) {
                        kind = Kind::RefusedBundle;
                        let reason = "is a bundle of another type than transaction, batch, collection and searchset";
                        self.show(Found::Broken(reason.into()))?;
                    }
                }
                (b"entry", Kind::Unknown | Kind::Bundle) if scanner.peek()? == Some(b'[') => {
                    // A bundle that does not say so first.
                    kind = Kind::Bundle;
                    self.buffer = scanner.stop_recording().bytes;
                    self.entries(scanner)?;
                }
                _ => scanner.value()?,
            }
            if !scanner.either(b',', b'}')? {
                return Ok(kind);
            }
        }
    }

    fn entries<R: BufRead>(&mut self, scanner: &mut Scanner<R>) -> Result<(), Stop> {
        scanner.expect(b'[')?;
        if scanner.peek()? == Some(b']') {
            return Ok(scanner.expect(b']')?);
        }
        let mut number = 0;
        loop {
            number += 1;
            self.place.entry = Some(number);
            scanner.record(std::mem::take(&mut self.buffer), MAX_RESOURCE);
            let passed = scanner.value();
            let recording = scanner.stop_recording();
            passed?;
            self.entry(recording)?;
            if !scanner.either(b',', b']')? {
                return Ok(());
            }
        }
    }

    fn entry(&mut self, recording: Recording) -> Result<(), Stop> {
        if recording.is_cut {
            return self.show(too_large());
        }
        let found = match serde_json::from_slice::<Entry<'_>>(&recording.bytes) {
            Ok(Entry { resource: Some(resource), full_url }) => {
                Found::Resource { full_url, json: resource.get().as_bytes() }
            }
            Ok(Entry { resource: None, .. }) => Found::Empty,
            Err(_) => Found::Broken("is no well-formed entry of a bundle".into()),
        };
        let shown = self.show(found);
        self.buffer = recording.bytes;
        shown
    }

    fn resource(&mut self, recording: Recording) -> Result<(), Stop> {
        let shown = if recording.is_cut {
            self.show(too_large())
        } else {
            self.show(Found::Resource { full_url: None, json: &recording.bytes })
        };
        self.buffer = recording.bytes;
        shown
    }
}

pub(super) fn too_large() -> Found<'static> {
    Found::Broken(format!("has more than {} MiB", MAX_RESOURCE >> 20).into())
}
