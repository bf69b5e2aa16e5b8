use std::io::{self, BufRead};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::MAX_RESOURCE;
use super::bundle::{Documents, Found, Stop, Visitor, too_large};
use super::header::Text;
use super::place::Place;
use super::scanner::{ScanError, Scanner};
use super::source::{Layout, Source};

/// Shows everything in a source to `visitor`. What cannot be read is shown too, with the reason, and as much as possible
/// of what follows is read.
pub(super) fn read(source: &Source, index: u32, read: &Arc<AtomicU64>, visitor: &mut Visitor<'_>) {
    let place = Place { source: index, ..Place::default() };
    let mut documents = Documents::new(place, visitor);
    let result = match source.open(read) {
        Ok(mut input) => begin(&mut input).and_then(|()| match source.layout {
            Layout::Documents => whole(source, input, &mut documents),
            Layout::Lines => lines(input, &mut documents),
        }),
        Err(error) => Err(Stop::Malformed(error.into())),
    };
    if let Err(stop) = result
        && let Some(reason) = reason(&stop, "nothing behind this was read")
    {
        // The visitor may have had enough by now; there is nothing left to stop.
        documents.show(Found::Broken(reason.into())).ok();
    }
}

/// The mark that some programs put before UTF-8 (RFC 8259, section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Passes a byte order mark; refuses text that is no UTF-8.
pub(super) fn begin(input: &mut Box<dyn BufRead>) -> Result<(), Stop> {
    match input.fill_buf().map_err(ScanError::from)? {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'{', ..] | [b'{', 0, ..] => {
            return Err(Stop::NotAnObject("is UTF-16 (or UTF-32); FHIR's JSON is UTF-8: convert it"));
        }
        text if text.starts_with(BYTE_ORDER_MARK) => input.consume(BYTE_ORDER_MARK.len()),
        _ => {}
    }
    Ok(())
}

/// Documents one after the other, most often just one.
fn whole(source: &Source, input: Box<dyn BufRead>, documents: &mut Documents<'_, '_>) -> Result<(), Stop> {
    let mut scanner = Scanner::new(input);
    if scanner.peek()?.is_none() {
        return Err(Stop::NotAnObject("is empty"));
    }
    let mut number = 0;
    while scanner.peek()?.is_some() {
        documents.document(&mut scanner, Text::Source { source, number })?;
        number += 1;
    }
    Ok(())
}

/// A document in each line. A line that makes no sense is no reason not to read the next.
fn lines(mut input: Box<dyn BufRead>, documents: &mut Documents<'_, '_>) -> Result<(), Stop> {
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        number += 1;
        documents.place.line = Some(number);
        documents.place.entry = None;
        match next_line(&mut input, &mut line).map_err(ScanError::from)? {
            Line::End if number == 1 => {
                documents.place.line = None;
                return Err(Stop::NotAnObject("is empty"));
            }
            Line::End => return Ok(()),
            Line::TooLong => documents.show(too_large())?,
            // Files that were put together have a mark in their midst.
            Line::Whole => match line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line) {
                line if line.trim_ascii().is_empty() => {}
                line => one_line(line, documents)?,
            },
        }
    }
}

fn one_line(line: &[u8], documents: &mut Documents<'_, '_>) -> Result<(), Stop> {
    let mut scanner = Scanner::new(line);
    let result = documents.document(&mut scanner, Text::Bytes(line)).and_then(|()| match scanner.peek()? {
        None => Ok(()),
        Some(_) => Err(Stop::Malformed(ScanError::Unexpected)),
    });
    match result {
        Err(stop @ (Stop::Malformed(_) | Stop::NotAnObject(_))) => {
            match reason(&stop, "the rest of the line was not read") {
                Some(reason) => documents.show(Found::Broken(reason.into())),
                None => Ok(()),
            }
        }
        result => result,
    }
}

enum Line {
    Whole,
    TooLong,
    End,
}

/// Reads to the next line feed, and keeps no more than a resource may have.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let mut is_cut = false;
    let mut is_empty = true;
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(if is_empty { Line::End } else { finished(is_cut) });
        }
        is_empty = false;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        if is_cut || line.len() + part.len() > MAX_RESOURCE {
            is_cut = true;
            *line = Vec::new();
        } else {
            line.extend_from_slice(part);
        }
        let passed = part.len() + usize::from(end.is_some());
        input.consume(passed);
        if end.is_some() {
            return Ok(finished(is_cut));
        }
    }
}

const fn finished(is_cut: bool) -> Line {
    if is_cut { Line::TooLong } else { Line::Whole }
}

/// Why a text was not read to its end, without anything that stands in it; none where nothing is wrong.
fn reason(stop: &Stop, consequence: &str) -> Option<String> {
    Some(match stop {
        Stop::Enough => return None,
        Stop::NotAnObject(reason) => (*reason).to_owned(),
        Stop::Malformed(ScanError::Ended) => format!("ends too early; {consequence}"),
        Stop::Malformed(ScanError::Unexpected) => format!("is not well-formed JSON; {consequence}"),
        Stop::Malformed(ScanError::TooLong) => format!("has a longer name than any in FHIR; {consequence}"),
        Stop::Malformed(ScanError::Io(error)) => format!("cannot be read ({}); {consequence}", error.kind()),
    })
}
