use std::collections::HashSet;
use std::sync::Arc;

use async_graphql::Variables;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::Error;

use super::documents::{Document, Fault};
use super::engine::{Answer, Engine, MAX_ERRORS, refused_by};
use super::errors::refusal_of;
use super::extent;
use super::limits::{Cost, chosen};
use super::public::{collect, is_public, is_sign_in};
use super::question::question;
use super::request::Request;
use super::tellings::Question;
use super::witness::refused_nobody;
use super::{Context, emergency};

/// A request that may run: its document is within the limits, and the caller may ask for that much.
pub(super) struct Prepared {
    text: Arc<str>,
    pub(super) document: Document,
    pub(super) operation: Option<String>,
    pub(super) variables: Variables,
    pub(super) cost: Cost,
}

impl Prepared {
    /// The operation that is going to run, if the request means one.
    pub(super) fn chosen(&self) -> Option<&OperationDefinition> {
        chosen(&self.document.parsed, self.operation.as_deref())
    }

    /// What kind of operation that is.
    pub(super) fn kind(&self) -> OperationType {
        self.chosen().map_or(OperationType::Query, |operation| operation.ty)
    }

    /// What decides what is told of an event, where it is a subscription.
    pub(super) fn question(&self) -> Question {
        let question = self.chosen().map(|operation| {
            question(&self.text, self.operation.as_deref(), operation, &self.document.parsed, &self.variables)
        });
        Sha256::digest(question.as_deref().unwrap_or(&self.text)).into()
    }

    /// The request as the schema takes it, on behalf of the context's caller.
    pub(super) fn inner(&self, variables: Variables, context: &Arc<Context>) -> async_graphql::Request {
        let mut inner = async_graphql::Request::new("").variables(variables).data(Arc::clone(context));
        inner.operation_name.clone_from(&self.operation);
        inner.set_parsed_query((*self.document.parsed).clone());
        inner
    }
}

impl Engine {
    /// Everything that is judged before any of a request runs.
    pub(super) async fn prepare(&self, request: Request<'_>, context: &Context) -> Result<Prepared, Box<Answer>> {
        let id = context.scope.request;
        let refused = |error| Box::new(Answer::refused(error, id));
        let text = self.text(&request).map_err(|fault| fault.answer(id))?;
        let document = self.documents.get(&text, &self.limits).map_err(|fault| match fault {
            Fault::Refused(error) => refused(error),
            Fault::Syntax(error) => Box::new(refused_by(error, id)),
        })?;
        let variables = request.variables.unwrap_or_default();
        let operation = request.operation_name.as_deref();
        let valid = chosen(&document.parsed, operation).filter(|_| document.is_validated);
        extent::check(&document.parsed, valid, &variables).map_err(refused)?;
        if !document.is_validated {
            self.outputs.check(&document.parsed).map_err(refused)?;
        }
        let is_sign_in = context.scope.is_nobody() && is_sign_in(&document.parsed, operation);
        if let Some(seconds) = context.sign_in_only.filter(|_| !is_sign_in) {
            return Err(refused(Error::RateLimited { seconds }));
        }
        if context.scope.is_nobody() && !is_public(&document.parsed, operation) {
            let error = match refused_nobody(context, &document.parsed, operation).await {
                Ok(()) => context.scope.unauthenticated.into(),
                Err(error) => error,
            };
            return Err(Box::new(Answer { is_unauthenticated: true, ..*refused(error) }));
        }
        emergency::check(context, &document.parsed, operation).await.map_err(refused)?;
        let cost = self.limits.check(&document.parsed, operation, &variables).map_err(refused)?;
        let mut wrong = Vec::new();
        if !document.is_validated {
            wrong.extend(self.inputs.check_document(&document.parsed, &self.outputs));
        }
        if let Some(operation) = chosen(&document.parsed, operation) {
            wrong.extend(self.inputs.check(operation, &document.parsed, &variables));
            refuse_all(wrong, id)?;
            check_root(operation, &document.parsed).map_err(refused)?;
        }
        if let Some(budget) = context.budget.as_ref().filter(|_| !is_sign_in) {
            budget.check().map_err(refused)?;
        }
        if let Some(meter) = context.meter.as_ref().filter(|_| !is_sign_in) {
            meter.spend(cost.complexity).map_err(refused)?;
        }
        let operation = operation.map(ToOwned::to_owned);
        Ok(Prepared { text, document, operation, variables, cost })
    }

    /// Keeps the document, which has passed validation.
    pub(super) fn remember(&self, prepared: &Prepared) {
        if !prepared.document.is_validated {
            self.documents.remember(&prepared.text, Arc::clone(&prepared.document.parsed));
        }
    }
}

fn refuse_all(mut errors: Vec<Error>, request: Uuid) -> Result<(), Box<Answer>> {
    errors.truncate(MAX_ERRORS);
    if errors.is_empty() { Ok(()) } else { Err(Box::new(Answer::of(refusal_of(errors, request), true))) }
}

/// A subscription has one root field, which tells of events: the specification's rule in 5.2.4.1, which the library does
/// not check.
fn check_root(operation: &OperationDefinition, document: &ExecutableDocument) -> Result<(), Error> {
    if operation.ty != OperationType::Subscription {
        return Ok(());
    }
    let mut fields = Vec::new();
    collect(&operation.selection_set.node, document, &mut HashSet::new(), &mut fields);
    let is_one = fields.len() == 1 && !fields[0].starts_with("__");
    if is_one { Ok(()) } else { Err(Error::BadRequest("a subscription has exactly one root field".to_owned())) }
}
