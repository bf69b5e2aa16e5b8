use std::collections::HashMap;
use std::sync::Arc;

use entity::import_origin::{self, Column, Entity};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, ModelTrait, QueryFilter, QuerySelect, QueryTrait,
    Value,
};
use uuid::Uuid;

use crate::database::Transaction;
use crate::error::{Error, Fault, FaultCode, Result};
use crate::records::Collection;
use crate::records::aggregate::{ActiveModel, Aggregate, Model};
use crate::records::patient_register::PatientRegisters;

use super::contact::patient_of;
use super::evidence::shares_identifier;
use super::plan::{Here, Plan};
use super::put::{Import, Item, among};

/// Characters of a source at most.
const MAX_LENGTH: usize = 500;

/// FHIR server that imported records come from, by its base URL. It is empty where the input does not name a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ImportSource(Arc<str>);

impl ImportSource {
    /// The server with this base URL.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self(base.into())
    }

    /// The base URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True of a key that may be another server's too: the source has no name, and the key is made of an id that is no UUID.
    #[must_use]
    pub fn is_doubtful(&self, key: Uuid) -> bool {
        self.0.is_empty() && key.get_version_num() == 5
    }

    /// The rule that it breaks: a source is stored with the records, and compared.
    pub(super) fn fault(&self) -> Option<Fault> {
        let is_valid = self.0.chars().count() <= MAX_LENGTH && !self.0.chars().any(char::is_control);
        (!is_valid).then(|| {
            let message = format!("must name its server by at most {MAX_LENGTH} characters and no control characters");
            Fault::new(FaultCode::InvalidFormat, ["fullUrl".to_owned()], message)
        })
    }
}

/// Reason why a record that is here is not an import's to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// No import made it.
    NotImported,
    /// An import from another source made it.
    OtherSource,
    /// It was moved to another institution since.
    Moved,
    /// Its source has no name, and nothing but the id tells that it is the same: it may be another one's.
    Unnamed,
    /// It belongs to another patient.
    OtherPatient,
}

impl Conflict {
    /// The reason, for people.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotImported => {
                "has the key of a record that is here and that no import made; nothing was written. If an import made it before origins were kept, phr import fhir --adopt takes it over"
            }
            Self::OtherSource => {
                "has the key of a record that was imported from another source; nothing was written. Name the server that the input comes from"
            }
            Self::Moved => "its record was moved to another institution here; nothing was written",
            Self::Unnamed => {
                "the input does not name its server, and the record that is here under the same id may be that of another one: its institution, its patient, or name and identifiers differ; nothing was written. Name the server (base)"
            }
            Self::OtherPatient => "has the key of another patient's record",
        }
    }
}

/// The conflict of a record that is told with the one that is here.
pub(super) fn conflict<A: Import>(item: &Item<A>, present: &Model<A>, here: &Here<A>) -> Option<Conflict> {
    let Some(source) = &item.source else {
        // What belongs to a patient who was found to be the import's needs no origin of its own.
        let owner = A::patient().and_then(|column| key_in(&present.get(column)));
        return (owner != patient_of(item)).then_some(Conflict::OtherPatient);
    };
    conflict_with::<A>(present, source, here.origins.get(&item.uuid))
        .or_else(|| (source.is_doubtful(item.uuid) && !is_evident(item, present, here)).then_some(Conflict::Unnamed))
}

/// True where a record that is told is evidently the one that is here, and not another one under the same key.
pub(super) fn is_evident<A: Import>(item: &Item<A>, present: &Model<A>, here: &Here<A>) -> bool {
    let told = institution_told::<A>(&item.row);
    if told.is_some() && told != institution_of::<A>(present) {
        return false;
    }
    match A::patient().filter(|column| item.row.get(*column).into_value().is_some()) {
        // What is known of a patient is of that patient.
        Some(column) if A::NAME != PatientRegisters::NAME => key_in(&present.get(column)) == patient_of(item),
        _ => shares_identifier(item, here) || A::is_evident(present, &item.row),
    }
}

