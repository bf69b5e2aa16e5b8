//! The parser's lexical rules (`graphql.pest` of async-graphql-parser 7.2.1), so that what a text would make it do is known
//! before it begins: it calls itself for each bracket, and makes a value of each token.
//!
//! Where a text can be read in several ways, depending on what stands around, the reading with the most tokens counts. What
//! the parser cannot pass, such as a text without an end, counts as one token, and what follows it counts too.

/// A part of a document that is not ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `{`, `(` or `[`.
    Opening,
    /// `}`, `)` or `]`.
    Closing,
    /// A name or a keyword, in a word that goes on for so many bytes.
    Name(usize),
    /// A number, a text, or another sign.
    Other,
}

/// Words that the parser takes without asking whether they end there: `nullnull` in a list is twice null, and
/// `queryQ { .. }` an operation of the name Q.
const KEYWORDS: [&[u8]; 7] = [b"true", b"false", b"null", b"query", b"mutation", b"subscription", b"fragment"];

const BLOCK: &[u8] = b"\"\"\"";
const ESCAPED_BLOCK: &[u8] = b"\\\"\"\"";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The tokens of a document.
pub(super) struct Scanner<'t> {
    rest: &'t [u8],
    /// No block text that begins in the rest has an end.
    no_block_ends: bool,
}

impl<'t> Scanner<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { rest: text.as_bytes(), no_block_ends: false }
    }

    fn pass(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    /// Passes what stands for nothing: blanks, commas, line ends, byte order marks and comments, which end at `\r` as well
    /// as at `\n`.
    fn pass_ignored(&mut self) {
        loop {
            match self.rest {
                [b' ' | b',' | b'\t' | b'\r' | b'\n', ..] => self.pass(1),
                [b'#', ..] => self.pass(count(self.rest, |byte| !matches!(byte, b'\r' | b'\n'))),
                rest if rest.starts_with(BYTE_ORDER_MARK) => self.pass(BYTE_ORDER_MARK.len()),
                _ => return,
            }
        }
    }

    /// How many bytes the text has that begins here. A block text without an end is an empty text, and a quotation mark.
    fn text(&mut self) -> usize {
        if self.rest.starts_with(BLOCK) && !self.no_block_ends {
            match block(&self.rest[BLOCK.len()..]) {
                Some(bytes) => return BLOCK.len() + bytes,
                None => self.no_block_ends = true,
            }
        }
        line(&self.rest[1..]).map_or(1, |bytes| 1 + bytes)
    }
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.pass_ignored();
        let (bytes, token) = match *self.rest.first()? {
            b'{' | b'(' | b'[' => (1, Token::Opening),
            b'}' | b')' | b']' => (1, Token::Closing),
            b'"' => (self.text(), Token::Other),
            b'0'..=b'9' | b'-' => (number(self.rest), Token::Other),
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                let word = count(self.rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
                let keyword = KEYWORDS.into_iter().find(|keyword| self.rest.starts_with(keyword));
                (keyword.map_or(word, <[u8]>::len), Token::Name(word))
            }
            b'.' if self.rest.starts_with(b"...") => (3, Token::Other),
            _ => (1, Token::Other),
        };
        self.pass(bytes);
        Some(token)
    }
}

/// How many bytes at the beginning are such.
fn count(bytes: &[u8], is_such: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| is_such(**byte)).count()
}

/// Bytes of a block text's content and its end, if it has one.
fn block(content: &[u8]) -> Option<usize> {
    let mut passed = 0;
    loop {
        passed += count(&content[passed..], |byte| !matches!(byte, b'"' | b'\\'));
        let rest = &content[passed..];
        if rest.is_empty() {
            return None;
        }
        if rest.starts_with(BLOCK) {
            return Some(passed + BLOCK.len());
        }
        passed += if rest.starts_with(ESCAPED_BLOCK) { ESCAPED_BLOCK.len() } else { 1 };
    }
}

/// Bytes of a text's content and its end, if it has one in its line and nothing else is wrong with it.
fn line(content: &[u8]) -> Option<usize> {
    let mut passed = 0;
    loop {
        passed += count(&content[passed..], |byte| !matches!(byte, b'"' | b'\\' | b'\r' | b'\n'));
        match content[passed..] {
            [b'"', ..] => return Some(passed + 1),
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => passed += 2,
            [b'\\', b'u', a, b, c, d, ..] if is_scalar_value([a, b, c, d]) => passed += 6,
            _ => return None,
        }
    }
}

/// Four hexadecimal digits that are no half of a surrogate pair.
fn is_scalar_value(digits: [u8; 4]) -> bool {
    let surrogate = matches!(digits, [b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..]);
    !surrogate && digits.iter().all(u8::is_ascii_hexdigit)
}

/// Bytes of the number that begins here, or of the sign that none follows. A number ends after a zero at its beginning:
/// `000` in a list is three numbers.
fn number(bytes: &[u8]) -> usize {
    let digits = |from: usize| count(bytes.get(from..).unwrap_or_default(), |byte| byte.is_ascii_digit());
    let sign = usize::from(bytes[0] == b'-');
    let mut end = sign + if bytes.get(sign) == Some(&b'0') { 1 } else { digits(sign) };
    if end == sign {
        return 1;
    }
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if digits(end + 1 + sign) > 0 {
            end += 1 + sign + digits(end + 1 + sign);
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> usize {
        Scanner::new(text).count()
    }

    fn depth(text: &str) -> usize {
        Scanner::new(text).filter(|token| *token == Token::Opening).count()
    }

    #[test]
    fn comments_end_where_the_parser_ends_them() {
        assert_eq!(depth("#\r["), 1);
        assert_eq!(depth("#\r\n["), 1);
        assert_eq!(depth("#\n["), 1);
        assert_eq!(depth("#\u{2028}[\u{85}[\u{b}["), 0);
        assert_eq!(depth("\"#\" ["), 1);
    }

    #[test]
    fn texts_end_where_the_parser_ends_them() {
        for text in [r#""a""#, r#""\"[""#, r#""\\""#, r#""\u12aB[""#, r#""""[ "" \""" [""""#, "\"\"", "\"é\u{2028}\""]
        {
            assert_eq!(tokens(text), 1, "{text}");
        }
        // No text of the parser's, which goes no further; what follows counts.
        for text in ["\"a\r[\"", "\"a\n[\"", r#""\x[""#, r#""\ud800[""#, r#""\u12[""#, "\"["] {
            assert_eq!(depth(text), 1, "{text:?}");
        }
        assert_eq!(depth(r#"""" [ "#), 1, "an empty text, and what the parser does not pass");
        assert_eq!(tokens(r#"""" [ " [""#), 4, "an empty text, a text, a bracket, a quotation mark");
        assert_eq!(tokens(r#""""\\""""#), 3, "an escape, and so no end");
        assert_eq!(tokens(&"\"\"\" \\\"\"\" ".repeat(3)), 6);
    }

    #[test]
    fn what_can_be_read_in_several_ways_counts_most() {
        assert_eq!(tokens("0000"), 4);
        assert_eq!(tokens("100 -0 -10.5e-3 1.5 1E9 0.0"), 6);
        assert_eq!(tokens("1.x"), 3);
        assert_eq!(tokens("nulltruefalsex"), 4);
        assert_eq!(tokens("queryQ{a}"), 5);
        assert_eq!(tokens("null0"), 2);
        assert_eq!(Scanner::new("trueName").next(), Some(Token::Name(8)));
        assert_eq!(tokens("...on X ...F .."), 7);
        assert_eq!(tokens("$a: [Int!]! = 1 @b & \u{feff},\t"), 13);
    }
}
