//! Audit events of imports.

use entity::identifier;
use sea_orm::{EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::database::{Cluster, Consistency, Transaction};
use crate::deed::{Action, Deed, Outcome};
use crate::error::Result;
use crate::records::aggregate::Model;
use crate::records::disclosure;
use crate::scope::Scope;

use super::Put;
use super::plan::Plan;
use super::put::{Import, Item, among};

/// Notes what is done to a record, or to its identifiers where it stays as it is. An adoption is noted by itself: it decides
/// which imports may change the record from now on.
pub(super) fn note<A: Import>(tx: &Transaction, item: &Item<A>, plan: &Plan<A>, present: Option<&Model<A>>) {
    if let (Put::Adopted(_), Some(model)) = (&plan.put, present) {
        let adopted = disclosure::compared::<A>(model, &item.row);
        let adopted =
            adopted.map(|deed| Deed { action: Action::Update, fields: ["import_origin".into()].into(), ..deed });
        if let Some(deed) = adopted {
            tx.note(deed);
        }
    }
    if let Some(row) = &plan.row {
        let changed = match &plan.put {
            Put::Updated(changed) | Put::Adopted(changed) => Some(changed.as_slice()),
            _ => None,
        };
        let version = present.map_or(1, |model| A::version(model) + 1);
        return tx.note(disclosure::put::<A>(row, version, changed));
    }
    for identifier in &plan.identifiers {
        tx.note(Deed {
            key: identifier.uuid.try_as_ref().copied(),
            patients: identifier.patient_id.try_as_ref().copied().flatten().into_iter().collect(),
            institution: identifier.institution_id.try_as_ref().copied().flatten(),
            fields: ["value".into()].into(),
            ..Deed::new(Action::Update, "Identifier")
        });
    }
}

/// Puts on record what the refusal of one record tells: that it is here, and whose the identifiers are that stand in its way.
pub(super) async fn record_refusal<A: Import>(
    scope: &Scope,
    cluster: &Cluster,
    item: &Item<A>,
    present: Option<&Model<A>>,
    blamed: &[identifier::ActiveModel],
) -> Result<()> {
    let keys: Vec<Uuid> = blamed.iter().filter_map(|row| row.uuid.try_as_ref().copied()).collect();
    let reader = cluster.read(scope, Consistency::Strong);
    let query = identifier::Entity::find().filter(among(&reader, identifier::Column::Uuid, keys));
    let others = if blamed.is_empty() { Vec::new() } else { query.all(&reader).await? };
    let of_another = |row: identifier::Model| Deed {
        patients: row.patient_id.into_iter().collect(),
        institution: row.institution_id,
        fields: ["uuid".into()].into(),
        ..Deed::new(Action::Read, "Identifier").on(row.uuid)
    };
    let own = present.and_then(|model| disclosure::compared::<A>(model, &item.row));
    let deeds = own.into_iter().chain(others.into_iter().map(of_another));
    cluster.record(scope, deeds.map(|deed| (deed, Outcome::Succeeded)).collect()).await
}
