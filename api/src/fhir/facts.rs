use std::collections::HashMap;

use uuid::Uuid;

use crate::error::Result;
use crate::records::import::{self, ImportSource, Put, Status};

use super::judge::{Ready, Verdict, Withdrawal};
use super::map::{Coded, Mapped};
use super::run::Run;

impl Run<'_> {
    /// Writes records, all of one kind, and tells what became of them.
    pub(super) async fn write_facts(&mut self, facts: Vec<Ready>) -> Result<()> {
        let (scope, cluster, clock, how) = (self.scope, self.cluster, self.clock, self.how);
        let (mut allergies, mut conditions, mut medications) = (Vec::new(), Vec::new(), Vec::new());
        for fact in &facts {
            match &fact.record {
                Coded::Allergy(mapped) => allergies.push(mapped.record.clone()),
                Coded::Condition(mapped) => conditions.push(mapped.record.clone()),
                Coded::Medication(mapped) => medications.push(mapped.record.clone()),
            }
        }
        let puts = if !allergies.is_empty() {
            import::allergies(scope, cluster, clock, how, allergies).await?
        } else if !conditions.is_empty() {
            import::conditions(scope, cluster, clock, how, conditions).await?
        } else {
            import::medications(scope, cluster, clock, how, medications).await?
        };
        let written = facts.iter().zip(&puts).filter(|(fact, put)| fact.is_of_known && put.is_there());
        let written: HashMap<Uuid, ImportSource> = written.map(|(fact, _)| fact.record.own()).collect();
        let kind = facts.first().map(|fact| fact.record.kind());
        if let Some(kind) = kind {
            import::relist(scope, cluster, how, kind, &written).await?;
        }
        for (fact, put) in facts.into_iter().zip(puts) {
            let verdict = match &fact.record {
                Coded::Allergy(mapped) => verdict(mapped, put),
                Coded::Condition(mapped) => verdict(mapped, put),
                Coded::Medication(mapped) => verdict(mapped, put),
            };
            let outcome = self.shared.outcome(fact.place, fact.about, verdict.without(&fact.left_out));
            self.tell(outcome);
        }
        Ok(())
    }

    /// Removes records, all of one kind, that were wrong, and tells which of them were there.
    pub(super) async fn withdraw(&mut self, withdrawals: Vec<Withdrawal>) -> Result<()> {
        let Some(fact) = withdrawals.first().map(|first| first.list.kind()) else { return Ok(()) };
        let wrong: Vec<(Uuid, ImportSource)> =
            withdrawals.iter().map(|withdrawal| (withdrawal.key, withdrawal.source.clone())).collect();
        let results = import::withdraw(self.scope, self.cluster, self.clock, self.how, fact, &wrong).await?;
        let gone = withdrawals.iter().zip(&results);
        let gone = gone.filter(|(told, result)| told.is_of_known && **result == import::Withdrawal::Removed);
        let gone = gone.map(|(told, _)| (told.key, told.source.clone())).collect();
        import::relist(self.scope, self.cluster, self.how, fact, &gone).await?;
        for (withdrawal, result) in withdrawals.into_iter().zip(results) {
            let Withdrawal { place, mut about, reason, .. } = withdrawal;
            // Nothing of it is taken, so nothing is left out.
            about.no_place_for.clear();
            let verdict = match result {
                import::Withdrawal::Absent => Verdict::skipped(reason),
                import::Withdrawal::Removed => {
                    let reason = Some(format!("{reason}: its record was removed here"));
                    Verdict { reason, ..Verdict::plain(Status::Updated) }
                }
                import::Withdrawal::Conflict(conflict) => Verdict::conflict(conflict),
            };
            let outcome = self.shared.outcome(place, about, verdict);
            self.tell(outcome);
        }
        Ok(())
    }
}

fn verdict<T>(mapped: &Mapped<T>, put: Put) -> Verdict {
    match put {
        Put::Created => Verdict::plain(Status::Created),
        Put::Updated(_) => Verdict::plain(Status::Updated),
        Put::Adopted(_) => Verdict::adopted(),
        Put::Unchanged | Put::Merged => Verdict::plain(Status::Unchanged),
        Put::Deleted => Verdict::skipped("was removed here, and stays so"),
        Put::Conflict(conflict) => Verdict::conflict(conflict),
        Put::Refused(faults) => Verdict::problem(mapped.problem(&faults)),
    }
}
