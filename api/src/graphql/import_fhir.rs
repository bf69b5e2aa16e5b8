use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

use crate::error::{Error, FaultCode};
use crate::records::import::{How, Outcome, Shortened, Status, Text};

use super::context::of;
use super::json::Json;
use super::payload::{UserError, outcome};

/// FHIR R4 to import: either lines or a bundle.
#[derive(Clone, Debug, InputObject)]
struct ImportFhirInput {
    /// Resources as NDJSON: one in each line.
    ndjson: Option<String>,
    /// A bundle (transaction, batch, collection, searchset, document, or a response to the first two), or one resource.
    /// Programs forget how decimals were written: `ndjson` keeps 1.50 as it is.
    bundle: Option<Json>,
    /// Base URL of the FHIR server that the resources come from, where `fullUrl` does not tell: at most 500 characters, such
    /// as `https://example.org/fhir`. Ids that are no UUIDs are told apart by it, and an import changes only what an import
    /// from the same server made.
    base: Option<String>,
    /// Whether only to tell what would be done.
    #[graphql(default)]
    dry_run: bool,
}

/// What became of one resource, or of a part of the input that holds none.
#[derive(Clone, Debug, SimpleObject)]
struct ImportOutcome {
    /// What became of it.
    status: Status,
    /// The resource's type, such as `Patient`; null where it cannot be told.
    resource_type: Option<String>,
    /// The resource's own id, as the input gives it.
    id: Option<String>,
    /// The line of the input, counting from 1; null in a bundle.
    line: Option<u64>,
    /// The entry of the bundle, counting from 1; null outside one.
    entry: Option<u64>,
    /// Where in the resource, such as `Patient.name[0].family`.
    path: Option<String>,
    /// Why it was skipped or failed, or what of it was left out, for people.
    reason: Option<String>,
    /// The elements of an imported resource that records have no place for, such as `reaction.note`, at most 50. What is
    /// neither among them nor told of in the reason was taken.
    no_place_for: Vec<String>,
    /// Names and addresses that are longer than the records' fields, whole. Of each the record has the beginning.
    shortened: Vec<Shortened>,
}

/// What became of an import.
#[derive(Clone, Debug, Default, SimpleObject)]
struct ImportFhirPayload {
    /// What became of each resource, in the order of the input.
    outcomes: Vec<ImportOutcome>,
    /// How many are new.
    created: usize,
    /// How many were here already, with other contents.
    updated: usize,
    /// How many were here already, with the same contents.
    unchanged: usize,
    /// How many are nothing to import.
    skipped: usize,
    /// How many could not be imported.
    failed: usize,
    /// What is wrong with the input as a whole; nothing was imported then.
    user_errors: Vec<UserError>,
}

impl From<Outcome> for ImportOutcome {
    fn from(outcome: Outcome) -> Self {
        let Outcome { status, resource_type, id, file: _, line, entry, path, reason, no_place_for, shortened } =
            outcome;
        Self { status, resource_type, id, line, entry, path, reason, no_place_for, shortened }
    }
}

impl ImportFhirPayload {
    fn of(outcomes: Vec<Outcome>) -> Self {
        let count = |status| outcomes.iter().filter(|outcome| outcome.status == status).count();
        Self {
            created: count(Status::Created),
            updated: count(Status::Updated),
            unchanged: count(Status::Unchanged),
            skipped: count(Status::Skipped),
            failed: count(Status::Failed),
            outcomes: outcomes.into_iter().map(ImportOutcome::from).collect(),
            user_errors: Vec::new(),
        }
    }
}

#[derive(Default)]
pub(super) struct ImportFhirMutation;

#[Object]
impl ImportFhirMutation {
    /// Imports FHIR R4: patients, organisations, practitioners, conditions, medication requests and allergies become records;
    /// the texts of active ones of the last three stand in their patients' registers, too. Each resource is judged by itself:
    /// the others are imported. What of a resource cannot be used is left out, and told in the reason. Importing the same again changes nothing. A resource whose key is that of a record which no
    /// import from the same server made fails, and nothing of it is written.
    async fn import_fhir(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to import.")] input: ImportFhirInput,
    ) -> Result<Option<ImportFhirPayload>> {
        let context = of(ctx);
        let how = if input.dry_run { How::DryRun } else { How::Write };
        let base = input.base.clone().unwrap_or_default();
        let imported = match text(input) {
            Ok(text) => {
                let (scope, cluster, clock) = (&context.scope, &context.cluster, &*context.clock);
                context.known.fhir.import(scope, cluster, clock, text, &base, how).await
            }
            Err(error) => Err(error),
        };
        let (outcomes, user_errors) = outcome(imported)?;
        Ok(Some(ImportFhirPayload { user_errors, ..ImportFhirPayload::of(outcomes.unwrap_or_default()) }))
    }
}

fn text(input: ImportFhirInput) -> crate::error::Result<Text> {
    match (input.ndjson, input.bundle) {
        (Some(lines), None) => Ok(Text::Lines(lines)),
        (None, Some(Json(bundle))) => serde_json::to_vec(&bundle).map(Text::Document).map_err(Error::internal),
        (None, None) => Err(Error::rejected(FaultCode::Required, &["input", "bundle"], "give a bundle, or ndjson")),
        (Some(_), Some(_)) => {
            Err(Error::rejected(FaultCode::InvalidState, &["input", "bundle"], "give a bundle or ndjson, not both"))
        }
    }
}
