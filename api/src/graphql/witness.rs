use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType, SelectionSet};
use async_graphql::{PathSegment, Response, ServerError};

use crate::deed::{Action, Deed, Outcome, deeds as told, united};
use crate::error::{Error, Result};

use super::Context;
use super::errors::own;
use super::limits::chosen;
use super::nulls::fields_called;
use super::types;

/// What a request was shown and what it was refused, which must be on record before any of the answer leaves.
pub(super) fn deeds(
    context: &Context,
    response: &Response,
    document: &ExecutableDocument,
    operation: Option<&OperationDefinition>,
) -> Vec<(Deed, Outcome)> {
    let disclosed = context.reader.take_disclosed();
    context.charge(&disclosed);
    let shown = told(&disclosed);
    let asked = united(context.reader.take_asked(), &shown);
    let mut deeds: Vec<(Deed, Outcome)> =
        shown.into_iter().chain(asked).map(|deed| (deed, Outcome::Succeeded)).collect();
    if let Some(operation) = operation {
        deeds.extend(denied(response, document, operation).into_iter().map(|deed| (deed, Outcome::Denied)));
    }
    deeds
}

/// Puts on record what a request was shown and what it was refused, before any of the answer leaves.
///
/// # Errors
/// `Unrecorded` when that cannot be done: then nothing of the answer may leave. `OutcomeUnknown` when the request may have
/// changed something, so that nobody is told that it did not.
pub(super) async fn put_on_record(
    context: &Context,
    response: &Response,
    document: &ExecutableDocument,
    operation: Option<&OperationDefinition>,
) -> Result<()> {
    let deeds = deeds(context, response, document, operation);
    let changes = operation.is_some_and(|operation| operation.ty == OperationType::Mutation);
    match context.cluster.record(&context.scope, deeds).await {
        Err(Error::Unrecorded(cause)) if changes => Err(Error::OutcomeUnknown(cause)),
        result => result,
    }
}

/// Puts on record that a request without a session was refused. Nothing of the document is believed yet, so no field is
/// named.
pub(super) async fn refused_nobody(
    context: &Context,
    document: &ExecutableDocument,
    operation: Option<&str>,
) -> Result<()> {
    let kind = chosen(document, operation).map_or(OperationType::Query, |operation| operation.ty);
    let deed = Deed::new(Action::Execute, types::root(kind));
    context.cluster.record(&context.scope, vec![(deed, Outcome::Denied)]).await
}

/// One deed for each field that was refused, however many records it was refused of.
fn denied(response: &Response, document: &ExecutableDocument, operation: &OperationDefinition) -> Vec<Deed> {
    let mut deeds: Vec<Deed> = Vec::new();
    for error in response.errors.iter().filter(|error| is_denial(error)) {
        let names = names(&error.path, document, &operation.selection_set.node);
        let root = names.first().copied().unwrap_or_default();
        let kind = types::root(operation.ty);
        let deed = Deed { fields: [names.join(".").into()].into(), ..Deed::new(action(operation.ty, root), kind) };
        if !deeds.contains(&deed) {
            deeds.push(deed);
        }
    }
    deeds
}

fn is_denial(error: &ServerError) -> bool {
    matches!(own(error.source.as_ref()), Some(Error::Forbidden(_) | Error::Unauthenticated(_)))
}

/// What a root field would have done, by its verb.
fn action(kind: OperationType, root: &str) -> Action {
    if kind != OperationType::Mutation {
        return Action::Read;
    }
    let verb = root.find(char::is_uppercase).map_or(root, |end| &root[..end]);
    match verb {
        "create" | "add" => Action::Create,
        "update" => Action::Update,
        "delete" | "remove" => Action::Delete,
        "restore" => Action::Restore,
        "login" => Action::Login,
        "logout" => Action::Logout,
        _ => Action::Execute,
    }
}

/// The names of the fields along an error's path, which has what the client calls them: that may be anything.
fn names<'d>(path: &[PathSegment], document: &'d ExecutableDocument, root: &'d SelectionSet) -> Vec<&'d str> {
    let mut names = Vec::new();
    let mut sets = vec![(None, root)];
    for segment in path {
        let PathSegment::Field(key) = segment else { continue };
        let fields = fields_called(key, &sets, document);
        let Some((_, first)) = fields.first() else { return names };
        names.push(first.name.node.as_str());
        sets = fields.iter().map(|(_, field)| (None, &field.selection_set.node)).collect();
    }
    names
}
