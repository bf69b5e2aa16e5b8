use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use entity::identifier;
use entity::patient_register::{Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, Order};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::criteria::Named;
use crate::database::Reader;
use crate::error::Result;
use crate::records::collection::visible;
use crate::records::disclosure::{Asked, MAX_MATCHED, Owner, named, names, owners};
use crate::records::{Collection, Deleted, Joins, Loaded, Row, find_many, missed};
use crate::scope::{Boundary, Scope};

use super::PatientRegisters;
use super::likeness::{Likeness, Traits, last_digits};

/// Registers that are reported at most, the likest first.
pub const MAX_DUPLICATES: usize = 20;
/// Registers of one date of birth that are compared at most; those of the same last name come first.
const MAX_OF_ONE_DAY: u64 = 1000;
/// Registers of one phone number, or of one identifier, that are compared at most.
const MAX_OTHERS: u64 = 200;

/// A register that may be the same patient's.
#[derive(Clone, Debug)]
pub struct LikelyDuplicate {
    /// The register.
    pub row: Row<Entity>,
    /// How alike it is.
    pub likeness: Likeness,
}

type Candidate = (Uuid, Option<String>, Option<String>, Option<NaiveDate>, Option<String>, Option<String>);
type Number = (Option<String>, String);

/// The registers within the caller's boundary that may be the same patient's as this one, the likest first; none when there
/// is no such register. Of those reported, these columns are read.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn likely_duplicates(
    scope: &Scope,
    reader: &Reader,
    uuid: Uuid,
    columns: &[Column],
) -> Result<Vec<LikelyDuplicate>> {
    PatientRegisters::permit(scope)?;
    let own = candidates(scope, reader, Column::Uuid.eq(uuid).into(), None, 1).await?;
    let Some(own) = own.into_values().next() else {
        missed::<PatientRegisters>(scope, reader, &[uuid]);
        return Ok(Vec::new());
    };
    let mut others = of_same_day(scope, reader, &own).await?;
    if let Some(digits) = own.phone_number.as_deref().and_then(last_digits) {
        let folded = Expr::col((Entity, "phone_digits_folded".into_iden())).eq(digits);
        others.extend(candidates(scope, reader, Condition::all().add(folded), None, MAX_OTHERS).await?);
    }
    let sharing = sharing_identifier(scope, reader, uuid).await?;
    if !sharing.is_empty() {
        let keys = Column::Uuid.is_in(sharing.iter().copied());
        others.extend(candidates(scope, reader, keys.into(), None, MAX_OTHERS).await?);
    }
    others.remove(&uuid);
    let alike = others
        .into_iter()
        .filter_map(|(key, traits)| Some((key, Likeness::of(&own, &traits, sharing.contains(&key))?)))
        .collect();
    let reported = shown(scope, reader, alike, columns).await?;
    record(scope, reader, uuid, &reported).await?;
    Ok(reported)
}

/// Puts the comparison on record: that registers are alike tells of both, and that none is tells of the one.
async fn record(scope: &Scope, reader: &Reader, uuid: Uuid, reported: &[LikelyDuplicate]) -> Result<()> {
    if !reader.is_witnessed() {
        return Ok(());
    }
    let known: Vec<Owner> = reported.iter().flat_map(|one| owners::<PatientRegisters>(&one.row)).collect();
    let fields = names::<PatientRegisters>(COMPARED).chain(SHARED.map(Into::into));
    let asked = Asked {
        resource: PatientRegisters::NAME.into(),
        key: Some(uuid),
        fields: fields.collect(),
        operators: vec!["uuid.equal".into()],
        matched: Some(reported.len() as u64),
        named: named(scope, reader, &Named { patients: vec![uuid], records: Vec::new() }, &known).await?,
        known: (reported.len() as u64 <= MAX_MATCHED).then_some(known),
        arguments: serde_json::json!({ "of": uuid }).to_string(),
    };
    asked.deeds(scope).into_iter().for_each(|deed| reader.ask(deed));
    Ok(())
}

async fn of_same_day(scope: &Scope, reader: &Reader, own: &Traits) -> Result<BTreeMap<Uuid, Traits>> {
    let Some(day) = own.date_of_birth else { return Ok(BTreeMap::new()) };
    let first = own.last_name.as_deref().map(|name| Expr::col((Entity, Column::LastName)).ne(name));
    candidates(scope, reader, Column::DateOfBirth.eq(day).into(), first, MAX_OF_ONE_DAY).await
}

