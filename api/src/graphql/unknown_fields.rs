use async_graphql::parser::types::ExecutableDocument;

use crate::error::{Error, Result};

use super::types::Types;

/// How many fields that there are not a document may name: for each, validation looks for those of the type that might have
/// been meant, letter by letter.
const MAX_UNKNOWN: usize = 20;

impl Types {
    /// Judges the names of a document's fields.
    ///
    /// # Errors
    /// `BadRequest` for a document that names too many fields that there are not.
    pub(super) fn check_names(&self, document: &ExecutableDocument) -> Result<()> {
        let mut unknown = Vec::new();
        self.each_field(document, &mut |field, known| {
            if known.is_none() && unknown.len() <= MAX_UNKNOWN {
                unknown.push(field.name.node.clone());
            }
        });
        match unknown.get(MAX_UNKNOWN) {
            None => Ok(()),
            Some(name) => Err(Error::BadRequest(format!(
                "the document names more than {MAX_UNKNOWN} fields that there are not, the last being {name}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn only_so_many_fields_may_be_wrong() {
        let types =
            Types::of("type Query { a: [A!] b: Int } interface I { x: Int } type A implements I { x: Int a: A }");
        let check = |text: &str| types.check_names(&parse_query(text).unwrap());
        assert!(check(&format!("{{ a {{ {} }} b __schema {{ x }} }}", "x a { a { x } } ".repeat(50))).is_ok());
        let wrong = "x ".repeat(MAX_UNKNOWN);
        assert!(check(&format!("{{ {wrong} }}")).is_ok(), "validation tells of each");
        for text in [
            format!("{{ {wrong} y }}"),
            format!("{{ {wrong} a {{ y }} }}"),
            format!("{{ {wrong} ... {{ ... on A {{ b }} }} }}"),
            format!("{{ {wrong} ...F }} fragment F on I {{ a }}"),
        ] {
            assert!(matches!(check(&text), Err(Error::BadRequest(_))), "{text}");
        }
        assert!(check(&format!("{{ a {{ {} }} }}", "nothing { x y z } ".repeat(MAX_UNKNOWN))).is_ok());
    }
}
