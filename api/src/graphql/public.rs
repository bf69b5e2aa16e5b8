//! What may be asked without a session.

use std::collections::HashSet;

use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};

use super::limits::chosen;

/// The root fields that may be asked without a session.
pub(super) const PUBLIC: [&str; 4] = ["login", "refreshSession", "health", "__typename"];

/// Whether any of an operation may run without a session. The schema itself may not be asked for, and what else is asked
/// besides a public field is refused where it is asked. The name of the type of mutations makes none of them public.
pub(super) fn is_public(document: &ExecutableDocument, operation: Option<&str>) -> bool {
    let Some(operation) = chosen(document, operation) else { return true };
    let mut fields = Vec::new();
    collect(&operation.selection_set.node, document, &mut HashSet::new(), &mut fields);
    let is_mutation = operation.ty == OperationType::Mutation;
    fields.iter().any(|field| PUBLIC.contains(field) && !(is_mutation && *field == "__typename"))
        && !fields.iter().any(|field| ["__schema", "__type"].contains(field))
}

/// Whether an operation does nothing but sign in, or go on being signed in: its attempts have a quota of their own.
pub(super) fn is_sign_in(document: &ExecutableDocument, operation: Option<&str>) -> bool {
    let Some(operation) = chosen(document, operation) else { return false };
    let mut fields = Vec::new();
    collect(&operation.selection_set.node, document, &mut HashSet::new(), &mut fields);
    operation.ty == OperationType::Mutation
        && fields.iter().all(|field| ["login", "refreshSession", "__typename"].contains(field))
}

/// The names of the fields that a set selects. Follows every fragment once, so that neither circles nor crowds of them
/// matter.
pub(super) fn collect<'d>(
    set: &'d SelectionSet,
    document: &'d ExecutableDocument,
    followed: &mut HashSet<&'d str>,
    into: &mut Vec<&'d str>,
) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => into.push(&field.node.name.node),
            Selection::InlineFragment(fragment) => {
                collect(&fragment.node.selection_set.node, document, followed, into);
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                if followed.insert(name)
                    && let Some(fragment) = document.fragments.get(name)
                {
                    collect(&fragment.node.selection_set.node, document, followed, into);
                }
            }
        }
    }
}
