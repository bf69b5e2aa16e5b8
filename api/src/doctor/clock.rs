use uuid::Uuid;

use crate::clock::{Clock, SystemClock};
use crate::database::{Cluster, Consistency};
use crate::pruning_clock;
use crate::scope::Scope;

use super::Finding;

const SUBJECT: &str = "clock";

/// Compares this machine's clock with the database's, and with the last instant at which it was found to be right.
pub(super) async fn examine(cluster: &Cluster, findings: &mut Vec<Finding>) {
    let reader = cluster.read(&Scope::server(Uuid::nil()), Consistency::Eventual);
    findings.push(match pruning_clock::doubt(&reader, SystemClock.now()).await {
        Ok(None) => Finding::ok(SUBJECT, "agrees with the database's"),
        Ok(Some(doubt)) => {
            let advice = "until then no old audit entry and no old change is removed; everything else goes on";
            Finding::error(SUBJECT, doubt.to_string(), advice)
        }
        Err(error) => Finding::error(SUBJECT, error.to_string(), "see the other findings"),
    });
}
