//! The size of what the schema tells of itself. Its lists cannot be paged, so that no argument says how long they are.

/// Lists of the schema: how long they are, or for parts of a type, how long they are on average.
const LISTS: [(&str, u64); 8] = [
    ("types", 480),
    ("directives", 8),
    ("fields", 3),
    ("args", 1),
    ("inputFields", 3),
    ("enumValues", 2),
    ("possibleTypes", 1),
    ("interfaces", 1),
];

/// One type may be the one that has most of everything.
const LARGEST_TYPE: u64 = 30;

/// How many fields the types within a type have: clients ask for more levels of them than there are.
const WITHIN_TYPE: u64 = 4;

/// Whether a field at the root asks for the schema.
pub(super) fn is_introspection(field: &str) -> bool {
    matches!(field, "__schema" | "__type")
}

/// How many fields one of the schema's shows, when what is selected of it is so many.
pub(super) fn shown(field: &str, selected: u64) -> u64 {
    match field {
        "ofType" => selected.min(WITHIN_TYPE),
        "__type" => selected.saturating_mul(LARGEST_TYPE),
        list => {
            let known = LISTS.iter().find(|(name, _)| *name == list);
            selected.saturating_mul(known.map_or(1, |(_, length)| *length))
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_schema;
    use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};

    use super::*;

    #[test]
    fn the_lists_are_as_long_as_is_said() {
        let document = parse_schema(crate::graphql::sdl()).unwrap();
        let (mut types, mut fields, mut inputs) = (0, 0, 0);
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            types += 1;
            match definition.node.kind {
                TypeKind::Object(object) => fields += object.fields.len() as u64,
                TypeKind::InputObject(object) => inputs += object.fields.len() as u64,
                _ => {}
            }
        }
        let said = |name: &str| LISTS.iter().find(|(list, _)| *list == name).unwrap().1;
        assert!((types..types + 100).contains(&said("types")), "{types} types");
        assert!(said("fields") * types >= fields, "{fields} fields of {types} types");
        assert!(said("inputFields") * types >= inputs, "{inputs} fields of inputs, {types} types");
    }
}