/// Reads what is compared of registers within the boundary. The registers that are reported are on record as shown; of the
/// others the fields are, that were compared.
async fn candidates(
    scope: &Scope,
    reader: &Reader,
    condition: Condition,
    first: Option<Expr>,
    limit: u64,
) -> Result<BTreeMap<Uuid, Traits>> {
    let mut query = Entity::find().select_only().columns(READ);
    if let Some(first) = first {
        query = query.order_by(first, Order::Asc);
    }
    let found: Vec<Candidate> = query
        .filter(visible::<PatientRegisters>(scope, Deleted::Excluded))
        .filter(Column::MergedInto.is_null())
        .filter(condition)
        .order_by_asc(Column::Uuid)
        .limit(limit)
        .into_tuple()
        .all(reader)
        .await?;
    let traits = |(uuid, first_name, last_name, date_of_birth, phone_number, email): Candidate| {
        (uuid, Traits { first_name, last_name, date_of_birth, phone_number, email })
    };
    Ok(found.into_iter().map(traits).collect())
}

/// Columns that are read to compare registers.
const READ: [Column; 6] =
    [Column::Uuid, Column::FirstName, Column::LastName, Column::DateOfBirth, Column::PhoneNumberFolded, Column::Email];

/// The same as clients know them.
const COMPARED: [Column; 6] =
    [Column::Uuid, Column::FirstName, Column::LastName, Column::DateOfBirth, Column::PhoneNumber, Column::Email];

/// Columns of identifiers that are compared.
const SHARED: [&str; 2] = ["identifiers.system", "identifiers.value"];

/// The other patients to whom an issuer gave the same number. A number of an issuer that nobody named says nothing.
async fn sharing_identifier(scope: &Scope, reader: &Reader, uuid: Uuid) -> Result<HashSet<Uuid>> {
    use identifier::{Column, Entity};
    let within = match scope.boundary {
        Boundary::One(institution) => Condition::all().add(Column::InstitutionId.eq(institution.0)),
        Boundary::All => Condition::all(),
    };
    let own: Vec<Number> = Entity::find()
        .select_only()
        .columns([Column::System, Column::Value])
        .filter(within.clone())
        .filter(Column::PatientId.eq(uuid))
        .filter(Column::System.is_not_null())
        .limit(MAX_OTHERS)
        .into_tuple()
        .all(reader)
        .await?;
    if own.is_empty() {
        return Ok(HashSet::new());
    }
    let same: Vec<(Uuid, Option<String>, String)> = Entity::find()
        .select_only()
        .columns([Column::PatientId, Column::System, Column::Value])
        .filter(within)
        .filter(Column::Value.is_in(own.iter().map(|(_, value)| value.as_str())))
        .filter(Column::PatientId.is_not_null())
        .filter(Column::PatientId.ne(uuid))
        .order_by_asc(Column::PatientId)
        .limit(MAX_OTHERS)
        .into_tuple()
        .all(reader)
        .await?;
    let is_own = |system: &Option<String>, value: &String| {
        own.iter().any(|(own_system, own_value)| own_system == system && own_value == value)
    };
    Ok(same.into_iter().filter(|(_, system, value)| is_own(system, value)).map(|(patient, ..)| patient).collect())
}

/// The registers to report. That they agree with another tells what was compared, so that is on record of them too.
async fn shown(
    scope: &Scope,
    reader: &Reader,
    mut alike: Vec<(Uuid, Likeness)>,
    columns: &[Column],
) -> Result<Vec<LikelyDuplicate>> {
    alike.sort_by_key(|(key, likeness)| (std::cmp::Reverse(likeness.score), *key));
    alike.truncate(MAX_DUPLICATES);
    if alike.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<Uuid> = alike.iter().map(|(key, _)| *key).collect();
    let columns: Vec<Column> = columns.iter().copied().chain(COMPARED).collect();
    let mut rows: BTreeMap<Uuid, Row<Entity>> = BTreeMap::new();
    for row in find_many::<PatientRegisters>(scope, reader, &keys, &columns, &Joins::new()).await? {
        rows.insert(*row.uuid.loaded()?, row);
    }
    let report = |(key, likeness)| Some(LikelyDuplicate { row: rows.remove(&key)?, likeness });
    Ok(alike.into_iter().filter_map(report).collect())
}
