use crate::clock::Clock;
use crate::database::Cluster;
use crate::error::Result;
use crate::records::import::{How, Importer, Outcome, Text};
use crate::scope::Scope;

use super::{MAX_MEMORY, Options, Report, Source, Sources, import};

/// Imports FHIR R4 that is at hand as a whole, as from a request.
#[derive(Clone, Copy, Debug)]
pub struct Fhir;

#[derive(Default)]
struct Outcomes(Vec<Outcome>);

impl Report for Outcomes {
    fn outcome(&mut self, outcome: Outcome) {
        self.0.push(outcome);
    }
}

#[async_trait::async_trait]
impl Importer for Fhir {
    async fn import(
        &self,
        scope: &Scope,
        cluster: &Cluster,
        clock: &dyn Clock,
        text: Text,
        base: &str,
        how: How,
    ) -> Result<Vec<Outcome>> {
        let source = match text {
            Text::Lines(text) => Source::ndjson(text),
            Text::Document(json) => Source::document(json),
        };
        let options = Options { how, base: base.to_owned(), memory: MAX_MEMORY };
        let mut outcomes = Outcomes::default();
        import(scope, cluster, clock, Sources::one(source), options, &mut outcomes).await?;
        outcomes.0.sort_by_key(|outcome| (outcome.line, outcome.entry));
        Ok(outcomes.0)
    }
}