/// The conflict of a record that is here with a source that calls it its own.
pub(super) fn conflict_with<A: Aggregate>(
    present: &Model<A>,
    source: &ImportSource,
    origin: Option<&import_origin::Model>,
) -> Option<Conflict> {
    match origin {
        None => Some(Conflict::NotImported),
        Some(origin) if origin.source != source.as_str() => Some(Conflict::OtherSource),
        Some(origin) if institution_of::<A>(present) != Some(origin.institution_id) => Some(Conflict::Moved),
        Some(_) => None,
    }
}

/// The origins of records, of those of them that have one.
pub(super) async fn origins<C: Collection>(
    db: &impl ConnectionTrait,
    keys: Vec<Uuid>,
) -> Result<HashMap<Uuid, import_origin::Model>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let of_kind = among(db, Column::Uuid, keys).add(Column::Entity.eq(C::NAME));
    let found = Entity::find().filter(of_kind).all(db).await?;
    Ok(found.into_iter().map(|origin| (origin.uuid, origin)).collect())
}

/// Writes the origins of records that are new or adopted, and of those that the import has moved to another institution.
pub(super) async fn record_origins<A: Import>(
    tx: &Transaction,
    items: &[Item<A>],
    plans: &[Plan<A>],
    here: &Here<A>,
) -> Result<()> {
    let mut rows = Vec::new();
    for (item, plan) in items.iter().zip(plans) {
        let Some(source) = item.source.as_ref().filter(|_| !plan.is_idle()) else { continue };
        let before = here.origins.get(&item.uuid).map(|origin| origin.institution_id);
        let told = plan.row.as_ref().and_then(institution_told::<A>).or(before);
        let present = || here.records.get(&item.uuid).and_then(institution_of::<A>);
        let Some(institution) = told.or_else(present) else {
            return Err(Error::internal("an imported record that belongs to no institution"));
        };
        if before == Some(institution) {
            continue;
        }
        if let Some(from) = before.filter(|from| *from != institution) {
            A::move_along(tx, item.uuid, from, institution).await?;
        }
        rows.push(import_origin::ActiveModel {
            uuid: Set(item.uuid),
            entity: Set(A::NAME.to_owned()),
            institution_id: Set(institution),
            source: Set(source.as_str().to_owned()),
            created_at: NotSet,
        });
    }
    if rows.is_empty() {
        return Ok(());
    }
    let conflict = OnConflict::columns([Column::Uuid, Column::Entity])
        .update_columns([Column::InstitutionId, Column::Source])
        .to_owned();
    Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(tx).await?;
    Ok(())
}

/// Records that what belongs to a patient belongs to another institution now, as the patient does, where an import put both.
pub(super) async fn move_dependents<D: Aggregate>(tx: &Transaction, patient: Uuid, from: Uuid, to: Uuid) -> Result<()> {
    let Some(owner) = D::patient() else { return Ok(()) };
    let own = D::Entity::find().select_only().column(D::key()).filter(owner.eq(patient)).into_query();
    let of_patient = Column::Entity.eq(D::NAME).and(Column::InstitutionId.eq(from)).and(Column::Uuid.in_subquery(own));
    let changes = import_origin::ActiveModel { institution_id: Set(to), ..Default::default() };
    Entity::update_many().set(changes).filter(of_patient).exec(tx).await?;
    Ok(())
}

fn institution_of<A: Aggregate>(present: &Model<A>) -> Option<Uuid> {
    A::institution().and_then(|column| key_in(&present.get(column)))
}

/// The institution that a row names; none where it does not tell.
fn institution_told<A: Import>(row: &ActiveModel<A>) -> Option<Uuid> {
    row.get(A::institution()?).into_value().and_then(|value| key_in(&value))
}

fn key_in(value: &Value) -> Option<Uuid> {
    match value {
        Value::Uuid(key) => *key,
        _ => None,
    }
}
