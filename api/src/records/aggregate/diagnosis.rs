//! Faults of new records, found before any of them is written.

use std::collections::{HashMap, HashSet};

use sea_orm::{ColumnTrait, ConnectionTrait};
use uuid::Uuid;

use crate::database::Transaction;
use crate::error::{Fault, FaultCode, Result};
use crate::records::collection::{is_patient, query_of};
use crate::records::disclosure::{Owner, ask_new, owners};
use crate::records::row::Plan;
use crate::scope::Scope;

use super::{Aggregate, New};

/// Judges the keys of new records. No two items have the same: the later one is to blame. Keys that are made of names
/// (UUID version 5, RFC 9562, section 5.5) are for imports: whoever knows the name could take the key of a record that an
/// import is going to make.
pub(in crate::records) fn check_keys<A: Aggregate>(items: &mut [New<A>]) {
    let mut keys = HashSet::new();
    for item in items {
        if item.uuid.get_version_num() == 5 {
            let message = "must not be a UUID of version 5, which is for imports; leave it out, or take version 4 or 7";
            item.check.fault(&["uuid"], FaultCode::InvalidFormat, message);
        }
        if !keys.insert(item.uuid) {
            item.check.fault(&["uuid"], FaultCode::NotUnique, "another item has this key");
        }
    }
}

/// Everything that is wrong with new records, what only the database knows included.
pub(in crate::records) async fn diagnose<A: Aggregate>(
    items: &[New<A>],
    scope: &Scope,
    tx: &Transaction,
) -> Result<Vec<Fault>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let taken = taken::<A>(items, scope, tx).await?;
    let mut faults = Vec::new();
    for item in items {
        let mut check = item.check.clone();
        if taken.contains_key(&item.uuid) {
            check.fault(&["uuid"], FaultCode::NotUnique, "a record with this key exists already");
        }
        A::check_others(&item.row, item.uuid, &mut check, scope, tx).await?;
        faults.extend(check.into_faults());
    }
    ask_new::<A>(tx, scope, items, &taken, &faults);
    Ok(faults)
}

/// The keys of new records that others have already, and the patients whom those are about. Of records beyond the caller's
/// boundary nothing is told: on PostgreSQL the row policies hide them, on SQLite this does.
async fn taken<A: Aggregate>(items: &[New<A>], scope: &Scope, tx: &Transaction) -> Result<HashMap<Uuid, Vec<Owner>>> {
    let among = A::within(scope).add(A::key().is_in(items.iter().map(|item| item.uuid)));
    let columns: Vec<_> = [A::key()].into_iter().chain(A::patient()).chain(A::institution()).collect();
    let plan = Plan::<A::Entity>::new(&columns);
    let mut taken = HashMap::new();
    for result in tx.query_all(&query_of::<A>(&plan, among)).await? {
        let row = plan.read(&result, 0)?;
        // By what belongs to a patient out of reach nobody is named.
        let is_named = |(patient, institution): &Owner| {
            let is_within = institution.is_none_or(|institution| scope.reaches(institution));
            is_patient::<A>() || is_within && scope.patient.is_none_or(|own| own == *patient)
        };
        taken.insert(A::key_of(&row)?, owners::<A>(&row).filter(is_named).collect());
    }
    Ok(taken)
}
