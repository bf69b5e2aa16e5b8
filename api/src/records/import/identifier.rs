use std::collections::{HashMap, HashSet};

use async_graphql::MaybeUndefined;
use entity::identifier::{ActiveModel, Column, Entity, Model};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, Value};
use uuid::Uuid;

use crate::error::{Fault, FaultCode, FaultParams};
use crate::records::check::{Check, Kind};

/// Identifiers of one record at most.
pub const MAX_IDENTIFIERS: usize = 100;

/// What others know a record by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImportedIdentifier {
    /// Number among the identifiers of the source, from 0, by which messages name it.
    pub number: usize,
    /// Who gives such numbers, as a URI: 1 to 200 characters.
    pub system: Option<String>,
    /// 1 to 200 characters.
    pub value: String,
    /// What kind of number, in the codes of HL7's table 0203: 1 to 50 characters.
    pub type_code: Option<String>,
}

impl ImportedIdentifier {
    /// The first rule that it breaks, if it breaks one; the path begins with the field.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        let mut check = Check::new([] as [&str; 0]);
        check.optional("system", Kind::Plain(200), &Some(self.system.clone()).into());
        check.required("value", Kind::Plain(200), &MaybeUndefined::Value(self.value.clone()));
        check.optional("typeCode", Kind::Plain(50), &Some(self.type_code.clone()).into());
        check.into_faults().into_iter().next()
    }

    /// The same key for the same number of the same owner, wherever it is imported.
    fn key(&self, owner: Uuid) -> Uuid {
        let name = format!("{}|{}", self.system.as_deref().unwrap_or_default(), self.value);
        Uuid::new_v5(&owner, name.as_bytes())
    }
}

/// The rules that identifiers break, under `identifiers`, and the identifiers as they are to be stored, in their order.
pub(super) fn checked(identifiers: Vec<ImportedIdentifier>, check: &mut Check) -> Vec<ImportedIdentifier> {
    if identifiers.len() > MAX_IDENTIFIERS {
        let message = format!("must have at most {MAX_IDENTIFIERS} entries");
        check.fault_with(&["identifiers"], FaultCode::TooMany, message, FaultParams::at_most(MAX_IDENTIFIERS));
        return Vec::new();
    }
    let mut kept = Vec::with_capacity(identifiers.len());
    for identifier in identifiers {
        let number = identifier.number;
        let mut inner = Check::new(["identifiers".to_owned(), number.to_string()]);
        let system = inner.optional("system", Kind::Plain(200), &Some(identifier.system).into());
        let value = inner.required("value", Kind::Plain(200), &MaybeUndefined::Value(identifier.value));
        let type_code = inner.optional("typeCode", Kind::Plain(50), &Some(identifier.type_code).into());
        check.adopt(inner);
        if let (Set(system), Set(value), Set(type_code)) = (system, value, type_code) {
            kept.push(ImportedIdentifier { number, system, value, type_code });
        }
    }
    kept
}

/// The rows to write: those that are new or differ, of those that are the same the first. What the import does not
/// mention stays.
pub(super) fn changed_identifiers(
    told: &[ImportedIdentifier],
    owner_column: Column,
    owner: Uuid,
    tenant: Option<Uuid>,
    present: &HashMap<Uuid, Model>,
) -> Vec<ActiveModel> {
    let mut known = HashSet::new();
    let first = told.iter().filter(|identifier| known.insert((&identifier.system, &identifier.value)));
    let rows = first.filter_map(|identifier| {
        let is_same = |model: &&Model| {
            model.deleted_at.is_none() && model.system == identifier.system && model.value == identifier.value
        };
        let of_owner =
            |model: &&Model| [model.patient_id, model.doctor_id, model.medical_institution_id].contains(&Some(owner));
        // What somebody told here has a key of its own.
        let there = present.values().filter(of_owner).find(is_same);
        let uuid = there.map_or_else(|| identifier.key(owner), |model| model.uuid);
        if present.get(&uuid).is_some_and(|model| model.type_code == identifier.type_code) {
            return None;
        }
        let mut row = ActiveModel {
            uuid: Set(uuid),
            patient_id: Set(None),
            doctor_id: Set(None),
            medical_institution_id: Set(None),
            system: Set(identifier.system.clone()),
            value: Set(identifier.value.clone()),
            type_code: Set(identifier.type_code.clone()),
            institution_id: Set(tenant),
            version: NotSet,
            created_at: NotSet,
            updated_at: NotSet,
            deleted_at: NotSet,
        };
        row.set(owner_column, Value::from(Some(owner)));
        Some(row)
    });
    rows.collect()
}

/// Writes identifiers, but for those whose key is another record's; how many were written.
pub(super) async fn write_identifiers(
    tx: &impl ConnectionTrait,
    owner: Column,
    rows: &[ActiveModel],
) -> Result<u64, DbErr> {
    let conflict = OnConflict::column(Column::Uuid)
        .update_columns([Column::TypeCode, Column::InstitutionId])
        .action_and_where(Expr::col((Entity, owner)).eq(Expr::col((Alias::new("excluded"), owner))))
        .to_owned();
    Entity::insert_many(rows.iter().cloned()).on_conflict(conflict).exec_without_returning(tx).await
}

/// The fault of an identifier whose key is another record's.
pub(super) fn foreign_identifier() -> Fault {
    let message = "an identifier with this key belongs to another record";
    Fault::new(FaultCode::NotUnique, ["input".to_owned(), "uuid".to_owned()], message)
}

/// What the database has against an identifier, as a fault of the record that was told with it.
pub(super) fn blamed(fault: Fault, row: &ActiveModel, told: &[ImportedIdentifier]) -> Fault {
    let is_it = |identifier: &ImportedIdentifier| {
        row.system.try_as_ref() == Some(&identifier.system) && row.value.try_as_ref() == Some(&identifier.value)
    };
    let number = told.iter().find(|identifier| is_it(identifier)).map(|identifier| identifier.number.to_string());
    // The path begins with the input of a mutation.
    let field = fault.path.into_iter().skip(1);
    Fault { path: std::iter::once("identifiers".to_owned()).chain(number).chain(field).collect(), ..fault }
}
