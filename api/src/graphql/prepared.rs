use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType};
use async_graphql::{Response, Variables};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::Error;

use super::documents::Fault;
use super::engine::{Answer, Engine, MAX_ERRORS, refused_by};
use super::errors::refusal_of;
use super::executor::Validated;
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
    /// The document as it runs with the variables.
    pub(super) document: Arc<ExecutableDocument>,
    pub(super) validated: Validated,
    pub(super) operation: Option<String>,
    pub(super) variables: Variables,
    pub(super) cost: Cost,
}

impl Prepared {
    /// The operation that is going to run, if the request means one.
    pub(super) fn chosen(&self) -> Option<&OperationDefinition> {
        chosen(&self.document, self.operation.as_deref())
    }

    /// What kind of operation that is.
    pub(super) fn kind(&self) -> OperationType {
        self.chosen().map_or(OperationType::Query, |operation| operation.ty)
    }

    /// What decides what is told of an event, where it is a subscription.
    pub(super) fn question(&self) -> Question {
        let question = self.chosen().map(|operation| {
            question(&self.text, self.operation.as_deref(), operation, &self.document, &self.variables)
        });
        Sha256::digest(question.as_deref().unwrap_or(&self.text)).into()
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
        let mut variables = request.variables.unwrap_or_default();
        let operation = request.operation_name.as_deref().filter(|name| !name.is_empty());
        let valid = chosen(&document.parsed, operation).filter(|_| document.validated.is_some());
        extent::check(&document.parsed, valid, &variables).map_err(refused)?;
        if document.validated.is_none() {
            self.executor.types().check_names(&document.parsed).map_err(refused)?;
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
        let is_validated = document.validated.is_some();
        let settled = self.executor.coerce(&document.parsed, is_validated, operation, &mut variables);
        let settled = settled.map_err(|wrong| refused_all(wrong, id))?;
        let cost = self.limits.check(&settled, operation, &variables).map_err(refused)?;
        if let Some(operation) = chosen(&settled, operation) {
            check_root(operation, &settled).map_err(refused)?;
        }
        if let Some(budget) = context.budget.as_ref().filter(|_| !is_sign_in) {
            budget.check().map_err(refused)?;
        }
        if let Some(meter) = context.meter.as_ref().filter(|_| !is_sign_in) {
            meter.spend(cost.complexity).map_err(refused)?;
        }
        let operation = operation.map(ToOwned::to_owned);
        let validated = document.validated.clone().unwrap_or_default();
        let prepared = Prepared { text, document: settled, validated, operation, variables, cost };
        if document.validated.is_some() {
            return Ok(prepared);
        }
        Box::pin(self.validate(prepared, document.parsed, context)).await
    }

    /// Validates the document of a request, and keeps it for later ones.
    async fn validate(
        &self,
        prepared: Prepared,
        document: Arc<ExecutableDocument>,
        context: &Context,
    ) -> Result<Prepared, Box<Answer>> {
        match self.executor.validate(&document, prepared.operation.as_deref()).await {
            Ok(validated) => {
                self.documents.remember(&prepared.text, document, validated.clone());
                Ok(Prepared { validated, ..prepared })
            }
            Err(errors) => {
                let response = Response::from_errors(errors);
                Err(Box::new(self.finished(&prepared, context, response, Instant::now())))
            }
        }
    }
}

fn refused_all(mut errors: Vec<Error>, request: Uuid) -> Box<Answer> {
    errors.truncate(MAX_ERRORS);
    Box::new(Answer::of(refusal_of(errors, request), true))
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
