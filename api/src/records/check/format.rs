//! How texts of each kind are written.

use crate::error::{FaultCode, FaultParams};
use crate::phone_number::{self, Broken, PhoneNumber};
use crate::records::invisible::has_invisible;

/// Characters of an email address at most (RFC 5321, section 4.5.3.1.3, less the angle brackets).
const MAX_EMAIL_LENGTH: usize = 254;
/// Characters before the `@` of an email address at most (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL_PART_LENGTH: usize = 64;

/// Texts without control characters, as a regular expression (ECMA-262).
const NO_CONTROLS: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// Email addresses, but for how long the part before the `@` may be.
const EMAIL: &str = r"^[!-\-/-?A-~]+(\.[!-\-/-?A-~]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$";

/// Kind of a text.
#[derive(Clone, Copy, Debug)]
pub(in crate::records) enum Kind {
    /// Words, of so many characters at most.
    Plain(usize),
    /// A name, of so many characters at most, without any that cannot be seen.
    Name(usize),
    /// An email address.
    Email,
    /// A phone number.
    Phone,
    /// Exactly so many letters from A to Z.
    Letters(usize),
    /// Exactly so many digits.
    Digits(usize),
    /// What an entry of a code system is known by: printable ASCII without spaces, of so many characters at most.
    Code(usize),
    /// A code of a clinical code system: printable ASCII with single spaces within it, of so many characters
    /// at most (<https://hl7.org/fhir/R4/datatypes.html#code>).
    SpacedCode(usize),
    /// A region's code: the two letters of its country, a hyphen, and one to three letters or digits (ISO 3166-2).
    Subdivision,
    /// A country's calling code: `+` and one to three digits (ITU-T E.164).
    CallingCode,
    /// One to so many digits.
    DigitsUpTo(usize),
}

/// The rule that a text breaks, if it breaks one, and the rule's limits.
pub(super) fn broken(kind: Kind, text: &str) -> Option<(FaultCode, String, FaultParams)> {
    let length = text.chars().count();
    if text.chars().any(char::is_control) {
        let pattern = FaultParams::matching(NO_CONTROLS);
        return Some((FaultCode::InvalidFormat, "must not have control characters".to_owned(), pattern));
    }
    let too_long = |max| (FaultCode::TooLong, format!("must have at most {max} characters"), FaultParams::at_most(max));
    match kind {
        Kind::Plain(max) | Kind::Name(max) | Kind::Code(max) | Kind::SpacedCode(max) if length > max => {
            Some(too_long(max))
        }
        Kind::Email if length > MAX_EMAIL_LENGTH => Some(too_long(MAX_EMAIL_LENGTH)),
        Kind::Name(_) if has_invisible(text) => Some((
            FaultCode::InvalidFormat,
            "must not have characters that cannot be seen, or that change the direction of writing".to_owned(),
            FaultParams::default(),
        )),
        Kind::Phone => broken_phone(text, length),
        Kind::Plain(_)
        | Kind::Name(_)
        | Kind::Email
        | Kind::Letters(_)
        | Kind::Digits(_)
        | Kind::DigitsUpTo(_)
        | Kind::Code(_)
        | Kind::SpacedCode(_)
        | Kind::Subdivision
        | Kind::CallingCode => {
            let (is_valid, message) = format_of(kind, text, length);
            let params = pattern(kind).map(FaultParams::matching).unwrap_or_default();
            (!is_valid).then_some((FaultCode::InvalidFormat, message, params))
        }
    }
}

