use std::fmt;
use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{
    ObjectType, Response, Schema, SchemaBuilder, ServerError, SubscriptionType, ValidationMode, Value, Variables,
};

use crate::error::Error;

use super::empty_objects::MaybeEmpty;
use super::limits::chosen;
use super::nulls::propagate;
use super::ordered::order;
use super::types::Types;
use super::variables::settle;

/// Executes the operations of one schema to the letter of the GraphQL specification, where the library departs from it.
///
/// A document is validated in full when it is first seen, by a schema that does nothing else. It runs on another one over
/// the same resolvers, which takes its validity for granted and hooks nothing into the execution of fields.
pub struct Executor<Q, M, S> {
    validating: Schema<Q, M, S>,
    schema: Schema<Q, M, S>,
    types: Types,
}

/// Result of validating a document, which its execution needs.
#[derive(Clone, Debug, Default)]
pub struct Validated(Arc<MaybeEmpty>);

impl<Q, M, S> fmt::Debug for Executor<Q, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").finish_non_exhaustive()
    }
}

impl<Q: ObjectType + 'static, M: ObjectType + 'static, S: SubscriptionType + 'static> Executor<Q, M, S> {
    /// An executor of the schema that `build` begins.
    pub fn new(build: impl Fn() -> SchemaBuilder<Q, M, S>) -> Self {
        // How deep fields and fragments may nest is limited before.
        let build = || build().limit_recursive_depth(usize::MAX);
        let schema = build().validation_mode(ValidationMode::Fast).finish();
        let validating = build().validation_mode(ValidationMode::Strict).extension(ValidationOnly).finish();
        let types = Types::of(&schema.sdl());
        Self { validating, schema, types }
    }

    /// The schema that operations run on.
    #[must_use]
    pub const fn schema(&self) -> &Schema<Q, M, S> {
        &self.schema
    }

    pub(super) const fn types(&self) -> &Types {
        &self.types
    }

    /// Validates a document, whatever the values of its variables.
    ///
    /// # Errors
    /// Everything that is found wrong with it.
    pub async fn validate(
        &self,
        document: &ExecutableDocument,
        operation: Option<&str>,
    ) -> Result<Validated, Vec<ServerError>> {
        let mut judged = document.clone();
        self.types.allow_defaults(&mut judged);
        let mut request = async_graphql::Request::new("");
        request.operation_name = operation.map(ToOwned::to_owned);
        request.set_parsed_query(judged);
        let errors = self.validating.execute(request).await.errors;
        if !errors.is_empty() {
            return Err(errors);
        }
        self.types.check_positions(document)?;
        Ok(Validated(Arc::new(MaybeEmpty::of(document, &self.types))))
    }

    /// Judges the values of a document that was not validated before, and of the variables of the operation that is going to
    /// run, and adds the defaults of those that were not given. Returns the document as it runs with them: without the
    /// arguments and input fields whose variables have no value.
    ///
    /// # Errors
    /// `BadRequest` for each place where a value is not of its type.
    pub fn coerce(
        &self,
        document: &Arc<ExecutableDocument>,
        is_validated: bool,
        operation: Option<&str>,
        variables: &mut Variables,
    ) -> Result<Arc<ExecutableDocument>, Vec<Error>> {
        let Some(operation) = chosen(document, operation) else { return Ok(Arc::clone(document)) };
        let mut wrong = if is_validated { Vec::new() } else { self.types.check_literals(document) };
        wrong.extend(self.types.check_variables(operation, document, variables));
        if wrong.is_empty() { Ok(settle(document, operation, variables)) } else { Err(wrong) }
    }

    /// A request for the schema. Its response must be completed.
    #[must_use]
    pub fn request(
        &self,
        document: &ExecutableDocument,
        validated: &Validated,
        operation: Option<&str>,
        variables: Variables,
    ) -> async_graphql::Request {
        let mut request = async_graphql::Request::new("").variables(variables);
        request.operation_name = operation.map(ToOwned::to_owned);
        let mut document = document.clone();
        validated.0.fill(&mut document);
        request.set_parsed_query(document);
        request
    }

    /// Makes the schema's response to such a request what the specification says: null where it may stand, fields in their
    /// order, and objects without fields.
    pub fn complete(
        &self,
        response: &mut Response,
        document: &ExecutableDocument,
        validated: &Validated,
        operation: Option<&str>,
    ) {
        let Response { data, errors, .. } = response;
        if matches!(data, Value::Null) && errors.is_empty() {
            *data = Value::Object(IndexMap::new());
        }
        validated.0.clear(data);
        let Some(operation) = chosen(document, operation) else { return };
        if !errors.is_empty() {
            propagate(data, errors, operation, document, &self.types);
        }
        order(data, operation, document);
    }
}

/// Ends a request as soon as its document was validated.
struct ValidationOnly;

impl ExtensionFactory for ValidationOnly {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for ValidationOnly {
    async fn execute(&self, _: &ExtensionContext<'_>, _: Option<&str>, _: NextExecute<'_>) -> Response {
        Response::new(Value::Null)
    }
}
