use std::io::{self, BufRead};

/// Why a text is not as it should be.
#[derive(Debug)]
pub(super) enum ScanError {
    /// It cannot be read, or is not the gzip that its name says.
    Io(io::Error),
    /// It ends too early.
    Ended,
    /// Something else stands here than JSON has.
    Unexpected,
    /// A name or short text that has more bytes than any in FHIR.
    TooLong,
}

impl From<io::Error> for ScanError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Ended } else { Self::Io(error) }
    }
}

/// Names of properties, resource types and kinds of bundles have no more bytes than this.
const MAX_NAME: usize = 256;

/// Walks through JSON without holding more of it than is asked for. It only finds where values begin and end; whether
/// they are well-formed is for whoever parses them.
pub(super) struct Scanner<R> {
    input: R,
    recording: Option<Recording>,
}

/// What was passed since [`Scanner::record`].
#[derive(Debug, Default)]
pub(super) struct Recording {
    pub(super) bytes: Vec<u8>,
    /// There was more than fits.
    pub(super) is_cut: bool,
    limit: usize,
}

impl<R: BufRead> Scanner<R> {
    pub(super) const fn new(input: R) -> Self {
        Self { input, recording: None }
    }

    /// Keeps what is passed from here on, up to `limit` bytes.
    pub(super) fn record(&mut self, mut buffer: Vec<u8>, limit: usize) {
        buffer.clear();
        self.recording = Some(Recording { bytes: buffer, is_cut: false, limit });
    }

    pub(super) fn stop_recording(&mut self) -> Recording {
        self.recording.take().unwrap_or_default()
    }

    /// The next byte that is no white space; none at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, ScanError> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let next = buffer.get(blank).copied();
            self.pass(blank)?;
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// Passes `byte`, after white space.
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), ScanError> {
        match self.peek()? {
            Some(found) if found == byte => self.pass(1),
            Some(_) => Err(ScanError::Unexpected),
            None => Err(ScanError::Ended),
        }
    }

    /// Passes one of two bytes; whether it was the first.
    pub(super) fn either(&mut self, first: u8, second: u8) -> Result<bool, ScanError> {
        match self.peek()? {
            Some(found) if found == first || found == second => self.pass(1).map(|()| found == first),
            Some(_) => Err(ScanError::Unexpected),
            None => Err(ScanError::Ended),
        }
    }

    /// Passes a text, and returns it as it is written, without its quotation marks.
    pub(super) fn name(&mut self) -> Result<Vec<u8>, ScanError> {
        self.expect(b'"')?;
        let mut name = Vec::new();
        let mut escaped = false;
        loop {
            let byte = self.input.fill_buf()?.first().copied().ok_or(ScanError::Ended)?;
            self.pass(1)?;
            let is_escaped = escaped;
            escaped = byte == b'\\' && !is_escaped;
            match byte {
                b'"' if !is_escaped => return Ok(name),
                _ if name.len() == MAX_NAME => return Err(ScanError::TooLong),
                _ => name.push(byte),
            }
        }
    }

    /// Passes a whole value.
    pub(super) fn value(&mut self) -> Result<(), ScanError> {
        match self.peek()?.ok_or(ScanError::Ended)? {
            b'{' | b'[' => self.nested(),
            b'"' => {
                self.pass(1)?;
                self.text()
            }
            _ => self.word(),
        }
    }

    /// An object or a list, to the bracket that closes it.
    fn nested(&mut self) -> Result<(), ScanError> {
        let mut depth = 0_u64;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Err(ScanError::Ended);
            }
            let mut passed = 0;
            let mut in_text = false;
            for byte in buffer {
                passed += 1;
                match byte {
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    b'"' => in_text = true,
                    _ => continue,
                }
                if in_text || depth == 0 {
                    break;
                }
            }
            self.pass(passed)?;
            if in_text {
                self.text()?;
            } else if depth == 0 {
                return Ok(());
            }
        }
    }

    /// The rest of a text, after its first quotation mark.
    fn text(&mut self) -> Result<(), ScanError> {
        let mut escaped = false;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Err(ScanError::Ended);
            }
            let mut passed = 0;
            let mut ended = false;
            for byte in buffer {
                passed += 1;
                if escaped {
                    escaped = false;
                } else if *byte == b'\\' {
                    escaped = true;
                } else if *byte == b'"' {
                    ended = true;
                    break;
                }
            }
            self.pass(passed)?;
            if ended {
                return Ok(());
            }
        }
    }

    /// A number, or `true`, `false` or `null`.
    fn word(&mut self) -> Result<(), ScanError> {
        let mut length = 0_u64;
        loop {
            let buffer = self.input.fill_buf()?;
            let letters =
                buffer.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
            let is_end = letters < buffer.len() || buffer.is_empty();
            self.pass(letters)?;
            length += letters as u64;
            if is_end {
                return if length == 0 { Err(ScanError::Unexpected) } else { Ok(()) };
            }
        }
    }

    fn pass(&mut self, count: usize) -> Result<(), ScanError> {
        if let Some(recording) = &mut self.recording {
            let passed = &self.input.fill_buf()?[..count];
            if recording.is_cut || recording.bytes.len() + count > recording.limit {
                recording.is_cut = true;
                recording.bytes = Vec::new();
            } else {
                recording.bytes.extend_from_slice(passed);
            }
        }
        self.input.consume(count);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(json: &str, buffer: usize) -> Vec<String> {
        let mut scanner = Scanner::new(io::BufReader::with_capacity(buffer, json.as_bytes()));
        let mut found = Vec::new();
        while scanner.peek().unwrap().is_some() {
            scanner.record(Vec::new(), 1000);
            scanner.value().unwrap();
            found.push(String::from_utf8(scanner.stop_recording().bytes).unwrap());
        }
        found
    }

    #[test]
    fn values_end_where_they_end_whatever_the_buffer() {
        let all = [r#"{"a":["}]\"\\",{}]}"#, "[[],1,\"]\"]", "-1.5e+3", "null", r#""a\\""#, r#""ü\"""#, "{}"];
        for buffer in [1, 2, 3, 7, 100] {
            assert_eq!(values(&all.join(" \n"), buffer), all);
        }
    }

    #[test]
    fn no_more_is_kept_than_allowed() {
        let mut scanner = Scanner::new(io::BufReader::new(r#"{"a":"bbbbbbbbbb"} 7"#.as_bytes()));
        scanner.record(Vec::new(), 10);
        scanner.value().unwrap();
        let recording = scanner.stop_recording();
        assert!(recording.is_cut && recording.bytes.capacity() == 0);
        assert_eq!(scanner.peek().unwrap(), Some(b'7'));
    }
}