/// Tells whether a text is written as its kind must be, and how that is.
fn format_of(kind: Kind, text: &str, length: usize) -> (bool, String) {
    let is_upper = |c: char| c.is_ascii_uppercase();
    let is_digits = || text.chars().all(|c| c.is_ascii_digit());
    match kind {
        Kind::Plain(_) | Kind::Name(_) | Kind::Phone => (true, String::new()),
        Kind::Email => (is_email(text), "must be an email address, such as name@example.org".to_owned()),
        Kind::Letters(exact) => {
            (length == exact && text.chars().all(is_upper), format!("must be {exact} letters from A to Z"))
        }
        Kind::Digits(exact) => (length == exact && is_digits(), format!("must be {exact} digits")),
        Kind::DigitsUpTo(max) => (length <= max && is_digits(), format!("must be 1 to {max} digits")),
        Kind::CallingCode => {
            let is_valid = text.strip_prefix('+').is_some_and(|digits| {
                (1..=3).contains(&digits.len())
                    && !digits.starts_with('0')
                    && digits.chars().all(|c| c.is_ascii_digit())
            });
            (is_valid, "must be + and one to three digits, such as +1".to_owned())
        }
        Kind::Subdivision => {
            let is_own =
                |own: &str| (1..=3).contains(&own.len()) && own.chars().all(|c| is_upper(c) || c.is_ascii_digit());
            let parts = text.split_once('-');
            let is_valid =
                parts.is_some_and(|(country, own)| country.len() == 2 && country.chars().all(is_upper) && is_own(own));
            (is_valid, "must be a code of ISO 3166-2, such as US-MA".to_owned())
        }
        Kind::SpacedCode(_) => (
            text.chars().all(|c| c.is_ascii_graphic() || c == ' ') && !text.contains("  "),
            "must consist of letters, digits and signs of ASCII, with single spaces between them".to_owned(),
        ),
        Kind::Code(_) => (
            text.chars().all(|c| c.is_ascii_graphic()),
            "must consist of letters, digits and signs of ASCII".to_owned(),
        ),
    }
}

/// Regular expression (ECMA-262) that the texts of a kind match, where there is one.
fn pattern(kind: Kind) -> Option<String> {
    Some(match kind {
        Kind::Plain(_) | Kind::Name(_) | Kind::Phone => return None,
        Kind::Email => EMAIL.to_owned(),
        Kind::Letters(exact) => format!("^[A-Z]{{{exact}}}$"),
        Kind::Digits(exact) => format!("^[0-9]{{{exact}}}$"),
        Kind::DigitsUpTo(max) => format!("^[0-9]{{1,{max}}}$"),
        Kind::CallingCode => r"^\+[1-9][0-9]{0,2}$".to_owned(),
        Kind::Subdivision => "^[A-Z]{2}-[A-Z0-9]{1,3}$".to_owned(),
        Kind::Code(_) => "^[!-~]*$".to_owned(),
        Kind::SpacedCode(_) => "^[!-~]+( [!-~]+)*$".to_owned(),
    })
}

fn broken_phone(text: &str, length: usize) -> Option<(FaultCode, String, FaultParams)> {
    let (max, most) = (phone_number::MAX_LENGTH, phone_number::MAX_DIGITS);
    if length > max {
        return Some((FaultCode::TooLong, format!("must have at most {max} characters"), FaultParams::at_most(max)));
    }
    let least = phone_number::MIN_DIGITS;
    Some(match PhoneNumber::read(text).err()? {
        Broken::Form => (
            FaultCode::InvalidFormat,
            "must be a phone number, such as +44 20 7946 0000 or 020 7946 0000 ext. 12".to_owned(),
            FaultParams::default(),
        ),
        Broken::TooShort => {
            (FaultCode::TooShort, format!("must have at least {least} digits"), FaultParams::at_least(least))
        }
        Broken::TooLong => (FaultCode::TooLong, format!("must have at most {most} digits"), FaultParams::at_most(most)),
    })
}

/// What mail servers deliver to: a dot-atom, or what comes close to it, before the `@` (RFC 5321, section 4.1.2), and
/// at least two labels of letters, digits and inner hyphens after it (RFC 1035, section 2.3.1).
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let dotted = |text: &str| !text.starts_with('.') && !text.ends_with('.') && !text.contains("..");
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    (1..=MAX_LOCAL_PART_LENGTH).contains(&local.len())
        && local.chars().all(|c| c.is_ascii_graphic())
        && dotted(local)
        && domain.contains('.')
        && domain.split('.').all(label)
}
