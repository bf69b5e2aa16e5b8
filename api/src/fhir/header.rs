use std::io::BufRead;
use std::sync::Arc;

use super::bundle::Stop;
use super::read::begin;
use super::scanner::{ScanError, Scanner};
use super::source::Source;

/// Kinds of bundles that say what is; the others tell a story, or what happened.
const KINDS: [&[u8]; 7] =
    [b"transaction", b"batch", b"collection", b"searchset", b"document", b"batch-response", b"transaction-response"];

/// Type of a document, by its own word.
#[derive(Debug, Default)]
pub(super) struct Header {
    resource_type: Option<Vec<u8>>,
    /// A bundle's type.
    kind: Option<Vec<u8>>,
}

/// Text of a document, to be read once more.
#[derive(Clone, Copy)]
pub(super) enum Text<'t> {
    /// It is here.
    Bytes(&'t [u8]),
    /// It is the document of this number in a source, counting from 0.
    Source { source: &'t Source, number: usize },
}

impl Text<'_> {
    /// Header of the document, wherever in it that stands; `known` keeps the headers of a source.
    pub(super) fn header(self, known: &mut Option<Vec<Header>>) -> Result<Header, Stop> {
        const UNTOLD: Stop = Stop::NotAnObject("does not say what it is, or ends before that; nothing of it was read");
        match self {
            Self::Bytes(bytes) => Header::read(&mut Scanner::new(bytes)).map_err(|_| UNTOLD),
            Self::Source { source, number } => {
                let headers = known.get_or_insert_with(|| headers(source));
                headers.get_mut(number).map(std::mem::take).ok_or(UNTOLD)
            }
        }
    }
}

/// Headers of the documents of a source, as far as it can be read.
fn headers(source: &Source) -> Vec<Header> {
    let mut headers = Vec::new();
    let Ok(mut input) = source.open(&Arc::default()) else { return headers };
    if begin(&mut input).is_err() {
        return headers;
    }
    let mut scanner = Scanner::new(input);
    while let Ok(Some(b'{')) = scanner.peek()
        && let Ok(header) = Header::read(&mut scanner)
    {
        headers.push(header);
    }
    headers
}

impl Header {
    fn read<R: BufRead>(scanner: &mut Scanner<R>) -> Result<Self, ScanError> {
        let mut header = Self::default();
        scanner.expect(b'{')?;
        if scanner.peek()? == Some(b'}') {
            scanner.expect(b'}')?;
            return Ok(header);
        }
        loop {
            let name = scanner.name()?;
            scanner.expect(b':')?;
            if !header.learn(&name, scanner)? {
                scanner.value()?;
            }
            if !scanner.either(b',', b'}')? {
                return Ok(header);
            }
        }
    }

    /// Passes the value of a property that says what the document is; false, and nothing is passed, of any other.
    pub(super) fn learn<R: BufRead>(&mut self, name: &[u8], scanner: &mut Scanner<R>) -> Result<bool, ScanError> {
        let slot = match name {
            b"resourceType" => &mut self.resource_type,
            b"type" if self.may_have_entries() => &mut self.kind,
            _ => return Ok(false),
        };
        if slot.is_some() || scanner.peek()? != Some(b'"') {
            return Ok(false);
        }
        *slot = Some(scanner.name()?);
        Ok(true)
    }

    /// True of a resource that is a bundle; reads no further than to its type.
    pub(super) fn is_of_bundle(json: &[u8]) -> bool {
        let mut scanner = Scanner::new(json);
        let mut header = Self::default();
        let mut look = || {
            scanner.expect(b'{')?;
            while header.resource_type.is_none() {
                let name = scanner.name()?;
                scanner.expect(b':')?;
                if !header.learn(&name, &mut scanner)? {
                    scanner.value()?;
                }
                if !scanner.either(b',', b'}')? {
                    break;
                }
            }
            Ok::<(), ScanError>(())
        };
        look().is_ok() && header.is_bundle()
    }

    /// True once both are known by which entries are judged.
    pub(super) const fn is_whole(&self) -> bool {
        self.resource_type.is_some() && self.kind.is_some()
    }

    pub(super) fn may_have_entries(&self) -> bool {
        self.resource_type.is_none() || self.is_bundle()
    }

    pub(super) fn is_bundle(&self) -> bool {
        self.resource_type.as_deref() == Some(b"Bundle")
    }

    /// True of a bundle whose entries are a server's answers.
    pub(super) fn is_response(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| kind.ends_with(b"-response"))
    }

    /// Reason why a bundle is not imported.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        match self.kind.as_deref()? {
            b"history" => Some("is a history: what was so once is not imported as if it were so now"),
            kind if KINDS.contains(&kind) => None,
            _ => Some(
                "is a bundle of another type than transaction, batch, collection, searchset, document and the responses to the first two",
            ),
        }
    }
}
