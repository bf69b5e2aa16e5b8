//! Characters that cannot be seen, and that make a name look like another one: RFC 8264, section 9.13, refuses them, and
//! RFC 5892, appendix A, tells where two of them are needed.

use std::ops::RangeInclusive;

use unicode_normalization::char::canonical_combining_class;

/// Zero-width characters, fillers, marks and overrides of the writing direction, separators of lines, and tags. Selectors
/// of variants are not among them: Japanese and Mongolian names need theirs. The tables' CHECKs have the same.
const REFUSED: [RangeInclusive<char>; 16] = [
    '\u{AD}'..='\u{AD}',
    '\u{34F}'..='\u{34F}',
    '\u{61C}'..='\u{61C}',
    '\u{115F}'..='\u{1160}',
    '\u{17B4}'..='\u{17B5}',
    '\u{200B}'..='\u{200B}',
    '\u{200E}'..='\u{200F}',
    '\u{2028}'..='\u{202E}',
    '\u{2060}'..='\u{206F}',
    '\u{3164}'..='\u{3164}',
    '\u{FEFF}'..='\u{FEFF}',
    '\u{FFA0}'..='\u{FFA0}',
    '\u{FFF0}'..='\u{FFFB}',
    '\u{1D173}'..='\u{1D17A}',
    '\u{E0000}'..='\u{E007F}',
    '\u{180E}'..='\u{180E}',
];

const NON_JOINER: char = '\u{200C}';
const JOINER: char = '\u{200D}';
/// Canonical combining class of viramas.
const VIRAMA: u8 = 9;

/// Tells whether a name has a character that cannot be seen. A joiner may follow a virama, as in Indic names; so may a
/// non-joiner, which may also stand between two letters of a script that joins its letters, as in Persian ones.
pub(super) fn has_invisible(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    letters.iter().enumerate().any(|(index, letter)| {
        let before = index.checked_sub(1).and_then(|index| letters.get(index)).copied();
        let is_after_virama = before.is_some_and(|letter| canonical_combining_class(letter) == VIRAMA);
        match *letter {
            JOINER => !is_after_virama,
            NON_JOINER => {
                let is_between =
                    before.is_some_and(joins) && letters.get(index + 1).is_some_and(|letter| joins(*letter));
                !is_after_virama && !is_between
            }
            letter => REFUSED.iter().any(|range| range.contains(&letter)),
        }
    })
}

/// Letters and marks of scripts whose letters join: Arabic, Syriac, N'Ko, Mandaic, Mongolian, Phags-pa, Manichaean, Adlam.
const fn joins(letter: char) -> bool {
    matches!(letter,
        '\u{620}'..='\u{6FF}'
        | '\u{700}'..='\u{77F}'
        | '\u{7C0}'..='\u{7FF}'
        | '\u{840}'..='\u{85F}'
        | '\u{860}'..='\u{8FF}'
        | '\u{1820}'..='\u{18AA}'
        | '\u{A840}'..='\u{A873}'
        | '\u{FB50}'..='\u{FDFF}'
        | '\u{FE70}'..='\u{FEFC}'
        | '\u{10AC0}'..='\u{10AFF}'
        | '\u{1E900}'..='\u{1E94B}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_need_is_let_through_and_nothing_else() {
        // Persian Amir-Ali with a non-joiner, Malayalam and Sinhala with joiners, Japanese with a selector of variants.
        for name in ["امیر\u{200C}علی", "അന്\u{200D}വര്\u{200D}", "ශ\u{DCA}\u{200D}රී", "葛\u{E0100}城", "O'Neil", "Zoë"]
        {
            assert!(!has_invisible(name), "{name}");
        }
        for name in [
            "Ja\u{200B}ne",
            "Ja\u{200C}ne",
            "Ja\u{200D}ne",
            "\u{200C}امیر",
            "امیر\u{200C}",
            "\u{202E}enaJ",
            "Jane\u{200F}",
            "\u{FEFF}Jane",
            "Ja\u{AD}ne",
            "Ja\u{2066}ne",
            "Jane\u{E0041}",
            "\u{3164}",
        ] {
            assert!(has_invisible(name), "{name:?}");
        }
    }
}
