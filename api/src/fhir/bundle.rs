use std::borrow::Cow;
use std::io::BufRead;
use std::ops::ControlFlow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::MAX_RESOURCE;
use super::header::{Header, Text};
use super::place::Place;
use super::scanner::{Recording, ScanError, Scanner};

/// Something in the input.
pub(super) enum Found<'f> {
    /// A resource, as JSON that may be malformed.
    Resource { full_url: Option<Cow<'f, str>>, json: &'f [u8] },
    /// An entry of a bundle in which there is nothing to import, and why.
    Passed(&'static str),
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

/// Bundles within bundles, at most.
const MAX_DEPTH: usize = 4;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'e> {
    #[serde(default, borrow)]
    full_url: Option<Cow<'e, str>>,
    #[serde(default, borrow)]
    resource: Option<&'e RawValue>,
    #[serde(default, borrow)]
    response: Option<&'e RawValue>,
}

/// Answer of a server to one request.
#[derive(Deserialize)]
struct Response<'r> {
    #[serde(default, borrow)]
    status: Cow<'r, str>,
}

/// Reads documents, and shows what is in them.
pub(super) struct Documents<'d, 'v> {
    pub(super) place: Place,
    pub(super) visitor: &'d mut Visitor<'v>,
    buffer: Vec<u8>,
    /// Headers of all documents of the source, once one of them has not said what it is before its entries.
    headers: Option<Vec<Header>>,
    depth: usize,
}

impl<'d, 'v> Documents<'d, 'v> {
    pub(super) fn new(place: Place, visitor: &'d mut Visitor<'v>) -> Self {
        Self { place, visitor, buffer: Vec::new(), headers: None, depth: 0 }
    }

    /// Shows one thing, which has the next number.
    pub(super) fn show(&mut self, found: Found<'_>) -> Result<(), Stop> {
        self.place.number += 1;
        match (self.visitor)(self.place, found) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Enough),
        }
    }

    /// One bundle, entry by entry, or one resource; `text` is where it can be read once more.
    pub(super) fn document<R: BufRead>(&mut self, scanner: &mut Scanner<R>, text: Text<'_>) -> Result<(), Stop> {
        match scanner.peek()? {
            Some(b'{') => {}
            Some(b'[') => return Err(Stop::NotAnObject("is a list; a bundle or a resource is an object")),
            _ => return Err(Stop::NotAnObject("is not JSON, or no object")),
        }
        scanner.record(std::mem::take(&mut self.buffer), MAX_RESOURCE);
        let header = self.properties(scanner, text)?;
        let recording = scanner.stop_recording();
        if !header.is_bundle() {
            return self.resource(recording);
        }
        self.buffer = recording.bytes;
        header.refusal().map_or(Ok(()), |reason| self.show(Found::Broken(reason.into())))
    }

    /// Reads the document, and shows the entries of a bundle; returns its header.
    fn properties<R: BufRead>(&mut self, scanner: &mut Scanner<R>, text: Text<'_>) -> Result<Header, Stop> {
        let mut header = Header::default();
        scanner.expect(b'{')?;
        if scanner.peek()? == Some(b'}') {
            scanner.expect(b'}')?;
            return Ok(header);
        }
        loop {
            let name = scanner.name()?;
            scanner.expect(b':')?;
            if name == b"entry" && header.may_have_entries() && scanner.peek()? == Some(b'[') {
                // Nothing is shown before it is known what it is.
                if !header.is_whole() {
                    header = text.header(&mut self.headers)?;
                }
                if header.is_bundle() && header.refusal().is_none() {
                    self.buffer = scanner.stop_recording().bytes;
                    self.entries(scanner, header.is_response())?;
                } else {
                    scanner.value()?;
                }
            } else if !header.learn(&name, scanner)? {
                let is_list = scanner.peek()? == Some(b'[');
                scanner.value()?;
                if name == b"entry" && header.is_bundle() && !is_list {
                    self.show(Found::Broken("has an entry that is no list".into()))?;
                }
            }
            if !scanner.either(b',', b'}')? {
                return Ok(header);
            }
        }
    }

    fn entries<R: BufRead>(&mut self, scanner: &mut Scanner<R>, are_responses: bool) -> Result<(), Stop> {
        scanner.expect(b'[')?;
        if scanner.peek()? == Some(b']') {
            return Ok(scanner.expect(b']')?);
        }
        let mut number = 0;
        loop {
            number += 1;
            // What is nested stands in an entry of the outermost bundle.
            if self.depth == 0 {
                self.place.entry = Some(number);
            }
            scanner.record(std::mem::take(&mut self.buffer), MAX_RESOURCE);
            let passed = scanner.value();
            let recording = scanner.stop_recording();
            passed?;
            self.entry(recording, are_responses)?;
            if !scanner.either(b',', b']')? {
                if self.depth == 0 {
                    self.place.entry = None;
                }
                return Ok(());
            }
        }
    }

    fn entry(&mut self, recording: Recording, is_response: bool) -> Result<(), Stop> {
        if recording.is_cut {
            return self.show(too_large());
        }
        let entry = match serde_json::from_slice::<Entry<'_>>(&recording.bytes) {
            Ok(entry) if recording.bytes.trim_ascii_start().starts_with(b"{") => entry,
            _ => return self.show(Found::Broken("is no well-formed entry of a bundle".into())),
        };
        let shown = match entry {
            Entry { response: Some(response), .. } if is_response && !succeeded(response) => {
                self.show(Found::Passed("the server answered with an error here"))
            }
            Entry { resource: Some(resource), full_url, .. } => self.inner(full_url, resource.get().as_bytes()),
            Entry { resource: None, .. } => self.show(Found::Passed("the entry holds no resource")),
        };
        self.buffer = recording.bytes;
        shown
    }

    /// A resource of a bundle, which may be a bundle itself.
    fn inner(&mut self, full_url: Option<Cow<'_, str>>, json: &[u8]) -> Result<(), Stop> {
        if !Header::is_of_bundle(json) {
            return self.show(Found::Resource { full_url, json });
        }
        if self.depth == MAX_DEPTH {
            return self.show(Found::Broken("is a bundle within too many others".into()));
        }
        self.depth += 1;
        let read = self.document(&mut Scanner::new(json), Text::Bytes(json));
        self.depth -= 1;
        read
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

fn succeeded(response: &RawValue) -> bool {
    serde_json::from_str::<Response<'_>>(response.get()).is_ok_and(|response| response.status.starts_with('2'))
}

pub(super) fn too_large() -> Found<'static> {
    Found::Broken(format!("has more than {} MiB", MAX_RESOURCE >> 20).into())
}
