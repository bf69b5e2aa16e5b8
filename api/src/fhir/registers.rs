use crate::error::Result;
use crate::records::import::{self, ImportedRegister, Kept, Put, Status, Vocabulary};

use super::judge::{Fate, Results, Verdict};
use super::map::Problem;
use super::run::{Run, verdict};
use super::survey::{Survey, Waiting};

impl Run<'_> {
    /// Writes registers with what belongs to them, and tells what became of them.
    pub(super) async fn write_registers(
        &mut self,
        survey: &Survey,
        known: &Vocabulary,
        mut waiting: Vec<Waiting<ImportedRegister>>,
        results: &mut Results,
    ) -> Result<()> {
        let (scope, cluster, clock, how) = (self.scope, self.cluster, self.clock, self.how);
        for one in &mut waiting {
            survey.complete(&mut one.mapped, results);
        }
        let (whole, broken): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|one| one.mapped.problem.is_none());
        for one in broken {
            results.registers.insert(one.mapped.record.uuid, Fate::Failed);
            self.tell_of(&one, Put::Refused(Vec::new()));
        }
        let records = whole.iter().map(|one| one.mapped.record.clone()).collect();
        let puts = import::registers(scope, cluster, clock, how, records).await?;
        let people = whole.iter().zip(&puts).filter(|(_, put)| put.is_there());
        let people = people.map(|(one, _)| (one.mapped.record.uuid, one.mapped.record.person.clone())).collect();
        let mut kept = import::people(scope, cluster, clock, how, known, people).await?.into_iter();
        for (one, put) in whole.into_iter().zip(puts) {
            results.registers.insert(one.mapped.record.uuid, fate(&put));
            let kept = if put.is_there() { kept.next().unwrap_or_default() } else { Kept::default() };
            let verdict = with_person(verdict(&one.mapped, put), one.mapped.left_out, kept);
            let outcome = self.shared.outcome(one.place, one.about, verdict);
            self.tell(outcome);
        }
        Ok(())
    }
}

fn with_person(mut verdict: Verdict, mut left_out: Vec<Problem>, kept: Kept) -> Verdict {
    if verdict.status == Status::Unchanged && kept.has_changed {
        verdict.status = Status::Updated;
    }
    left_out.extend(kept.left_out.into_iter().map(|(place, reason)| Problem::new(place, reason)));
    verdict.without(&left_out)
}

const fn fate(put: &Put) -> Fate {
    match put {
        Put::Created | Put::Updated(_) | Put::Adopted(_) | Put::Unchanged | Put::Merged => Fate::Written,
        Put::Deleted => Fate::Deleted,
        Put::Conflict(_) | Put::Refused(_) => Fate::Failed,
    }
}
