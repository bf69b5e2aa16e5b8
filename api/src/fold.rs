//! Folding of texts: the one form in which texts are compared that people take for the same. Nothing of it is left to a
//! database, so that both find the same.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Version of [`fold`]. Whatever stores folded texts stores it too, and folds anew when it has grown.
pub const VERSION: u32 = 1;

/// Letters that NFKD leaves whole, and what they are written as without their strokes and ligatures.
const LETTERS: [(char, &str); 14] = [
    ('ł', "l"),
    ('ø', "o"),
    ('đ', "d"),
    ('ð', "d"),
    ('ħ', "h"),
    ('ŧ', "t"),
    ('ı', "i"),
    ('ŋ', "n"),
    ('ß', "ss"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('þ', "th"),
    ('ς', "σ"),
    ('ĸ', "q"),
];

/// Two letters that stand for one with dots or a ring, as in Mueller, Soerensen and Aarhus; and that letter without them.
const DIGRAPHS: [(&str, &str); 4] = [("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a")];

/// The text without case, accents, strokes and ligatures: `Müller`, `MUELLER` and `Muller` are the same, and so are
/// `Łukasz` and `Lukasz`.
#[must_use]
pub fn fold(text: &str) -> String {
    let bare = text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase);
    let mut folded = String::with_capacity(text.len());
    // What is lowered may fall apart once more: the capital dotted I.
    for letter in bare.nfkd().filter(|letter| !is_combining_mark(*letter)) {
        match LETTERS.iter().find(|(known, _)| *known == letter) {
            Some((_, plain)) => folded.push_str(plain),
            None => folded.push(letter),
        }
    }
    DIGRAPHS.iter().fold(folded, |text, (two, one)| text.replace(two, one))
}

/// The text without case alone, in NFC. The final sigma is a small sigma like the other.
#[must_use]
pub fn lower(text: &str) -> String {
    text.nfc().collect::<String>().to_lowercase().replace('ς', "σ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_take_for_the_same_is_the_same() {
        for (one, other) in [
            ("Łukasz", "lukasz"),
            ("Sørensen", "SOERENSEN"),
            ("Sørensen", "Sorensen"),
            ("Đorđe", "Dorde"),
            ("Strauß", "STRAUSS"),
            ("Yıldız", "YILDIZ"),
            ("İbrahim", "ibrahim"),
            ("Æthelred", "Aethelred"),
            ("Müller", "Mueller"),
            ("Müller", "Muller"),
            ("Mu\u{308}ller", "Müller"),
            ("Åse", "Aase"),
            ("ΚΏΣΤΑΣ", "Κώστας"),
            ("Þór", "Thor"),
            ("ﬁ", "fi"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
            assert_eq!(fold(&fold(one)), fold(one), "{one} is folded once for all");
        }
        assert_ne!(fold("Meier"), fold("Maier"));
        assert_ne!(fold("山田"), fold("山本"));
    }

    #[test]
    fn case_alone_is_lowered_alike() {
        assert_eq!(lower("ΚΩΣΤΑΣ"), lower("κωστας"));
        assert!(lower("κωστας").starts_with(&lower("ΚΩΣ")));
        assert_eq!(lower("E\u{301}mile"), "émile");
        assert_ne!(lower("Müller"), lower("Muller"));
    }
}
