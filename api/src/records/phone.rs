//! The form in which phone numbers are compared, of records that are about to be written: see [`PhoneNumber::key`].

use std::collections::HashMap;

use entity::{country, medical_institution};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, IdenStatic, Iterable, JoinType, ModelTrait, QueryFilter,
    QuerySelect, Value,
};
use uuid::Uuid;

use crate::error::Result;
use crate::phone_number::{PhoneNumber, e164};

use super::aggregate::{ActiveModel, Aggregate, Model};
use super::collection::Column;
use super::import::among;

/// Sets the form in which each row's phone number is compared, where one is told. A number without `+` is one of the
/// country code that is recorded with it, or else of the country of the record's institution. `present` is the record
/// before a change.
///
/// # Errors
/// As any read.
pub(super) async fn complete<A: Aggregate>(
    db: &impl ConnectionTrait,
    present: Option<&Model<A>>,
    rows: Vec<&mut ActiveModel<A>>,
) -> Result<()> {
    let named = |name: &str| Column::<A>::iter().find(|column| column.as_str() == name);
    // A table has one phone number at most: in a column by one of these names.
    let columns =
        ["phone_number", "number"].into_iter().find_map(|name| Some((named(name)?, named(&format!("{name}_folded"))?)));
    let Some((written, folded)) = columns else { return Ok(()) };
    let calling_code = named("country_code");
    let value = |row: &ActiveModel<A>, column| {
        row.get(column).into_value().or_else(|| present.map(|present| present.get(column)))
    };
    let mut national = Vec::new();
    for row in rows {
        if !row.get(written).is_set() && !calling_code.is_some_and(|column| row.get(column).is_set()) {
            continue;
        }
        let number = value(row, written).and_then(text).and_then(|text| PhoneNumber::read(&text).ok());
        let code = calling_code.and_then(|column| value(row, column)).and_then(text);
        let own = number.as_ref().map(|number| number.abroad(code.as_deref()).unwrap_or_else(|| number.key(None)));
        let is_open = own.as_deref().is_some_and(|key| e164(key).is_none());
        row.set(folded, Value::String(own));
        if let Some(number) = number.filter(|number| is_open && !number.is_international()) {
            let of_institution = A::institution().and_then(|column| value(row, column)).and_then(|value| key(&value));
            let of_country = named("country_id").and_then(|column| value(row, column)).and_then(|value| key(&value));
            national.push((row, number, of_country, of_institution));
        }
    }
    if national.is_empty() {
        return Ok(());
    }
    let known = countries(db, national.iter().filter_map(|(.., institution)| *institution).collect()).await?;
    let own = codes(db, national.iter().filter_map(|(_, _, country, _)| *country).collect()).await?;
    for (row, number, of_country, of_institution) in national {
        let country = of_country.and_then(|key| own.get(&key)).or_else(|| known.get(&of_institution?));
        if let Some(country) = country {
            row.set(folded, Value::String(Some(number.key(Some(country)))));
        }
    }
    Ok(())
}

/// Codes of the countries of these institutions, by ISO 3166-1.
async fn countries(db: &impl ConnectionTrait, mut institutions: Vec<Uuid>) -> Result<HashMap<Uuid, String>> {
    use medical_institution::Column::{CountryId, Uuid as Key};
    distinct(&mut institutions);
    if institutions.is_empty() {
        return Ok(HashMap::new());
    }
    let country = medical_institution::Entity::belongs_to(country::Entity).from(CountryId).to(country::Column::Uuid);
    let query = medical_institution::Entity::find()
        .select_only()
        .column(Key)
        .column(country::Column::Alpha2)
        .join(JoinType::InnerJoin, country.into())
        .filter(among(db, Key, institutions));
    Ok(query.into_tuple::<(Uuid, String)>().all(db).await?.into_iter().collect())
}

/// Codes of these countries, by ISO 3166-1.
async fn codes(db: &impl ConnectionTrait, mut countries: Vec<Uuid>) -> Result<HashMap<Uuid, String>> {
    use country::Column::{Alpha2, Uuid as Key};
    distinct(&mut countries);
    if countries.is_empty() {
        return Ok(HashMap::new());
    }
    let query = country::Entity::find().select_only().columns([Key, Alpha2]).filter(among(db, Key, countries));
    Ok(query.into_tuple::<(Uuid, String)>().all(db).await?.into_iter().collect())
}

fn distinct(keys: &mut Vec<Uuid>) {
    keys.sort_unstable();
    keys.dedup();
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => text,
        _ => None,
    }
}

fn key(value: &Value) -> Option<Uuid> {
    match value {
        Value::Uuid(key) => *key,
        _ => None,
    }
}
