//! Phone numbers: read as people write them, and brought into the one form in which they are compared.

use phonenumber::Mode;
use phonenumber::country::Id;
use phonenumber::metadata::{DATABASE, Database};
use unicode_normalization::UnicodeNormalization;

/// Digits of a phone number at least, without its extension.
pub const MIN_DIGITS: usize = 10;
/// Digits of a phone number at most, without its extension (ITU-T E.164, section 6.1).
pub const MAX_DIGITS: usize = 15;
/// Characters of a phone number as written, at most.
pub const MAX_LENGTH: usize = 40;
/// Digits of an extension at most.
const MAX_EXTENSION: usize = 7;
/// Characters between a number and its extension, in lower case.
const EXTENSIONS: [&str; 6] = ["ext", "extn", "extension", "x", "#", ";ext"];
/// Separators beside blanks. The hyphens and dashes are those of Unicode that look like one; compatibility variants become
/// one of these by NFKC.
const SEPARATORS: &str = "-().,/\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}\u{30FC}\u{2043}\u{00B7}";

/// Loads the numbering plans, unless they are loaded. That takes 0.2 s of a processor and 7 MB, once.
pub fn load_plans() {
    let _: &Database = &DATABASE;
}

/// A phone number that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneNumber {
    digits: String,
    is_international: bool,
}

/// The rule that a text breaks as a phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It has something else in it.
    Form,
    /// It has less than [`MIN_DIGITS`] digits.
    TooShort,
    /// It has more than [`MAX_DIGITS`] digits.
    TooLong,
}

impl PhoneNumber {
    /// Reads a number: digits, also full-width ones, a `+` before them, separators between them, `tel:` before and an
    /// extension after all that.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn read(text: &str) -> Result<Self, Broken> {
        // With the first number at the latest, before it is in a transaction.
        load_plans();
        let number = Self::lenient(text).ok_or(Broken::Form)?;
        match number.digits.len() {
            0 => Err(Broken::Form),
            1..MIN_DIGITS => Err(Broken::TooShort),
            MIN_DIGITS..=MAX_DIGITS => Ok(number),
            _ => Err(Broken::TooLong),
        }
    }

    /// Reads a number of any length; none for a text that is none.
    #[must_use]
    pub fn lenient(text: &str) -> Option<Self> {
        let plain: String = text.nfkc().flat_map(char::to_lowercase).collect();
        let plain = plain.trim();
        let plain = plain.strip_prefix("tel:").unwrap_or(plain);
        let end = plain.find(|c: char| c.is_ascii_alphabetic() || "#;".contains(c)).unwrap_or(plain.len());
        let (number, extension) = plain.split_at(end);
        if !extension.is_empty() && !is_extension(extension) {
            return None;
        }
        let (mut digits, mut is_international) = (String::new(), false);
        for letter in number.chars() {
            match letter {
                '0'..='9' => digits.push(letter),
                '+' if digits.is_empty() && !is_international => is_international = true,
                _ if letter.is_whitespace() || SEPARATORS.contains(letter) => {}
                _ => return None,
            }
        }
        Some(Self { digits, is_international })
    }

    /// Digits alone, as they were written.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// True when the number was written with a `+`.
    #[must_use]
    pub const fn is_international(&self) -> bool {
        self.is_international
    }

    /// The form in which numbers are compared: E.164 where a numbering plan has the number, or else its digits alone.
    /// A number without `+` is one of `country`, by its code of ISO 3166-1.
    #[must_use]
    pub fn key(&self, country: Option<&str>) -> String {
        self.e164(country).unwrap_or_else(|| self.digits.clone())
    }

    /// E.164 of a national number with this country code, such as `+44`; none where no numbering plan has it.
    #[must_use]
    pub fn abroad(&self, calling_code: Option<&str>) -> Option<String> {
        let code = calling_code.filter(|_| !self.is_international)?.trim_start_matches('+');
        let digits = format!("{code}{}", self.digits.trim_start_matches('0'));
        Self { digits, is_international: true }.e164(None)
    }

    fn e164(&self, country: Option<&str>) -> Option<String> {
        let country: Option<Id> = country.and_then(|code| code.parse().ok());
        let text = if self.is_international { format!("+{}", self.digits) } else { self.digits.clone() };
        if !self.is_international && country.is_none() {
            return None;
        }
        let number = phonenumber::parse(country, text).ok().filter(phonenumber::is_valid)?;
        Some(number.format().mode(Mode::E164).to_string())
    }
}

/// A word for an extension and its digits, such as `ext. 12`.
fn is_extension(text: &str) -> bool {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let word = text[..text.len() - digits.len()].trim_end_matches([' ', '.', ':', '=']);
    EXTENSIONS.contains(&word)
        && (1..=MAX_EXTENSION).contains(&digits.len())
        && digits.chars().all(|c| c.is_ascii_digit())
}

/// E.164 within a key; none for a number that no numbering plan has.
#[must_use]
pub fn e164(key: &str) -> Option<&str> {
    key.starts_with('+').then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, country, key) in [
            ("+44 20 7946 0000", None, "+442079460000"),
            ("020 7946 0000", Some("GB"), "+442079460000"),
            ("tel:+44-20-7946-0000", None, "+442079460000"),
            ("(020) 7946.0000 ext. 12", Some("GB"), "+442079460000"),
            ("+44 20 7946 0000;ext=12", None, "+442079460000"),
            ("+44 20 7946 0000 x12", None, "+442079460000"),
            ("＋４４　２０　７９４６　００００", None, "+442079460000"),
            ("+44\u{2011}20\u{2013}7946\u{2212}0000", None, "+442079460000"),
            ("0044 20 7946 0000", Some("GB"), "+442079460000"),
            ("06 12 34 56 78", Some("FR"), "+33612345678"),
            ("(202) 456-1414", Some("US"), "+12024561414"),
            ("202.456.1414", Some("US"), "+12024561414"),
            // What no plan has.
            ("555-267-5674", Some("US"), "5552675674"),
            ("+1 555-267-5674", None, "15552675674"),
            ("020 7946 0000", None, "02079460000"),
        ] {
            assert_eq!(PhoneNumber::read(text).map(|number| number.key(country)).as_deref(), Ok(key), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_told() {
        for (text, broken) in [
            ("", Broken::Form),
            ("+()-", Broken::Form),
            ("020 7946 0000 please", Broken::Form),
            ("020 7946 0000 ext", Broken::Form),
            ("020 7946 0000 x12345678", Broken::Form),
            ("020 7946 +0000", Broken::Form),
            ("1-800-FLOWERS", Broken::Form),
            ("٠١٢٣٤٥٦٧٨٩", Broken::Form),
            ("123 456 789", Broken::TooShort),
            ("1234567890123456", Broken::TooLong),
        ] {
            assert_eq!(PhoneNumber::read(text), Err(broken), "{text}");
        }
    }
}
