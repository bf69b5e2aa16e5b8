//! The size of JSON that strangers send, judged before anything is made of it: a value takes many times its bytes.

use crate::error::{Error, Result};

use super::extent::MAX_VALUES;
use super::limits::MAX_NESTING;

/// Judges a JSON text by its brackets and commas. How many entries it has, where it is a list.
///
/// What is no JSON is for its parser to refuse, which goes no further than to what is wrong with it.
///
/// # Errors
/// `Limit` when it nests too deep or holds too many values.
pub fn check_json(json: &[u8]) -> Result<usize> {
    judge(json, MAX_NESTING, MAX_VALUES)
}

pub(super) fn judge(json: &[u8], max_nesting: usize, max_values: usize) -> Result<usize> {
    let (mut nesting, mut values, mut commas) = (0_usize, 1_usize, 0);
    let mut rest = json;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = after_text(rest),
            b'[' | b'{' => {
                nesting += 1;
                values += usize::from(!matches!(rest.trim_ascii_start().first(), Some(b']' | b'}')));
            }
            b']' | b'}' => nesting = nesting.saturating_sub(1),
            b',' => {
                values += 1;
                commas += usize::from(nesting == 1);
            }
            _ => {}
        }
        if nesting > max_nesting {
            return Err(Error::Limit(format!("the JSON nests more than {max_nesting} levels deep")));
        }
        if values > max_values {
            return Err(Error::Limit(format!("the JSON holds more than {max_values} values")));
        }
    }
    Ok(if is_filled_list(json) { commas + 1 } else { 0 })
}

/// What follows the text that has begun.
fn after_text(mut rest: &[u8]) -> &[u8] {
    loop {
        let passed = rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\')).count();
        match rest.get(passed) {
            Some(b'"') => return &rest[passed + 1..],
            Some(_) => rest = rest.get(passed + 2..).unwrap_or_default(),
            None => return &[],
        }
    }
}

fn is_filled_list(json: &[u8]) -> bool {
    json.trim_ascii_start().strip_prefix(b"[").is_some_and(|rest| !rest.trim_ascii_start().starts_with(b"]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entries_of_a_list_are_counted() {
        for (json, items) in [
            ("", 0),
            ("{}", 0),
            ("[]", 0),
            (" [ \n]", 0),
            ("[1]", 1),
            (r#"[{"a": [1, 2]}, "x,\",[", 3]"#, 3),
            (r#"{"a": [1, 2]}"#, 0),
            (r#"["\"#, 1),
        ] {
            assert_eq!(check_json(json.as_bytes()).unwrap(), items, "{json}");
        }
    }

    #[test]
    fn what_is_too_deep_or_too_much_is_refused() {
        let refused = |json: &str| matches!(check_json(json.as_bytes()), Err(Error::Limit(_)));
        assert!(!refused(&"[".repeat(MAX_NESTING)) && refused(&"[".repeat(MAX_NESTING + 1)));
        assert!(!refused(&"{}".repeat(1000)) && refused(&format!("[{}]", "{},".repeat(MAX_VALUES))));
        assert!(!refused(&format!("[{}0]", "{},".repeat(MAX_VALUES - 3))), "exactly as many as there may be");
        assert!(!refused(&format!("\"{}\"", "[,".repeat(MAX_VALUES))), "a text");
        assert!(!refused(&format!("\"\\\"{}", "[,".repeat(MAX_VALUES))), "a text without an end");
    }
}
